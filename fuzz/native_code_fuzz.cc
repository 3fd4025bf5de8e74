// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as a native library: its functions, references, graph, tables, and what
// anchors find in it. Then the same bytes as names.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/detect/native/native_hits.h"
#include "daylight/program/native_code/jni_names.h"
#include "daylight/program/native_code/native_code.h"
#include "daylight/program/native_code/native_decode_x86.h"
#include "daylight/program/native_code/native_names.h"

namespace {

using dl::program::FunctionId;
using dl::program::kNoFunction;
using dl::program::kNoNode;
using dl::program::NativeNode;

// What must hold on any input.
void require(bool condition) {
  if (!condition) std::abort();
}

void check_functions(const dl::program::NativeCode& code) {
  std::uint64_t end = 0;
  const auto& functions = code.functions();
  for (FunctionId id = 0; id < functions.size(); ++id) {
    require(functions[id].address >= end && functions[id].size > 0);
    end = functions[id].end();
    require(functions.at(functions[id].address) == id);
    require(functions.holding(end - 1) == id);
  }
  std::uint64_t from = 0;
  for (const auto& reference : code.references().all()) {
    require(reference.from >= from);
    from = reference.from;
  }
}

void check_graph(const dl::program::NativeCode& code) {
  const auto& graph = code.graph();
  std::vector<NativeNode> targets;
  for (NativeNode node = 0; node < graph.node_count() && node < 64; ++node) {
    for (const auto& edge : graph.callers(node))
      require(edge.to == node && edge.from < graph.node_count());
    require(!graph.label(node).empty() || !graph.is_function(node));
    targets.assign(1, node);
    const auto closure = graph.leading_to(targets);
    for (const NativeNode reached : closure.nodes()) {
      std::size_t steps = 0;
      NativeNode at = reached;
      for (; closure.step(at).next != kNoNode; at = closure.step(at).next)
        require(++steps <= graph.node_count());
      require(at == node && steps == closure.step(reached).length);
    }
  }
  for (const auto& row : code.registered_natives())
    require(row.function < code.functions().size() && dl::program::is_jni_signature(row.signature));
}

void check_hits(const dl::program::NativeCode& code) {
  static const dl::NativeHitFinder finder(dl::NativeAnchors::builtin());
  (void)finder.is_of_interest(code.elf());
  dl::GapList gaps;
  for (const dl::NativeHit& hit : finder.find(code, "fuzz.so", gaps)) {
    require(hit.anchor != nullptr && hit.function < code.functions().size());
    if (hit.how == dl::NativeHit::How::kUsesLiteral)
      require(code.functions().holding(hit.at) == hit.function);
  }
}

void check_names(dl::ByteSpan bytes) {
  const std::string text(dl::as_text(bytes));
  (void)dl::program::is_jni_signature(text);
  (void)dl::program::class_name_of_rtti(text);
  (void)dl::program::readable_symbol("_ZN" + text);
  for (const char c : dl::program::jni_long_name(text, text, text))
    require(static_cast<unsigned char>(c) < 0x80);
  const auto instruction = dl::program::decode_x86_64(bytes);
  require(!instruction || (instruction->length > 0 && instruction->length <= bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes(data, size);
  check_names(bytes.first(std::min<std::size_t>(size, 200)));
  const auto elf = dl::ElfFile::parse(bytes, "fuzz.so");
  if (!elf) return 0;
  const auto code = dl::program::NativeCode::read(*elf, "fuzz.so");
  if (!code) return 0;
  check_functions(**code);
  check_graph(**code);
  check_hits(**code);
  return 0;
}
