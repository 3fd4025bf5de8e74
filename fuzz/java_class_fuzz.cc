// SPDX-License-Identifier: Apache-2.0
// Fuzzes Java class files: whatever is given out lies inside the bytes.
#include <cstdint>

#include "daylight/format/code/java_class.h"

namespace {

void inside(std::string_view text, const std::uint8_t* data, std::size_t size) {
  if (text.empty()) return;
  const auto* first = reinterpret_cast<const std::uint8_t*>(text.data());
  if (first < data || first + text.size() > data + size) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = dl::parse_java_class({data, size}, "fuzz");
  if (!read) return 0;
  inside(read->name, data, size);
  for (const auto& each : read->classes) inside(each, data, size);
  for (const auto& each : read->strings) inside(each, data, size);
  for (const auto& each : read->methods) inside(each.descriptor, data, size);
  for (const auto& each : read->method_references) inside(each.owner, data, size);
  return 0;
}
