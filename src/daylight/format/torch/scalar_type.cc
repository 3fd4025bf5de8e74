// SPDX-License-Identifier: Apache-2.0
// The table, by number.
#include "daylight/format/torch/scalar_type.h"

#include <array>
#include <string_view>

namespace dl {

std::string torch_scalar_type_name(std::int8_t type) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "uint8", "int8",  "int16", "int32", "int64", "float16", "float32", "float64",
      "other",  // complex numbers, three sizes
      "other", "other", "bool",  "int8",  "uint8", "int32",   "bfloat16"};
  const auto number = static_cast<std::uint8_t>(type);  // a negative one is too high
  return number < kNames.size() ? std::string(kNames[number]) : "other";
}

}  // namespace dl
