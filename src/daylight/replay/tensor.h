// SPDX-License-Identifier: Apache-2.0
// A typed buffer with a shape: what goes into a model and what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

enum class ElementType { kFloat32, kUint8, kInt8, kInt16, kInt32, kInt64, kFloat16, kBool };
const char* to_string(ElementType type);
Result<ElementType> element_type_from_string(const std::string& text);
std::size_t size_of(ElementType type);

// Dense, row-major (pictures: NHWC). `bytes` holds exactly the shape's elements.
struct Tensor {
  ElementType type = ElementType::kFloat32;
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;
  // Affine quantisation, real = scale * (stored - zero_point); scale 0: not quantised.
  float scale = 0.0F;
  std::int32_t zero_point = 0;

  std::size_t size() const { return bytes.size() / size_of(type); }
  // Sets type and shape, makes room and forgets the quantisation; storage is reused, contents are
  // unspecified.
  void reshape(ElementType new_type, const std::vector<std::int64_t>& new_shape);

  // Typed access; T must be the element type's C++ type.
  template <typename T>
  T* data() {
    return reinterpret_cast<T*>(bytes.data());
  }
  template <typename T>
  const T* data() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
};

// Element `index` as it is stored: an app that gets bytes from a quantised model sees the bytes.
double element_at(const Tensor& tensor, std::size_t index);

// "1x200x200x3 float32".
std::string describe_tensor(ElementType type, const std::vector<std::int64_t>& shape);

}  // namespace dl
