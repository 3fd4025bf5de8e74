// SPDX-License-Identifier: Apache-2.0
// Writes the coremldata.bin files of a compiled Core ML model.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace dl::testing {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string counted(std::string_view text) {
  return little_endian(text.size(), 8) + std::string(text);
}

// `kind`: the number of the model's kind; `description`: a ModelDescription that is written
// already.
inline std::string coreml_data(std::uint32_t kind, std::uint32_t version,
                               std::string_view description, std::string_view target = "generic") {
  return little_endian(kind, 4) + little_endian(version, 4) + std::string(20, '\0') +
         counted(target) + little_endian(version, 4) + std::string(28, '\0') +
         counted(description) + little_endian(kind, 4) + std::string(12, '\0');
}

// One section of analytics/coremldata.bin.
inline std::string coreml_notes(
    std::string_view section,
    std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string out = counted(section) + little_endian(pairs.size(), 8);
  for (const auto& [key, value] : pairs) out += counted(key) + counted(value);
  return out;
}

}  // namespace dl::testing
