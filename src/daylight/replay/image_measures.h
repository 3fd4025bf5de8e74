// SPDX-License-Identifier: Apache-2.0
// Small numbers about a picture: fingerprints that survive recompression, brightness, sharpness.
#pragma once

#include <cstdint>

#include "daylight/replay/image.h"

namespace dl {

// 64 bits: whether each of 8 x 8 area means of brightness is darker than its right neighbour (9 x 8
// means), from the left upper corner, first bit lowest. Scaling and recompression change few bits.
std::uint64_t difference_hash(const Image& image);

// 64 bits: whether each of the 8 x 8 lowest frequencies of the cosine transform of 32 x 32 area
// means is above their median (the constant part counts as not above). More stable than
// difference_hash, and slower.
std::uint64_t frequency_hash(const Image& image);

// In how many bits two fingerprints differ.
int hash_distance(std::uint64_t a, std::uint64_t b);

// Mean brightness (BT.601), 0 to 255.
double mean_brightness(const Image& image);

// Variance of the Laplacian (4 neighbours) of brightness: low means blurred. 0 for pictures under 3
// x 3.
double laplacian_variance(const Image& image);

}  // namespace dl
