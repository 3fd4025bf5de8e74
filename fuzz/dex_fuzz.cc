// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as DEX and touches everything that can be reached from the tables.
#include <cstdint>
#include <cstdlib>

#include "daylight/format/code/dex.h"

namespace {

// What a reader must keep on any input.
void require(bool condition) {
  if (!condition) std::abort();
}

void walk_code(const dl::DexFile& dex, const dl::DexMethod& method) {
  const auto code = dex.code(method);
  if (!code) return;
  require(code->ins <= code->registers);
  dl::DexInstructionReader reader(*code);
  dl::DexInstruction in;
  std::uint32_t end = 0;
  // Hostile methods may share one long body: the walk is bounded, the reader is not what is slow.
  for (int i = 0; i < 2000 && reader.next(in); ++i) {
    require(in.pc == end && in.size > 0);
    end = in.pc + in.size;
    require(end <= code->units());
    require(in.target == dl::kDexNoPc || in.target < code->units());
    for (std::uint32_t k = 0; k < in.argument_count; ++k) require(in.argument(k) <= 0xffff + 255);
    if ((in.info().flags & dl::kDexSwitch) != 0) (void)dl::dex_switch(*code, in);
    if ((in.info().flags & dl::kDexArrayData) != 0) (void)dl::dex_array_data(*code, in);
    if (i < 50) (void)dl::dex_instruction_text(dex, in);
  }
  for (const dl::DexTry& t : dl::dex_tries(*code)) {
    require(t.start <= t.end && t.end <= code->units());
    for (const dl::DexHandler& handler : t.handlers) require(handler.pc < code->units());
  }
}

void walk(const dl::DexFile& dex) {
  for (std::uint32_t i = 0; i < dex.method_handle_count() && i < 100; ++i)
    (void)dex.method_handle(i);
  for (std::uint32_t i = 0; i < dex.call_site_count() && i < 100; ++i) (void)dex.call_site(i);
  for (std::uint32_t i = 0; i < dex.proto_count(); ++i)
    require(dex.proto(i).parameters.size() <= dl::kMaxDexParameters);
  int budget = 200;
  for (const dl::DexClass& cls : dex.classes()) {
    if (--budget < 0) break;
    require(cls.type < dex.type_count());
    require(cls.methods.size() == cls.direct_methods.size() + cls.virtual_methods.size());
    const auto values = dex.static_values(cls);
    if (values) require(values->size() == cls.static_fields.size());
    (void)dex.class_annotations(cls);
  }
  budget = 200;
  for (const dl::DexMethod& method : dex.defined_methods()) {
    if (--budget < 0) break;
    require(method.method < dex.method_count() && method.class_index < dex.classes().size());
    require(dex.definition(method.method) != nullptr);
    walk_code(dex, method);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = dl::DexFile::open_all({data, size}, "fuzz.dex");
  if (!all) return 0;
  for (const dl::DexFile& dex : *all) walk(dex);
  return 0;
}
