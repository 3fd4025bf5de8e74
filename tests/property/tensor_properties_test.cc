// SPDX-License-Identifier: Apache-2.0
// Steps on tensors: what is quantised comes back within half a step, what adds up to one does so,
// and a block computes what single elements compute.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "daylight/replay/image_ops.h"
#include "daylight/replay/tensor_ops.h"

namespace dl {
namespace {

Tensor tensor_of(const std::vector<float>& values) {
  Tensor tensor;
  tensor.reshape(ElementType::kFloat32, {1, static_cast<std::int64_t>(values.size())});
  if (!values.empty())
    std::memcpy(tensor.bytes.data(), values.data(), values.size() * sizeof(float));
  return tensor;
}

std::vector<float> drawn_floats(int most) {
  const auto value = rc::gen::map(rc::gen::inRange(-1024 * most, 1024 * most),
                                  [](int x) { return static_cast<float>(x) / 1024.0F; });
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(value));
}

RC_GTEST_PROP(Quantize, ComesBackWithinHalfAStep, ()) {
  const std::vector<float> values = drawn_floats(100);
  const float scale = *rc::gen::element(0.0078125F, 0.05F, 1.0F, 3.0F);
  const auto type = *rc::gen::element(ElementType::kInt8, ElementType::kUint8, ElementType::kInt16);
  const int zero =
      type == ElementType::kUint8 ? *rc::gen::inRange(0, 256) : *rc::gen::inRange(-128, 128);
  const double low = type == ElementType::kUint8 ? 0 : type == ElementType::kInt8 ? -128 : -32768;
  const double high = type == ElementType::kUint8 ? 255 : type == ElementType::kInt8 ? 127 : 32767;
  Tensor stored;
  Tensor back;
  quantize_tensor(tensor_of(values), scale, zero, type, QuantizeRounding::kNearest, stored);
  dequantize_tensor(stored, scale, zero, back);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double kept = element_at(stored, i);
    RC_ASSERT(kept == std::trunc(kept) && low <= kept && kept <= high);
    // Where the type ends, the nearest end is stored.
    const double ideal = double{values[i]} / double{scale} + zero;
    const double target = (std::clamp(ideal, low, high) - zero) * double{scale};
    RC_ASSERT(std::abs(element_at(back, i) - target) <= 0.5001 * double{scale} + 1e-3);
  }
  // What is stored is a fixed point.
  Tensor again;
  quantize_tensor(back, scale, zero, type, QuantizeRounding::kNearest, again);
  RC_ASSERT(again.bytes == stored.bytes);
}

RC_GTEST_PROP(Cast, ClampsAndCutsAndNeverOverflows, ()) {
  const auto any = rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](std::uint32_t bits) {
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  });
  const auto values = *rc::gen::container<std::vector<float>>(any);
  Tensor cast;
  cast_tensor(tensor_of(values), ElementType::kUint8, cast);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected =
        std::isnan(values[i]) ? 0.0 : std::trunc(std::clamp(double{values[i]}, 0.0, 255.0));
    RC_ASSERT(element_at(cast, i) == expected);
  }
  // Infinities and not-a-number have an answer in every type.
  for (const auto type :
       {ElementType::kInt8, ElementType::kInt16, ElementType::kInt32, ElementType::kInt64})
    cast_tensor(tensor_of(values), type, cast);
}

RC_GTEST_PROP(Softmax, SumsToOneKeepsOrderAndDoesNotSeeAShift, ()) {
  const std::vector<float> values = drawn_floats(60);
  Tensor out;
  softmax_tensor(tensor_of(values), out);
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(element_at(out, i) >= 0.0 && element_at(out, i) <= 1.0);
    sum += element_at(out, i);
    for (std::size_t j = 0; j < values.size(); ++j)
      RC_ASSERT(values[i] > values[j] || element_at(out, i) <= element_at(out, j));
  }
  RC_ASSERT(std::abs(sum - 1.0) < 1e-5);
  std::vector<float> moved = values;
  for (float& value : moved) value += 16.0F;
  Tensor other;
  softmax_tensor(tensor_of(moved), other);
  RC_ASSERT(other.bytes == out.bytes);
}

RC_GTEST_PROP(Sigmoid, MirrorsAtOneHalfAndRises, ()) {
  const float x = drawn_floats(120).front();
  RC_ASSERT(std::abs(sigmoid_of(x) + sigmoid_of(-x) - 1.0F) < 1e-6F);
  RC_ASSERT(sigmoid_of(x) >= 0.0F && sigmoid_of(x) <= 1.0F);
  RC_ASSERT(sigmoid_of(x + 0.5F) >= sigmoid_of(x));
}

RC_GTEST_PROP(Normalize, IsTheSameInBlocksAndOneByOne, ()) {
  const auto bytes =
      *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
  const auto channels = *rc::gen::element<std::size_t>(1, 3, 4, 5);
  std::vector<float> mean;
  std::vector<float> deviation;
  for (std::size_t c = 0; c < channels; ++c) {
    mean.push_back(static_cast<float>(*rc::gen::inRange(0, 512)) / 2.0F);
    deviation.push_back(static_cast<float>(*rc::gen::inRange(1, 512)) / 2.0F);
  }
  Tensor stored;
  stored.reshape(ElementType::kUint8, {static_cast<std::int64_t>(bytes.size())});
  stored.bytes = bytes;
  const std::vector<float> floats(bytes.begin(), bytes.end());
  Tensor from_bytes;
  Tensor from_floats;
  normalize_tensor(stored, mean, deviation, from_bytes);
  normalize_tensor(tensor_of(floats), mean, deviation, from_floats);
  RC_ASSERT(from_bytes.bytes == from_floats.bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const float expected = (floats[i] - mean[i % channels]) / deviation[i % channels];
    RC_ASSERT(from_bytes.data<float>()[i] == expected);
  }
}

RC_GTEST_PROP(ImageToTensor, HoldsEveryPixelInItsPlace, ()) {
  Image image;
  image.reshape(*rc::gen::inRange(1, 9), *rc::gen::inRange(1, 9), 3);
  image.pixels = *rc::gen::container<std::vector<std::uint8_t>>(image.pixels.size(),
                                                                rc::gen::arbitrary<std::uint8_t>());
  const auto order = *rc::gen::element(ChannelOrder::kRgb, ChannelOrder::kBgr);
  Tensor bytes;
  Tensor floats;
  image_to_tensor(image, order, ElementType::kUint8, bytes);
  image_to_tensor(image, order, ElementType::kFloat32, floats);
  RC_ASSERT(bytes.shape == (std::vector<std::int64_t>{1, image.height, image.width, 3}));
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::size_t channel = order == ChannelOrder::kRgb ? i % 3 : 2 - i % 3;
    RC_ASSERT(element_at(bytes, i) == image.pixels[i - i % 3 + channel]);
    RC_ASSERT(element_at(floats, i) == element_at(bytes, i));
  }
}

}  // namespace
}  // namespace dl
