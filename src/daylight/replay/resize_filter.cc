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

// Pillow's fixed point: 32 bits less 8 for the pixel and 2 for sums beyond one.
constexpr int kPillowBits = 22;
constexpr std::int32_t kPillowHalf = 1 << (kPillowBits - 1);

struct Filter {
  double support;
  double (*weight)(double);
};

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 15 with
// parameter a.
double keys_cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}
double pillow_cubic(double x) { return keys_cubic(x, -0.5); }

constexpr Filter kTriangle = {1.0, triangle};
constexpr Filter kPillowCubic = {2.0, pillow_cubic};

// Windows as Pillow lays them: the filter stretched by the factor when shrinking, cut at the
// borders, normalised in double, rounded to fixed point away from zero.
Windows<std::int32_t> pillow_windows(int from, int to, const Filter& filter) {
  const double scale = static_cast<double>(from) / to;
  const double stretch = std::max(scale, 1.0);
  const double support = filter.support * stretch;
  Windows<std::int32_t> windows;
  windows.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  windows.first.resize(static_cast<std::size_t>(to));
  windows.used.resize(static_cast<std::size_t>(to));
  windows.weights.resize(static_cast<std::size_t>(to) * static_cast<std::size_t>(windows.taps));
  std::vector<double> raw(static_cast<std::size_t>(windows.taps));
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(from, static_cast<int>(centre + support + 0.5));
    const auto used = static_cast<std::size_t>(last - first);
    double total = 0.0;
    for (std::size_t k = 0; k < used; ++k) {
      raw[k] = filter.weight((static_cast<double>(k) + first - centre + 0.5) * (1.0 / stretch));
      total += raw[k];
    }
    const auto at = static_cast<std::size_t>(i);
    windows.first[at] = first;
    windows.used[at] = static_cast<int>(used);
    for (std::size_t k = 0; k < used; ++k) {
      const double weight = (total != 0.0 ? raw[k] / total : raw[k]) * (1 << kPillowBits);
      windows.weights[at * static_cast<std::size_t>(windows.taps) + k] =
          static_cast<std::int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return windows;
}

std::uint8_t pillow_clip(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPillowBits, 0, 255));
}

template <std::size_t kChannels>
void pillow_row(const std::uint8_t* in, const Windows<std::int32_t>& windows, std::uint8_t* out) {
  const std::size_t count = windows.first.size();
  for (std::size_t x = 0; x < count; ++x) {
    const std::uint8_t* pixel = in + static_cast<std::size_t>(windows.first[x]) * kChannels;
    const std::int32_t* weights = windows.of(static_cast<int>(x));
    std::array<std::int32_t, kChannels> sums;
    sums.fill(kPillowHalf);
    for (int k = 0; k < windows.used[x]; ++k, pixel += kChannels) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weights[k];
    }
    for (std::size_t c = 0; c < kChannels; ++c) *out++ = pillow_clip(sums[c]);
  }
}

void pillow_rows(const Image& from, int width, const Filter& filter, Image& to) {
  const auto windows = pillow_windows(from.width, width, filter);
  to.reshape(width, from.height, from.channels);
  for (int y = 0; y < from.height; ++y) {
    if (from.channels == 4) {
      pillow_row<4>(from.row(y), windows, to.row(y));
    } else {
      pillow_row<3>(from.row(y), windows, to.row(y));
    }
  }
}

void pillow_columns(const Image& from, int height, const Filter& filter, Image& to) {
  const auto windows = pillow_windows(from.height, height, filter);
  to.reshape(from.width, height, from.channels);
  std::vector<std::int32_t> sums(from.row_bytes());
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<std::size_t>(y);
    std::fill(sums.begin(), sums.end(), kPillowHalf);
    for (int k = 0; k < windows.used[at]; ++k) {
      const std::uint8_t* in = from.row(windows.first[at] + k);
      const std::int32_t weight = windows.of(y)[k];
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += in[i] * weight;
    }
    std::uint8_t* out = to.row(y);
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = pillow_clip(sums[i]);
  }
}

// Rows first, then columns; an axis that keeps its size is not filtered.
void resize_pillow(const Image& from, int width, int height, const Filter& filter, Image& to) {
  if (width == from.width && height == from.height) {
    to = from;
  } else if (height == from.height) {
    pillow_rows(from, width, filter, to);
  } else if (width == from.width) {
    pillow_columns(from, height, filter, to);
  } else {
    Image rows;
    pillow_rows(from, width, filter, rows);
    pillow_columns(rows, height, filter, to);
  }
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

void resize_pil_bilinear(const Image& from, int width, int height, Image& to) {
  resize_pillow(from, width, height, kTriangle, to);
}

void resize_pil_bicubic(const Image& from, int width, int height, Image& to) {
  resize_pillow(from, width, height, kPillowCubic, to);
}

void resize_area(const Image& from, int width, int height, Image& to) {
  resize_in_double(from, area_windows(from.width, width), area_windows(from.height, height),
                   static_cast<double>(from.width) * from.height, to);
}

void resize_bicubic(const Image& from, int width, int height, Image& to) {
  resize_in_double(from, cubic_windows(from.width, width), cubic_windows(from.height, height), 1.0,
                   to);
}

}  // namespace dl
