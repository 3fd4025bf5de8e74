// SPDX-License-Identifier: Apache-2.0
// Fuzzes the archive reader: directory, recovery, and the content of the first entries.
#include <cstdint>

#include "daylight/format/archive/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto archive = dl::ZipArchive::open({data, size}, "fuzz.zip");
  if (!archive) return 0;
  std::uint64_t sum = archive->gaps().list().size();
  std::size_t left = 64;
  for (const dl::ZipEntry& entry : archive->entries()) {
    if (left-- == 0) break;
    const auto content = archive->read(entry, {.limit = 1 << 20});
    if (!content) continue;
    for (const std::uint8_t byte : content->bytes()) sum += byte;
    if (archive->find(entry.name) == nullptr) __builtin_trap();
  }
  return sum == ~std::uint64_t{0} ? 1 : 0;
}
