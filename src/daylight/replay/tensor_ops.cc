// SPDX-License-Identifier: Apache-2.0
// Elementwise operations on tensors; the two of every picture (normalise, from bytes or floats) run
// on whole blocks.
#include "daylight/replay/tensor_ops.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace dl {
namespace {

// A multiple of 1, 3 and 4 channels and of every vector width: the pattern of means and deviations
// repeats in it.
constexpr std::size_t kBlock = 48;

using Pattern = std::array<float, kBlock>;

Pattern repeat(std::span<const float> values) {
  Pattern pattern;
  for (std::size_t i = 0; i < kBlock; ++i) pattern[i] = values[i % values.size()];
  return pattern;
}

template <typename T>
void normalize_blocks(const T* in, std::size_t count, const Pattern& mean, const Pattern& std,
                      float* out) {
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    for (std::size_t k = 0; k < kBlock; ++k) {
      out[i + k] = (static_cast<float>(in[i + k]) - mean[k]) / std[k];
    }
  }
  for (std::size_t k = 0; i + k < count; ++k) {
    out[i + k] = (static_cast<float>(in[i + k]) - mean[k]) / std[k];
  }
}

std::pair<double, double> range_of(ElementType type) {
  switch (type) {
    case ElementType::kUint8:
      return {0, 255};
    case ElementType::kInt8:
      return {-128, 127};
    case ElementType::kInt16:
      return {-32768, 32767};
    case ElementType::kBool:
      return {0, 1};
    case ElementType::kInt32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    default:
      return {-9.2e18, 9.2e18};
  }
}

template <typename T>
void store(Tensor& to, std::size_t index, double value) {
  to.data<T>()[index] = static_cast<T>(value);
}

// Stores an integral value after clamping; NaN becomes zero, as a cast in Java makes it.
void store_clamped(Tensor& to, std::size_t index, double value) {
  const auto [low, high] = range_of(to.type);
  const double kept = std::isnan(value) ? 0.0 : std::clamp(value, low, high);
  switch (to.type) {
    case ElementType::kUint8:
    case ElementType::kBool:
      return store<std::uint8_t>(to, index, kept);
    case ElementType::kInt8:
      return store<std::int8_t>(to, index, kept);
    case ElementType::kInt16:
      return store<std::int16_t>(to, index, kept);
    case ElementType::kInt32:
      return store<std::int32_t>(to, index, kept);
    case ElementType::kInt64:
      return store<std::int64_t>(to, index, kept);
    case ElementType::kFloat32:
      return store<float>(to, index, value);
    case ElementType::kFloat16:
      assert(false && "nothing is cast to float16");
  }
}

}  // namespace

void normalize_tensor(const Tensor& from, std::span<const float> mean, std::span<const float> std,
                      Tensor& to) {
  assert(&from != &to && !mean.empty() && !std.empty());
  to.reshape(ElementType::kFloat32, from.shape);
  const bool blocks = kBlock % mean.size() == 0 && kBlock % std.size() == 0;
  if (blocks && from.type == ElementType::kFloat32) {
    normalize_blocks(from.data<float>(), from.size(), repeat(mean), repeat(std), to.data<float>());
  } else if (blocks && from.type == ElementType::kUint8) {
    normalize_blocks(from.data<std::uint8_t>(), from.size(), repeat(mean), repeat(std),
                     to.data<float>());
  } else {
    for (std::size_t i = 0; i < from.size(); ++i) {
      to.data<float>()[i] =
          (static_cast<float>(element_at(from, i)) - mean[i % mean.size()]) / std[i % std.size()];
    }
  }
}

void cast_tensor(const Tensor& from, ElementType type, Tensor& to) {
  assert(&from != &to);
  to.reshape(type, from.shape);
  const bool integral = type != ElementType::kFloat32;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double value = element_at(from, i);
    store_clamped(to, i, integral ? std::trunc(value) : value);
  }
}

void quantize_tensor(const Tensor& from, float scale, std::int32_t zero_point, ElementType type,
                     QuantizeRounding rounding, Tensor& to) {
  assert(&from != &to && scale != 0.0F);
  to.reshape(type, from.shape);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const float value =
        static_cast<float>(element_at(from, i)) / scale + static_cast<float>(zero_point);
    const float whole =
        rounding == QuantizeRounding::kNearest ? std::round(value) : std::trunc(value);
    store_clamped(to, i, type == ElementType::kFloat32 ? value : whole);
  }
}

void dequantize_tensor(const Tensor& from, float scale, std::int32_t zero_point, Tensor& to) {
  map_tensor(
      from, [&](float x) { return (x - static_cast<float>(zero_point)) * scale; }, to);
}

void softmax_tensor(const Tensor& from, Tensor& to) {
  float highest = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < from.size(); ++i) {
    highest = std::max(highest, static_cast<float>(element_at(from, i)));
  }
  float total = 0.0F;
  map_tensor(
      from,
      [&](float x) {
        const float power = std::exp(x - highest);
        total += power;
        return power;
      },
      to);
  for (std::size_t i = 0; i < to.size(); ++i) to.data<float>()[i] /= total;
}

float sigmoid_of(float x) { return 1.0F / (1.0F + std::exp(-x)); }

}  // namespace dl
