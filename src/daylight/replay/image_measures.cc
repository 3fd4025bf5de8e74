// SPDX-License-Identifier: Apache-2.0
// Measures on brightness; alpha is ignored.
#include "daylight/replay/image_measures.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

// BT.601 in 16-bit fixed point: the weights sum to 65536.
std::vector<std::uint8_t> brightness_of(const Image& image) {
  const auto channels = static_cast<std::size_t>(image.channels);
  std::vector<std::uint8_t> luma(image.pixels.size() / channels);
  const std::uint8_t* pixel = image.pixels.data();
  for (std::uint8_t& value : luma) {
    value = static_cast<std::uint8_t>(
        (19595U * pixel[0] + 38470U * pixel[1] + 7471U * pixel[2] + 32768U) >> 16);
    pixel += channels;
  }
  return luma;
}

}  // namespace

Thumbnail grey_thumbnail(const Image& image) {
  constexpr int kSide = static_cast<int>(kThumbnailSide);
  Image small;
  resize_area(image, kSide, kSide, small);
  const auto luma = brightness_of(small);
  Thumbnail thumbnail{};
  std::copy(luma.begin(), luma.end(), thumbnail.begin());
  return thumbnail;
}

double thumbnail_distance(const Thumbnail& a, const Thumbnail& b) {
  // Whole numbers up to the last line: the same result on every machine. 32 bits hold each sum, and
  // the narrower they are the more the compiler adds at once.
  std::int32_t sum_a = 0;
  std::int32_t sum_b = 0;
  std::int32_t squares_a = 0;
  std::int32_t squares_b = 0;
  std::int32_t products = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum_a += a[i];
    sum_b += b[i];
    squares_a += a[i] * a[i];
    squares_b += b[i] * b[i];
    products += a[i] * b[i];
  }
  // 256 squared times the covariance.
  const auto scaled = [&](std::int64_t product, std::int64_t first, std::int64_t second) {
    return static_cast<double>(static_cast<std::int64_t>(a.size()) * product - first * second);
  };
  const double variance_a = scaled(squares_a, sum_a, sum_a);
  const double variance_b = scaled(squares_b, sum_b, sum_b);
  if (variance_a <= 0 || variance_b <= 0) return 1.0;
  return 1.0 - scaled(products, sum_a, sum_b) / (std::sqrt(variance_a) * std::sqrt(variance_b));
}

double mean_brightness(const Image& image) {
  const auto luma = brightness_of(image);
  std::uint64_t sum = 0;
  for (const std::uint8_t value : luma) sum += value;
  return static_cast<double>(sum) / static_cast<double>(luma.size());
}

double laplacian_variance(const Image& image) {
  if (image.width < 3 || image.height < 3) return 0.0;
  const auto luma = brightness_of(image);
  const auto width = static_cast<std::size_t>(image.width);
  const auto height = static_cast<std::size_t>(image.height);
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  for (std::size_t y = 1; y + 1 < height; ++y) {
    for (std::size_t x = 1; x + 1 < width; ++x) {
      const std::uint8_t* at = &luma[y * width + x];
      const int value = at[-1] + at[1] + *(at - width) + at[width] - 4 * at[0];
      sum += value;
      squares += std::int64_t{value} * value;
    }
  }
  const auto count = static_cast<double>((width - 2) * (height - 2));
  const double mean = static_cast<double>(sum) / count;
  return static_cast<double>(squares) / count - mean * mean;
}

}  // namespace dl
