// SPDX-License-Identifier: Apache-2.0
// MNN models (Alibaba's runtime): FlatBuffers without an identifier, known by their structure.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements that are read for each byte of the file: parts may be shared in it.
inline constexpr std::uint64_t kMaxMnnElementsPerByte = 2;

// Reads a model that starts at the first byte; the range may go on behind it. Nothing unless the
// root is a Net whose operators all have types of the schema, tensor numbers that exist and options
// of a known kind, whose usage and source are in their ranges, and which names its tensors; damage
// elsewhere becomes a gap. The size is that of everything that anything points to.
std::optional<ReadModel> read_mnn(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
