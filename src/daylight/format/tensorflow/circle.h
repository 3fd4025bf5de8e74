// SPDX-License-Identifier: Apache-2.0
// Samsung ONE's models (identifier CIR0): TensorFlow Lite's layout with operators of its own.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements that are read for each byte of the file.
inline constexpr std::uint64_t kMaxCircleElementsPerByte = 2;

// Reads a model that starts at the first byte; the range may go on behind it. Nothing unless the
// identifier is there and one subgraph has tensors and operators. Borders are those of the first
// subgraph. Damage elsewhere becomes a gap.
std::optional<ReadModel> read_circle(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
