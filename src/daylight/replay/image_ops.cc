// SPDX-License-Identifier: Apache-2.0
// Operations on pixels; each writes a whole new picture or tensor.
#include "daylight/replay/image_ops.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace dl {
namespace {

int clip_side(std::int64_t from, std::int64_t size, int limit, int& start) {
  const std::int64_t begin = std::clamp<std::int64_t>(from, 0, limit);
  const std::int64_t end = std::clamp<std::int64_t>(from + size, begin, limit);
  start = static_cast<int>(begin);
  return static_cast<int>(end - begin);
}

void copy_pixel(const std::uint8_t* from, std::uint8_t* to, std::size_t channels) {
  for (std::size_t c = 0; c < channels; ++c) to[c] = from[c];
}

// Writes the pixel at (x, y) of `to` from where `source` says, for every pixel.
template <typename Source>
void map_pixels(const Image& from, int width, int height, const Source& source, Image& to) {
  const auto channels = static_cast<std::size_t>(from.channels);
  to.premultiplied = from.premultiplied;
  to.reshape(width, height, from.channels);
  for (int y = 0; y < height; ++y) {
    std::uint8_t* out = to.row(y);
    for (int x = 0; x < width; ++x, out += channels) {
      const auto [from_x, from_y] = source(x, y);
      copy_pixel(from.row(from_y) + static_cast<std::size_t>(from_x) * channels, out, channels);
    }
  }
}

float grey_of(const std::uint8_t* pixel, const GreyWeights& weights) {
  return static_cast<float>(pixel[0]) * weights[0] + static_cast<float>(pixel[1]) * weights[1] +
         static_cast<float>(pixel[2]) * weights[2];
}

// The 8-bit value that `bits` bits keep of `value`.
std::uint8_t through_bits(unsigned value, unsigned bits) {
  const unsigned top = (1U << bits) - 1;
  const unsigned kept = (value * top + 127) / 255;
  return static_cast<std::uint8_t>((kept << (8 - bits)) | (kept >> (2 * bits - 8)));
}

// a * b / 255, rounded to nearest, for bytes.
std::uint8_t multiply_bytes(unsigned a, unsigned b) {
  const unsigned product = a * b + 128;
  return static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
}

std::uint8_t divide_by_alpha(unsigned value, unsigned alpha) {
  if (alpha == 0) return 0;
  return static_cast<std::uint8_t>(std::min(255U, (value * 255 + alpha / 2) / alpha));
}

// Straight RGB of a whole picture.
std::vector<std::uint8_t> straight_rgb(const Image& image) {
  const std::size_t count =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  std::vector<std::uint8_t> rgb(count * 3);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* pixel = image.pixels.data() + 4 * i;
    for (std::size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = image.premultiplied ? divide_by_alpha(pixel[c], pixel[3]) : pixel[c];
    }
  }
  return rgb;
}

template <typename T>
void pack_pixels(const std::uint8_t* rgb, std::size_t count, ChannelOrder order, T* out) {
  switch (order) {
    case ChannelOrder::kRgb:
      for (std::size_t i = 0; i < 3 * count; ++i) out[i] = static_cast<T>(rgb[i]);
      break;
    case ChannelOrder::kBgr:
      for (std::size_t i = 0; i < count; ++i) {
        out[3 * i] = static_cast<T>(rgb[3 * i + 2]);
        out[3 * i + 1] = static_cast<T>(rgb[3 * i + 1]);
        out[3 * i + 2] = static_cast<T>(rgb[3 * i]);
      }
      break;
    case ChannelOrder::kGrey:
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<T>(grey_of(rgb + 3 * i, kGreyBt601));
      }
      break;
  }
}

}  // namespace

PixelBox clip_to(const Image& image, const PixelBox& box) {
  PixelBox clipped;
  clipped.width = clip_side(box.x, box.width, image.width, clipped.x);
  clipped.height = clip_side(box.y, box.height, image.height, clipped.y);
  return clipped;
}

void crop_image(const Image& from, const PixelBox& box, Image& to) {
  assert(clip_to(from, box) == box && box.width > 0 && box.height > 0 && &from != &to);
  to.premultiplied = from.premultiplied;
  to.reshape(box.width, box.height, from.channels);
  const std::size_t skipped =
      static_cast<std::size_t>(box.x) * static_cast<std::size_t>(from.channels);
  for (int y = 0; y < box.height; ++y) {
    std::copy_n(from.row(box.y + y) + skipped, to.row_bytes(), to.row(y));
  }
}

void crop_or_pad_image(const Image& from, int width, int height, Image& to) {
  assert(width > 0 && height > 0 && &from != &to);
  to.premultiplied = from.premultiplied;
  to.reshape(width, height, from.channels);
  std::fill(to.pixels.begin(), to.pixels.end(), std::uint8_t{0});
  if (from.channels == 4) {
    for (std::size_t i = 3; i < to.pixels.size(); i += 4) to.pixels[i] = 255;
  }
  const int copied_width = std::min(width, from.width);
  const int copied_height = std::min(height, from.height);
  const auto channels = static_cast<std::size_t>(from.channels);
  const auto from_x = static_cast<std::size_t>((from.width - copied_width) / 2) * channels;
  const auto to_x = static_cast<std::size_t>((width - copied_width) / 2) * channels;
  const int from_y = (from.height - copied_height) / 2;
  const int to_y = (height - copied_height) / 2;
  for (int y = 0; y < copied_height; ++y) {
    std::copy_n(from.row(from_y + y) + from_x, static_cast<std::size_t>(copied_width) * channels,
                to.row(to_y + y) + to_x);
  }
}

void rotate_image(const Image& from, int quarter_turns, Image& to) {
  assert(&from != &to);
  const int w = from.width;
  const int h = from.height;
  switch (((quarter_turns % 4) + 4) % 4) {
    case 0:
      to = from;
      break;
    case 1:
      map_pixels(
          from, h, w, [&](int x, int y) { return std::pair(w - 1 - y, x); }, to);
      break;
    case 2:
      map_pixels(
          from, w, h, [&](int x, int y) { return std::pair(w - 1 - x, h - 1 - y); }, to);
      break;
    default:
      map_pixels(
          from, h, w, [&](int x, int y) { return std::pair(y, h - 1 - x); }, to);
      break;
  }
}

void flip_image(const Image& from, FlipAxis axis, Image& to) {
  assert(&from != &to);
  const bool horizontal = axis == FlipAxis::kHorizontal;
  map_pixels(
      from, from.width, from.height,
      [&](int x, int y) {
        return horizontal ? std::pair(from.width - 1 - x, y) : std::pair(x, from.height - 1 - y);
      },
      to);
}

void grey_image(const Image& from, const GreyWeights& weights, Image& to) {
  to = from;
  const auto channels = static_cast<std::size_t>(to.channels);
  for (std::size_t i = 0; i < to.pixels.size(); i += channels) {
    const float grey = std::floor(grey_of(&to.pixels[i], weights) + 0.5F);
    const auto byte = static_cast<std::uint8_t>(std::clamp(grey, 0.0F, 255.0F));
    for (std::size_t c = 0; c < 3; ++c) to.pixels[i + c] = byte;
  }
}

void reduce_to_565(const Image& from, Image& to) {
  assert(&from != &to);
  to.premultiplied = false;
  to.reshape(from.width, from.height, 3);
  const auto channels = static_cast<std::size_t>(from.channels);
  const std::uint8_t* in = from.pixels.data();
  for (std::size_t i = 0; i < to.pixels.size(); i += 3, in += channels) {
    to.pixels[i] = through_bits(in[0], 5);
    to.pixels[i + 1] = through_bits(in[1], 6);
    to.pixels[i + 2] = through_bits(in[2], 5);
  }
}

void premultiply_alpha(Image& image) {
  if (image.channels != 4 || image.premultiplied) return;
  for (std::size_t i = 0; i < image.pixels.size(); i += 4) {
    const unsigned alpha = image.pixels[i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[i + c] = multiply_bytes(image.pixels[i + c], alpha);
    }
  }
  image.premultiplied = true;
}

void image_to_tensor(const Image& from, ChannelOrder order, ElementType type, Tensor& to) {
  assert(type == ElementType::kUint8 || type == ElementType::kFloat32);
  to.reshape(type, {1, from.height, from.width, order == ChannelOrder::kGrey ? 1 : 3});
  const std::size_t count =
      static_cast<std::size_t>(from.width) * static_cast<std::size_t>(from.height);
  std::vector<std::uint8_t> without_alpha;
  const std::uint8_t* rgb = from.pixels.data();
  if (from.channels == 4) {
    without_alpha = straight_rgb(from);
    rgb = without_alpha.data();
  }
  if (type == ElementType::kFloat32) {
    pack_pixels(rgb, count, order, to.data<float>());
  } else {
    pack_pixels(rgb, count, order, to.data<std::uint8_t>());
  }
}

}  // namespace dl
