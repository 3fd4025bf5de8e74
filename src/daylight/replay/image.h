// SPDX-License-Identifier: Apache-2.0
// An 8-bit picture in memory, as every step between decoding and the input tensor passes it on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dl {

// Rows from top to bottom without padding, channels interleaved: RGB (3) or RGBA (4).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;
  // RGBA only: colours are already multiplied by alpha, as Android keeps its bitmaps.
  bool premultiplied = false;
  std::vector<std::uint8_t> pixels;

  std::size_t row_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  }
  const std::uint8_t* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * row_bytes();
  }
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * row_bytes(); }

  // Sets the shape and makes room; what the pixels hold afterwards is unspecified. Storage is
  // reused.
  void reshape(int new_width, int new_height, int new_channels) {
    width = new_width;
    height = new_height;
    channels = new_channels;
    pixels.resize(static_cast<std::size_t>(height) * row_bytes());
  }

  friend bool operator==(const Image&, const Image&) = default;
};

}  // namespace dl
