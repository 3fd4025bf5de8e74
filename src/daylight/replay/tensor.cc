// SPDX-License-Identifier: Apache-2.0
// Element types and access to elements of any type.
#include "daylight/replay/tensor.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace dl {
namespace {

struct TypeEntry {
  ElementType type;
  const char* name;
  std::size_t size;
};

// In the order of ElementType.
constexpr std::array kTypes = {
    TypeEntry{ElementType::kFloat32, "float32", 4}, TypeEntry{ElementType::kUint8, "uint8", 1},
    TypeEntry{ElementType::kInt8, "int8", 1},       TypeEntry{ElementType::kInt16, "int16", 2},
    TypeEntry{ElementType::kInt32, "int32", 4},     TypeEntry{ElementType::kInt64, "int64", 8},
    TypeEntry{ElementType::kFloat16, "float16", 2}, TypeEntry{ElementType::kBool, "bool", 1},
};

const TypeEntry& entry_of(ElementType type) { return kTypes.at(static_cast<std::size_t>(type)); }

// IEEE 754 binary16.
float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int mantissa = bits & 0x3ff;
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 0x1f) {
    return mantissa == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

template <typename T>
T element(const Tensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

const char* to_string(ElementType type) { return entry_of(type).name; }

Result<ElementType> element_type_from_string(const std::string& text) {
  for (const TypeEntry& entry : kTypes) {
    if (text == entry.name) return entry.type;
  }
  return fail(ErrorCode::kInvalidArgument, "there is no element type '" + text + "'");
}

std::size_t size_of(ElementType type) { return entry_of(type).size; }

void Tensor::reshape(ElementType new_type, const std::vector<std::int64_t>& new_shape) {
  type = new_type;
  shape = new_shape;
  scale = 0.0F;
  zero_point = 0;
  std::size_t count = 1;
  for (const std::int64_t dimension : shape) {
    assert(dimension >= 0);
    count *= static_cast<std::size_t>(dimension);
  }
  bytes.resize(count * size_of(type));
}

double element_at(const Tensor& tensor, std::size_t index) {
  assert(index < tensor.size());
  switch (tensor.type) {
    case ElementType::kFloat32:
      return element<float>(tensor, index);
    case ElementType::kUint8:
    case ElementType::kBool:
      return element<std::uint8_t>(tensor, index);
    case ElementType::kInt8:
      return element<std::int8_t>(tensor, index);
    case ElementType::kInt16:
      return element<std::int16_t>(tensor, index);
    case ElementType::kInt32:
      return element<std::int32_t>(tensor, index);
    case ElementType::kInt64:
      return static_cast<double>(element<std::int64_t>(tensor, index));
    case ElementType::kFloat16:
      return half_to_float(element<std::uint16_t>(tensor, index));
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string describe_tensor(ElementType type, const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t dimension : shape) {
    if (!text.empty()) text += "x";
    text += std::to_string(dimension);
  }
  return (text.empty() ? std::string("scalar") : text) + " " + to_string(type);
}

}  // namespace dl
