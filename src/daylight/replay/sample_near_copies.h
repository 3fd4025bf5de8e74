// SPDX-License-Identifier: Apache-2.0
// Which pictures of a data set show the same: by small grey versions of them, in a search tree.
#pragma once

#include <cstddef>
#include <vector>

#include "daylight/replay/image_measures.h"

namespace dl {

// Two pictures are near copies if thumbnail_distance() is at most this. Measured on 2026-11-22
// (docs/design/samples.md has the table): every resized (0.5x to 2x), recompressed (JPEG 40 to 95,
// WebP 50 to 95), darkened, brightened (10 %) or grey version of 600 FairFace pictures and of 900
// drawn faces is found (the farthest: 0.0088), and 97 % of those that lost 2 % of their width and
// height, but 28 % of those that lost 4 %. Of 179 700 pairs of different FairFace pictures none is
// that near (the nearest: 0.053), of 404 550 of drawn faces, which look alike, one.
inline constexpr double kNearCopyDistance = 0.012;

// Pictures whose thumbnail's standard deviation is below this many grey levels (a wall, a blank
// page) show nothing to tell them apart by: they are no near copies of anything.
inline constexpr double kMinThumbnailContrast = 2.0;

// For each picture the lowest index of its group; its own index where it has no near copies. Links
// join into groups. Exact: the same as comparing every pair, independent of any order but that of
// the pictures. Time: each picture looks only where the tree of its 16 coarsest values cannot rule
// near copies out, and passes over what is in its own group already.
std::vector<std::size_t> near_copy_leaders(const std::vector<Thumbnail>& pictures);

}  // namespace dl
