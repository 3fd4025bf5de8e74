// SPDX-License-Identifier: Apache-2.0
// Fuzzes ELF files: every table, relocations, ranges and look-ups.
#include <cstdint>

#include "daylight/format/code/elf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = dl::ElfFile::parse({data, size}, "fuzz.so");
  if (!file) return 0;
  dl::GapList gaps;
  std::uint64_t sum = file->relocations(&gaps).size();
  for (const dl::ElfSymbol& symbol : file->symbols()) {
    sum += symbol.name.size() + file->string_at(symbol.value).value_or("").size();
  }
  for (const dl::ElfRange& range : file->data_ranges())
    sum += range.bytes.empty() ? 0 : range.bytes.back();
  for (const dl::ElfRange& range : file->code_ranges())
    sum += range.bytes.empty() ? 0 : range.bytes.back();
  for (const dl::ElfNote& note : file->notes()) sum += note.description.size();
  return sum == ~std::uint64_t{0} ? 1 : 0;
}
