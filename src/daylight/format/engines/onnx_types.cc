// SPDX-License-Identifier: Apache-2.0
// The table, by number.
#include "daylight/format/engines/onnx_types.h"

#include <array>
#include <string_view>

namespace dl {

std::string onnx_type_name(std::int64_t type) {
  static constexpr std::array<std::string_view, 24> kTypes = {"",
                                                              "float32",
                                                              "uint8",
                                                              "int8",
                                                              "uint16",
                                                              "int16",
                                                              "int32",
                                                              "int64",
                                                              "string",
                                                              "bool",
                                                              "float16",
                                                              "float64",
                                                              "uint32",
                                                              "uint64",
                                                              "complex64",
                                                              "complex128",
                                                              "bfloat16",
                                                              "float8e4m3fn",
                                                              "float8e4m3fnuz",
                                                              "float8e5m2",
                                                              "float8e5m2fnuz",
                                                              "uint4",
                                                              "int4",
                                                              "float4e2m1"};
  if (type <= 0) return "";
  return type < static_cast<std::int64_t>(kTypes.size())
             ? std::string(kTypes[static_cast<std::size_t>(type)])
             : "other";
}

}  // namespace dl
