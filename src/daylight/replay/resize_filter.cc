// SPDX-License-Identifier: Apache-2.0
// Kernels that weigh a window of pixels: Pillow's filters in fixed point, the exact area mean, and
// the four-tap cubic.
#include <algorithm>
#include <cmath>
#include <vector>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

// For each destination index: the first source index of its window and `taps` weights.
template <typename Weight>
struct Windows {
  int taps = 0;
  std::vector<int> first;
  std::vector<int> used;  // how many of the weights count; the rest are zero
  std::vector<Weight> weights;

  const Weight* of(int index) const {
    return weights.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(taps);
  }
};

// Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 15 with
// parameter a.
double keys_cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

// How much of each source pixel a destination pixel covers, in units of 1/to of a source pixel:
// integers that sum to `from`, so that sums of whole pictures are exact in double.
Windows<double> area_windows(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  Windows<double> windows;
  windows.taps = static_cast<int>(std::ceil(scale)) + 2;
  windows.weights.resize(static_cast<std::size_t>(to) * static_cast<std::size_t>(windows.taps));
  for (int i = 0; i < to; ++i) {
    // In units of 1/to of a source pixel every border is an integer: no pixel is covered by
    // rounding errors.
    const std::int64_t begin = std::int64_t{i} * from;
    const std::int64_t end = begin + from;
    const std::int64_t first = begin / to;
    int used = 0;
    for (std::int64_t pixel = first; pixel * to < end; ++pixel, ++used) {
      const std::int64_t covered = std::min(end, (pixel + 1) * to) - std::max(begin, pixel * to);
      windows.weights[static_cast<std::size_t>(i) * static_cast<std::size_t>(windows.taps) +
                      static_cast<std::size_t>(used)] = static_cast<double>(covered);
    }
    windows.first.push_back(static_cast<int>(first));
    windows.used.push_back(used);
  }
  return windows;
}

constexpr int kCubicTaps = 4;

// Four taps around (i + 0.5) * from/to - 0.5; the window may stick out of the picture.
Windows<double> cubic_windows(int from, int to) {
  constexpr double kOpencvParameter = -0.75;
  const double scale = static_cast<double>(from) / to;
  Windows<double> windows;
  windows.taps = kCubicTaps;
  for (int i = 0; i < to; ++i) {
    const double position = (i + 0.5) * scale - 0.5;
    const double below = std::floor(position);
    windows.first.push_back(static_cast<int>(below) - 1);
    windows.used.push_back(kCubicTaps);
    for (int k = 0; k < kCubicTaps; ++k) {
      windows.weights.push_back(keys_cubic(position - (below - 1 + k), kOpencvParameter));
    }
  }
  return windows;
}

// Filters columns into doubles, then rows, divides and rounds once, half up.
void resize_in_double(const Image& from, const Windows<double>& columns,
                      const Windows<double>& rows, double divisor, Image& to) {
  const auto channels = static_cast<std::size_t>(from.channels);
  to.reshape(static_cast<int>(columns.first.size()), static_cast<int>(rows.first.size()),
             from.channels);
  std::vector<double> blended(from.row_bytes());
  for (int y = 0; y < to.height; ++y) {
    const auto at_y = static_cast<std::size_t>(y);
    std::fill(blended.begin(), blended.end(), 0.0);
    for (int k = 0; k < rows.used[at_y]; ++k) {
      const std::uint8_t* in = from.row(std::clamp(rows.first[at_y] + k, 0, from.height - 1));
      const double weight = rows.of(y)[k];
      for (std::size_t i = 0; i < blended.size(); ++i) blended[i] += in[i] * weight;
    }
    std::uint8_t* out = to.row(y);
    for (int x = 0; x < to.width; ++x) {
      const auto at_x = static_cast<std::size_t>(x);
      for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0.0;
        for (int k = 0; k < columns.used[at_x]; ++k) {
          const int pixel = std::clamp(columns.first[at_x] + k, 0, from.width - 1);
          sum += blended[static_cast<std::size_t>(pixel) * channels + c] * columns.of(x)[k];
        }
        *out++ = static_cast<std::uint8_t>(std::clamp(std::floor(sum / divisor + 0.5), 0.0, 255.0));
      }
    }
  }
}

}  // namespace

void resize_area(const Image& from, int width, int height, Image& to) {
  resize_in_double(from, area_windows(from.width, width), area_windows(from.height, height),
                   static_cast<double>(from.width) * from.height, to);
}

void resize_bicubic(const Image& from, int width, int height, Image& to) {
  resize_in_double(from, cubic_windows(from.width, width), cubic_windows(from.height, height), 1.0,
                   to);
}

}  // namespace dl
