// SPDX-License-Identifier: Apache-2.0
// Measures on brightness; alpha is ignored.
#include "daylight/replay/image_measures.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <vector>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

constexpr std::size_t kHashSide = 8;
constexpr std::size_t kCosineSide = 32;

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

// Area means of brightness over a grid of columns x rows parts.
std::vector<double> grid_means(const Image& image, int columns, int rows) {
  Image grid;
  resize_area(image, columns, rows, grid);
  const auto luma = brightness_of(grid);
  return {luma.begin(), luma.end()};
}

// cos((2 x + 1) u pi / 64) for u < 8, x < 32.
using CosineTable = std::array<std::array<double, kCosineSide>, kHashSide>;

const CosineTable& cosines() {
  static const CosineTable table = [] {
    CosineTable made;
    for (std::size_t u = 0; u < kHashSide; ++u) {
      for (std::size_t x = 0; x < kCosineSide; ++x) {
        made[u][x] = std::cos(static_cast<double>((2 * x + 1) * u) * std::numbers::pi /
                              (2.0 * static_cast<double>(kCosineSide)));
      }
    }
    return made;
  }();
  return table;
}

// The 8 x 8 lowest frequencies of a 32 x 32 grid, row by row.
std::array<double, kHashSide * kHashSide> low_frequencies(const std::vector<double>& grid) {
  const CosineTable& table = cosines();
  std::array<double, kHashSide * kHashSide> frequencies{};
  for (std::size_t u = 0; u < kHashSide; ++u) {
    std::array<double, kCosineSide> rows{};
    for (std::size_t y = 0; y < kCosineSide; ++y) {
      for (std::size_t x = 0; x < kCosineSide; ++x) {
        rows[y] += grid[y * kCosineSide + x] * table[u][x];
      }
    }
    for (std::size_t v = 0; v < kHashSide; ++v) {
      for (std::size_t y = 0; y < kCosineSide; ++y) {
        frequencies[v * kHashSide + u] += rows[y] * table[v][y];
      }
    }
  }
  return frequencies;
}

}  // namespace

std::uint64_t difference_hash(const Image& image) {
  const auto means = grid_means(image, kHashSide + 1, kHashSide);
  std::uint64_t hash = 0;
  for (std::size_t row = 0; row < kHashSide; ++row) {
    for (std::size_t column = 0; column < kHashSide; ++column) {
      const double* mean = &means[row * (kHashSide + 1) + column];
      if (mean[0] < mean[1]) hash |= std::uint64_t{1} << (row * kHashSide + column);
    }
  }
  return hash;
}

std::uint64_t frequency_hash(const Image& image) {
  const auto frequencies = low_frequencies(grid_means(image, kCosineSide, kCosineSide));
  // The constant part is the brightness alone: it is kept out of the median and of the hash.
  std::array<double, kHashSide * kHashSide - 1> sorted{};
  std::copy(frequencies.begin() + 1, frequencies.end(), sorted.begin());
  auto* const middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  std::uint64_t hash = 0;
  for (std::size_t i = 1; i < frequencies.size(); ++i) {
    if (frequencies[i] > *middle) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

int hash_distance(std::uint64_t a, std::uint64_t b) { return std::popcount(a ^ b); }

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
