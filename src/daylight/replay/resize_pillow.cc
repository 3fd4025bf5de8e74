// SPDX-License-Identifier: Apache-2.0
// Pillow's filters in its fixed point. All sums are of integers, so the vector paths give the same
// bytes as the plain one.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

// 32 bits less 8 for the pixel and 2 for sums beyond one.
constexpr int kBits = 22;
constexpr std::int32_t kHalf = 1 << (kBits - 1);

// For each destination index: the first source index of its window, and its weights.
struct Windows {
  std::size_t taps = 0;  // room for each window; weights that are not used are zero
  std::vector<std::size_t> first;
  std::vector<std::size_t> used;
  std::vector<std::int32_t> weights;

  const std::int32_t* of(std::size_t index) const { return weights.data() + index * taps; }
};

struct Filter {
  double support;
  double (*weight)(double);
};

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -0.5.
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * kA;
  return 0.0;
}

constexpr Filter kTriangle = {1.0, triangle};
constexpr Filter kCubic = {2.0, cubic};

// Pillow's way to a whole number: half is added and the rest cut, towards zero also below zero.
int cut_after_half(double value) {
  const double raised = value + 0.5;
  return static_cast<int>(raised);
}

// The filter stretched by the factor when shrinking, cut at the borders, normalised in double,
// rounded to fixed point away from zero.
Windows make_windows(int from, int to, const Filter& filter) {
  const double scale = static_cast<double>(from) / to;
  const double stretch = std::max(scale, 1.0);
  const double support = filter.support * stretch;
  Windows windows;
  windows.taps = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  windows.weights.resize(static_cast<std::size_t>(to) * windows.taps);
  std::vector<double> raw(windows.taps);
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, cut_after_half(centre - support));
    const int last = std::min(from, cut_after_half(centre + support));
    const auto used = static_cast<std::size_t>(last - first);
    double total = 0.0;
    for (std::size_t k = 0; k < used; ++k) {
      raw[k] = filter.weight((static_cast<double>(k) + first - centre + 0.5) * (1.0 / stretch));
      total += raw[k];
    }
    windows.first.push_back(static_cast<std::size_t>(first));
    windows.used.push_back(used);
    std::int32_t* weights = windows.weights.data() + static_cast<std::size_t>(i) * windows.taps;
    for (std::size_t k = 0; k < used; ++k) {
      const double weight = (total != 0.0 ? raw[k] / total : raw[k]) * (1 << kBits);
      weights[k] = static_cast<std::int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return windows;
}

std::uint8_t clip(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kBits, 0, 255));
}

// One row, pixel by pixel; reads and writes nothing outside of it.
template <std::size_t kChannels>
void filter_row(const std::uint8_t* in, const Windows& windows, std::uint8_t* out) {
  for (std::size_t x = 0; x < windows.first.size(); ++x) {
    const std::uint8_t* pixel = in + windows.first[x] * kChannels;
    const std::int32_t* weights = windows.of(x);
    std::array<std::int32_t, kChannels> sums;
    sums.fill(kHalf);
    for (std::size_t k = 0; k < windows.used[x]; ++k, pixel += kChannels) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weights[k];
    }
    for (std::size_t c = 0; c < kChannels; ++c) *out++ = clip(sums[c]);
  }
}

#if defined(__x86_64__)
// One row with four channels at a time. Of RGB the fourth is the next pixel's red: it is read and
// written one byte behind the row, and must be overwritten by what comes after.
template <std::size_t kChannels>
__attribute__((target("avx2"))) void filter_row_avx2(const std::uint8_t* in, const Windows& windows,
                                                     std::uint8_t* out) {
  const std::size_t count = windows.first.size();
  for (std::size_t x = 0; x < count; ++x, out += kChannels) {
    const std::uint8_t* pixel = in + windows.first[x] * kChannels;
    const std::int32_t* weights = windows.of(x);
    __m128i sums = _mm_set1_epi32(kHalf);
    for (std::size_t k = 0; k < windows.used[x]; ++k, pixel += kChannels) {
      std::int32_t bytes = 0;
      std::memcpy(&bytes, pixel, sizeof(bytes));
      const __m128i wide = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
      sums = _mm_add_epi32(sums, _mm_mullo_epi32(wide, _mm_set1_epi32(weights[k])));
    }
    // Both packings clip.
    const __m128i shorts = _mm_packs_epi32(_mm_srai_epi32(sums, kBits), _mm_setzero_si128());
    const std::int32_t clipped = _mm_cvtsi128_si32(_mm_packus_epi16(shorts, shorts));
    std::memcpy(out, &clipped, sizeof(clipped));
  }
}
#endif

// Columns in blocks whose sums stay in registers.
__attribute__((always_inline)) inline void filter_columns_by_block(const Image& from,
                                                                   std::size_t first,
                                                                   std::size_t used,
                                                                   const std::int32_t* weights,
                                                                   std::uint8_t* out) {
  constexpr std::size_t kBlock = 32;
  const std::size_t count = from.row_bytes();
  const std::uint8_t* top = from.pixels.data() + first * count;
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    std::array<std::int32_t, kBlock> sums;
    for (std::size_t b = 0; b < kBlock; ++b) sums[b] = kHalf;
    for (std::size_t k = 0; k < used; ++k) {
      const std::uint8_t* in = top + k * count + i;
      for (std::size_t b = 0; b < kBlock; ++b) sums[b] += in[b] * weights[k];
    }
    for (std::size_t b = 0; b < kBlock; ++b) out[i + b] = clip(sums[b]);
  }
  for (; i < count; ++i) {
    std::int32_t sum = kHalf;
    for (std::size_t k = 0; k < used; ++k) sum += top[k * count + i] * weights[k];
    out[i] = clip(sum);
  }
}

// The two inner loops, compiled for the plain processor and for AVX2.
struct Loops {
  void (*row_of_three)(const std::uint8_t*, const Windows&, std::uint8_t*);
  void (*row_of_four)(const std::uint8_t*, const Windows&, std::uint8_t*);
  void (*columns)(const Image&, std::size_t, std::size_t, const std::int32_t*, std::uint8_t*);
};

void columns_plain(const Image& from, std::size_t first, std::size_t used,
                   const std::int32_t* weights, std::uint8_t* out) {
  filter_columns_by_block(from, first, used, weights, out);
}
constexpr Loops kPlain = {filter_row<3>, filter_row<4>, columns_plain};

#if defined(__x86_64__)
__attribute__((target("avx2"))) void columns_avx2(const Image& from, std::size_t first,
                                                  std::size_t used, const std::int32_t* weights,
                                                  std::uint8_t* out) {
  filter_columns_by_block(from, first, used, weights, out);
}
const Loops& loops() {
  static constexpr Loops kAvx2 = {filter_row_avx2<3>, filter_row_avx2<4>, columns_avx2};
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  return has_avx2 ? kAvx2 : kPlain;
}
#else
const Loops& loops() { return kPlain; }
#endif

void filter_rows(const Image& from, int width, const Filter& filter, Image& to) {
  const Windows windows = make_windows(from.width, width, filter);
  to.reshape(width, from.height, from.channels);
  const auto row = from.channels == 4 ? loops().row_of_four : loops().row_of_three;
  // The last row has nothing behind it that may be touched.
  const int last = from.height - 1;
  for (int y = 0; y < last; ++y) row(from.row(y), windows, to.row(y));
  const auto careful = from.channels == 4 ? filter_row<4> : filter_row<3>;
  careful(from.row(last), windows, to.row(last));
}

void filter_columns(const Image& from, int height, const Filter& filter, Image& to) {
  const Windows windows = make_windows(from.height, height, filter);
  to.reshape(from.width, height, from.channels);
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<std::size_t>(y);
    loops().columns(from, windows.first[at], windows.used[at], windows.of(at), to.row(y));
  }
}

// Rows first, then columns; an axis that keeps its size is not filtered.
void resize_pillow(const Image& from, int width, int height, const Filter& filter, Image& to) {
  if (width == from.width && height == from.height) {
    to = from;
  } else if (height == from.height) {
    filter_rows(from, width, filter, to);
  } else if (width == from.width) {
    filter_columns(from, height, filter, to);
  } else {
    Image rows;
    filter_rows(from, width, filter, rows);
    filter_columns(rows, height, filter, to);
  }
}

}  // namespace

void resize_pil_bilinear(const Image& from, int width, int height, Image& to) {
  resize_pillow(from, width, height, kTriangle, to);
}

void resize_pil_bicubic(const Image& from, int width, int height, Image& to) {
  resize_pillow(from, width, height, kCubic, to);
}

}  // namespace dl
