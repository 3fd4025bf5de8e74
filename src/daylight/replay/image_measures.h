// SPDX-License-Identifier: Apache-2.0
// Small numbers about a picture: a thumbnail that survives recompression, brightness, sharpness.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daylight/replay/image.h"

namespace dl {

// A picture as 16 x 16 area means of brightness (BT.601), row by row from the left upper corner,
// whatever its shape was. Scaling and recompression hardly change it.
inline constexpr std::size_t kThumbnailSide = 16;
using Thumbnail = std::array<std::uint8_t, kThumbnailSide * kThumbnailSide>;
Thumbnail grey_thumbnail(const Image& image);

// 1 less Pearson's correlation of the cells: 0 for pictures that are the same up to brightness and
// contrast, 1 for unrelated ones and where one of them is flat, 2 for a negative. Symmetric.
double thumbnail_distance(const Thumbnail& a, const Thumbnail& b);

// Mean brightness (BT.601), 0 to 255.
double mean_brightness(const Image& image);

// Variance of the Laplacian (4 neighbours) of brightness: low means blurred. 0 for pictures under 3
// x 3.
double laplacian_variance(const Image& image);

}  // namespace dl
