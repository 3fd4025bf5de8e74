// SPDX-License-Identifier: Apache-2.0
// What apps do to tensors before and after the model. Arithmetic is in float, as in the apps' Java
// code.
#pragma once

#include <span>

#include "daylight/replay/tensor.h"

namespace dl {

// (x - mean) / std as float32. `mean` and `std` hold one value, or one for each of the last
// dimension. `from` may be of any type; `to` is another object. Results are those of the two float
// operations, whatever the processor.
void normalize_tensor(const Tensor& from, std::span<const float> mean, std::span<const float> std,
                      Tensor& to);

// To another type as TFLite Support's CastOp: fractions are cut, integers clamped to the type's
// range.
void cast_tensor(const Tensor& from, ElementType type, Tensor& to);

enum class QuantizeRounding { kNearest, kCut };
// x / scale + zero_point, rounded (half away from zero) or cut, and clamped to `type`.
void quantize_tensor(const Tensor& from, float scale, std::int32_t zero_point, ElementType type,
                     QuantizeRounding rounding, Tensor& to);

// (x - zero_point) * scale as float32.
void dequantize_tensor(const Tensor& from, float scale, std::int32_t zero_point, Tensor& to);

// exp(x - max) over their sum, over all elements, as float32.
void softmax_tensor(const Tensor& from, Tensor& to);

// 1 / (1 + exp(-x)).
float sigmoid_of(float x);

// Applies `function` (float to float) to every element; `to` is float32 of the same shape.
template <typename Function>
void map_tensor(const Tensor& from, const Function& function, Tensor& to) {
  to.reshape(ElementType::kFloat32, from.shape);
  float* out = to.data<float>();
  const std::size_t count = from.size();
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = function(static_cast<float>(element_at(from, i)));
  }
}

}  // namespace dl
