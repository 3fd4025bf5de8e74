// SPDX-License-Identifier: Apache-2.0
// Pictures made from a formula, for tests.
#pragma once

#include <cstdint>

#include "daylight/replay/image.h"

namespace dl::testing {

// Noise over a slow gradient: every value occurs, neighbours differ, and the same seed gives the
// same picture.
inline Image noisy_image(int width, int height, int channels, std::uint32_t seed) {
  Image image;
  image.reshape(width, height, channels);
  std::uint32_t state = seed * 2654435761U + 1U;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    image.pixels[i] = static_cast<std::uint8_t>((state >> 9U) + i / image.row_bytes());
  }
  return image;
}

inline Image flat_image(int width, int height, int channels, std::uint8_t value) {
  Image image;
  image.reshape(width, height, channels);
  for (auto& byte : image.pixels) byte = value;
  return image;
}

}  // namespace dl::testing
