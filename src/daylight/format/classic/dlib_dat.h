// SPDX-License-Identifier: Apache-2.0
// Models that dlib serialised (.dat): landmark predictors and neural networks.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Landmarks, cascades and trees beyond these are no predictor.
inline constexpr std::uint64_t kMaxDlibLandmarks = 10000;
inline constexpr std::uint64_t kMaxDlibTrees = 1000000;

// dlib writes no magic: numbers of one length byte (low four bits) and a sign bit, then their
// bytes. A shape predictor is walked from its version to its last anchor, so its size is exact; a
// network is known by the name of its loss layer at its start and names of layers behind it, and
// its size is that of the range. Facts: kind, landmarks, cascades, trees; loss and layers.
std::optional<ModelProbe> probe_dlib(ByteSpan bytes);

}  // namespace dl
