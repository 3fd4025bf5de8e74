// SPDX-License-Identifier: Apache-2.0
// Fuzzes XML as text and what a manifest makes of it.
#include <cstdint>

#include "daylight/format/package/android_manifest.h"
#include "daylight/format/package/xml_text.h"
#include "daylight/program/package/app_modules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes(data, size);
  static_cast<void>(dl::looks_like_xml_text(bytes));
  const auto document = dl::parse_xml_text(bytes, "fuzz");
  if (!document) return 0;
  for (std::size_t i = 0; i < document->elements.size(); ++i) {
    const dl::AxmlElement& element = document->elements[i];
    if (element.parent >= static_cast<std::int32_t>(i)) __builtin_trap();
    if ((element.parent < 0) != (element.depth == 0)) __builtin_trap();
  }
  static_cast<void>(dl::read_manifest(*document, nullptr, "fuzz"));
  static_cast<void>(dl::program::read_module(*document));
  return 0;
}
