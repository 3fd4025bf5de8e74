// SPDX-License-Identifier: Apache-2.0
// Fuzzes Mach-O files, thin and fat, and everything that is asked of them.
#include <cstdint>

#include "daylight/format/code/macho.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = dl::MachoFile::parse_all({data, size}, "fuzz");
  if (!files) return 0;
  for (const dl::MachoFile& file : *files) {
    static_cast<void>(file.objc_imported_classes());
    static_cast<void>(file.objc_defined_classes());
    static_cast<void>(file.exported_names());
    for (const dl::MachoSection& section : file.sections())
      static_cast<void>(file.strings_of(section));
    for (const dl::MachoRange& range : file.data_ranges()) {
      if (range.bytes.data() < data || range.bytes.data() + range.bytes.size() > data + size)
        __builtin_trap();
    }
  }
  return 0;
}
