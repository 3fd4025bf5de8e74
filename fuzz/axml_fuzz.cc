// SPDX-License-Identifier: Apache-2.0
// Fuzzes binary XML and what a manifest makes of it.
#include <cstdint>

#include "daylight/format/package/android_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = dl::parse_axml({data, size}, "fuzz.xml");
  if (!document) return 0;
  for (std::size_t i = 0; i < document->elements.size(); ++i) {
    const dl::AxmlElement& element = document->elements[i];
    if (element.parent >= static_cast<std::int32_t>(i)) __builtin_trap();
    if ((element.parent < 0) != (element.depth == 0)) __builtin_trap();
  }
  static_cast<void>(dl::read_manifest(*document, nullptr, "fuzz.xml"));
  return 0;
}
