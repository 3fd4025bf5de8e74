// SPDX-License-Identifier: Apache-2.0
// MindSpore Lite models (identifiers MSL0 to MSL2).
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements that are read for each byte of the file.
inline constexpr std::uint64_t kMaxMsliteElementsPerByte = 2;

// Reads a model that starts at the first byte; the range may go on behind it. Nothing unless the
// identifier is there and the root has nodes and tensors, and nodes name tensors that exist.
// Operators are named by the schema of version 2; those of the older versions, whose numbers were
// others, are "primitive N" without options. Parameters are the elements of constant tensors.
std::optional<ReadModel> read_mslite(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
