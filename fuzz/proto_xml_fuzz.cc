// SPDX-License-Identifier: Apache-2.0
// Fuzzes manifests and resource tables of app bundles.
#include <cstdint>

#include "daylight/format/package/android_manifest.h"
#include "daylight/format/package/proto_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes(data, size);
  const auto strings = dl::ProtoStrings::parse(bytes, "fuzz");
  if (strings) static_cast<void>(strings->string_of(0x7f010000));
  static_cast<void>(dl::looks_like_proto_xml(bytes));
  auto document = dl::parse_proto_xml(bytes, "fuzz");
  if (!document) return 0;
  for (std::size_t i = 0; i < document->elements.size(); ++i) {
    const dl::AxmlElement& element = document->elements[i];
    if (element.parent >= static_cast<std::int32_t>(i)) __builtin_trap();
    if ((element.parent < 0) != (element.depth == 0)) __builtin_trap();
  }
  if (strings) dl::resolve_strings(*strings, *document);
  static_cast<void>(dl::read_manifest(*document, nullptr, "fuzz"));
  return 0;
}
