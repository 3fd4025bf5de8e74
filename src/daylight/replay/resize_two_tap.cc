// SPDX-License-Identifier: Apache-2.0
// Kernels that read at most two pixels on each axis: nearest and bilinear in Android's and
// TensorFlow's forms.
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

// For each destination index: the two source indices, and how far between them.
template <typename Weight>
struct Taps {
  std::vector<int> low;
  std::vector<int> high;
  std::vector<Weight> fraction;

  explicit Taps(int count)
      : low(static_cast<std::size_t>(count)),
        high(static_cast<std::size_t>(count)),
        fraction(static_cast<std::size_t>(count)) {}
};

// Source positions in Skia's 16.16 fixed point, without the half pixel taken off again.
std::int64_t skia_position(int index, float inverse_scale, float shift) {
  const float position = (static_cast<float>(index) + 0.5F) * inverse_scale - shift;
  return static_cast<std::int64_t>(std::floor(static_cast<double>(position) * 65536.0));
}

float skia_inverse_scale(int from, int to) {
  const float scale = static_cast<float>(to) / static_cast<float>(from);
  return 1.0F / scale;
}

// Skia fills a row in spans of so many pixels; each span starts from a position computed anew.
constexpr int kSkiaSpan = 127;

void set_skia_tap(Taps<std::uint16_t>& taps, int index, std::int64_t position, int from) {
  const std::int64_t left = position >> 16;
  const auto at = static_cast<std::size_t>(index);
  taps.low[at] = static_cast<int>(std::clamp<std::int64_t>(left, 0, from - 1));
  taps.high[at] = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, from - 1));
  taps.fraction[at] = static_cast<std::uint16_t>((position & 0xffff) >> 12);
}

// Each row's position is computed in float32 and then held as 16.16.
Taps<std::uint16_t> skia_row_taps(int from, int to) {
  Taps<std::uint16_t> taps(to);
  const float inverse = skia_inverse_scale(from, to);
  for (int i = 0; i < to; ++i) set_skia_tap(taps, i, skia_position(i, inverse, 0.5F), from);
  return taps;
}

// Along a row Skia steps in 32.32 fixed point from the start of a span. Where a position falls on
// the edge between two weights, that decides differently from a row's: measured against Skia, 0
// of 3.1 million pixels differ.
Taps<std::uint16_t> skia_column_taps(int from, int to) {
  Taps<std::uint16_t> taps(to);
  const float inverse = skia_inverse_scale(from, to);
  constexpr double kOne = 4294967296.0;
  const auto step = static_cast<std::int64_t>(static_cast<double>(inverse) * kOne);
  for (int first = 0; first < to; first += kSkiaSpan) {
    const float begin = (static_cast<float>(first) + 0.5F) * inverse;
    std::int64_t position =
        static_cast<std::int64_t>(std::floor(static_cast<double>(begin) * kOne)) -
        (std::int64_t{1} << 31);
    for (int i = first; i < std::min(to, first + kSkiaSpan); ++i, position += step) {
      set_skia_tap(taps, i, position >> 16, from);
    }
  }
  return taps;
}

// One row between two rows, in sixteenths: at most 255 * 16.
void blend_rows_16(const std::uint8_t* upper, const std::uint8_t* lower, unsigned fraction,
                   std::size_t count, std::uint16_t* out) {
  const auto low_weight = static_cast<std::uint16_t>(16U - fraction);
  const auto high_weight = static_cast<std::uint16_t>(fraction);
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint16_t>(upper[i] * low_weight + lower[i] * high_weight);
  }
}

// Pixels between two columns of a blended row; the cut by 8 bits is the only rounding. May read one
// place behind the row and write one behind the result's.
template <std::size_t kChannels>
void blend_columns_16(const std::uint16_t* row, const Taps<std::uint16_t>& taps,
                      std::uint8_t* out) {
  const std::size_t count = taps.low.size();
  for (std::size_t x = 0; x < count; ++x, out += kChannels) {
    const std::uint16_t* left = row + static_cast<std::size_t>(taps.low[x]) * kChannels;
    const std::uint16_t* right = row + static_cast<std::size_t>(taps.high[x]) * kChannels;
    const int fraction = taps.fraction[x];
#if defined(__x86_64__)
    // Four channels at a time: of RGB the fourth is the next pixel's red.
    const auto load = [](const std::uint16_t* from) {
      return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    };
    const auto weight = [](int value) { return _mm_set1_epi16(static_cast<std::int16_t>(value)); };
    const __m128i sum = _mm_add_epi16(_mm_mullo_epi16(load(left), weight(16 - fraction)),
                                      _mm_mullo_epi16(load(right), weight(fraction)));
    const __m128i shorts = _mm_srli_epi16(sum, 8);
    const std::int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(shorts, shorts));
    std::memcpy(out, &bytes, sizeof(bytes));
#else
    for (std::size_t c = 0; c < kChannels; ++c) {
      out[c] = static_cast<std::uint8_t>((left[c] * (16 - fraction) + right[c] * fraction) >> 8);
    }
#endif
  }
}

enum class Centres { kHalfPixel, kAlignCorners, kAsymmetric };

// Positions and weights as TensorFlow's ResizeBilinear computes them, in float.
Taps<float> tensorflow_taps(int from, int to, Centres centres) {
  const bool aligned = centres == Centres::kAlignCorners && to > 1;
  const float scale = aligned ? static_cast<float>(from - 1) / static_cast<float>(to - 1)
                              : static_cast<float>(from) / static_cast<float>(to);
  Taps<float> taps(to);
  for (int i = 0; i < to; ++i) {
    const auto index = static_cast<float>(i);
    const float position =
        centres == Centres::kHalfPixel ? (index + 0.5F) * scale - 0.5F : index * scale;
    const float below = std::floor(position);
    const auto at = static_cast<std::size_t>(i);
    taps.low[at] = std::clamp(static_cast<int>(below), 0, from - 1);
    taps.high[at] = std::clamp(static_cast<int>(std::ceil(position)), 0, from - 1);
    taps.fraction[at] = position - below;
  }
  return taps;
}

std::uint8_t round_to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::floor(value + 0.5F), 0.0F, 255.0F));
}

void resize_tensorflow(const Image& from, int width, int height, Centres centres, Image& to) {
  const auto columns = tensorflow_taps(from.width, width, centres);
  const auto rows = tensorflow_taps(from.height, height, centres);
  const auto channels = static_cast<std::size_t>(from.channels);
  to.reshape(width, height, from.channels);
  for (int y = 0; y < height; ++y) {
    const auto at_y = static_cast<std::size_t>(y);
    const std::uint8_t* upper = from.row(rows.low[at_y]);
    const std::uint8_t* lower = from.row(rows.high[at_y]);
    std::uint8_t* out = to.row(y);
    for (std::size_t x = 0; x < columns.low.size(); ++x) {
      const std::size_t left = static_cast<std::size_t>(columns.low[x]) * channels;
      const std::size_t right = static_cast<std::size_t>(columns.high[x]) * channels;
      for (std::size_t c = 0; c < channels; ++c) {
        const auto above_left = static_cast<float>(upper[left + c]);
        const auto below_left = static_cast<float>(lower[left + c]);
        const float above =
            above_left + (static_cast<float>(upper[right + c]) - above_left) * columns.fraction[x];
        const float below =
            below_left + (static_cast<float>(lower[right + c]) - below_left) * columns.fraction[x];
        out[x * channels + c] = round_to_byte(above + (below - above) * rows.fraction[at_y]);
      }
    }
  }
}

// Copies the source pixel of each destination pixel.
void pick_pixels(const Image& from, const std::vector<int>& columns, const std::vector<int>& rows,
                 Image& to) {
  const auto channels = static_cast<std::size_t>(from.channels);
  to.reshape(static_cast<int>(columns.size()), static_cast<int>(rows.size()), from.channels);
  for (int y = 0; y < to.height; ++y) {
    const std::uint8_t* in = from.row(rows[static_cast<std::size_t>(y)]);
    std::uint8_t* out = to.row(y);
    for (const int column : columns) {
      const std::uint8_t* pixel = in + static_cast<std::size_t>(column) * channels;
      for (std::size_t c = 0; c < channels; ++c) *out++ = pixel[c];
    }
  }
}

std::vector<int> skia_nearest(int from, int to) {
  std::vector<int> picked(static_cast<std::size_t>(to));
  const float inverse = skia_inverse_scale(from, to);
  for (int i = 0; i < to; ++i) {
    // Skia takes off the smallest step so that a tie goes left.
    const std::int64_t position = (skia_position(i, inverse, 0.0F) - 1) >> 16;
    picked[static_cast<std::size_t>(i)] =
        static_cast<int>(std::clamp<std::int64_t>(position, 0, from - 1));
  }
  return picked;
}

std::vector<int> floor_nearest(int from, int to) {
  std::vector<int> picked(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const std::int64_t position = std::int64_t{i} * from / to;
    picked[static_cast<std::size_t>(i)] =
        static_cast<int>(std::min<std::int64_t>(position, from - 1));
  }
  return picked;
}

}  // namespace

void resize_android_bilinear(const Image& from, int width, int height, Image& to) {
  const auto columns = skia_column_taps(from.width, width);
  const auto rows = skia_row_taps(from.height, height);
  to.reshape(width, height, from.channels);
  // One place behind the row may be read, and one behind a row of the result written.
  std::vector<std::uint16_t> blended(from.row_bytes() + 1);
  std::vector<std::uint8_t> last(to.row_bytes() + 1);
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<std::size_t>(y);
    blend_rows_16(from.row(rows.low[at]), from.row(rows.high[at]), rows.fraction[at],
                  from.row_bytes(), blended.data());
    std::uint8_t* out = y + 1 < height ? to.row(y) : last.data();
    if (from.channels == 4) {
      blend_columns_16<4>(blended.data(), columns, out);
    } else {
      blend_columns_16<3>(blended.data(), columns, out);
    }
  }
  std::copy_n(last.data(), to.row_bytes(), to.row(height - 1));
}

void resize_android_nearest(const Image& from, int width, int height, Image& to) {
  pick_pixels(from, skia_nearest(from.width, width), skia_nearest(from.height, height), to);
}

void resize_nearest(const Image& from, int width, int height, Image& to) {
  pick_pixels(from, floor_nearest(from.width, width), floor_nearest(from.height, height), to);
}

void resize_half_pixel_bilinear(const Image& from, int width, int height, Image& to) {
  resize_tensorflow(from, width, height, Centres::kHalfPixel, to);
}

void resize_align_corners_bilinear(const Image& from, int width, int height, Image& to) {
  resize_tensorflow(from, width, height, Centres::kAlignCorners, to);
}

void resize_asymmetric_bilinear(const Image& from, int width, int height, Image& to) {
  resize_tensorflow(from, width, height, Centres::kAsymmetric, to);
}

}  // namespace dl
