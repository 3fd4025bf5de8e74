// SPDX-License-Identifier: Apache-2.0
// Models in ONNX Runtime's own format (identifier ORTM), of the full and the mobile builds.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements (nodes, names, numbers ...) that are read for each byte of the file.
inline constexpr std::uint64_t kMaxOrtElementsPerByte = 2;
// Graphs inside of attributes (bodies of loops and branches) that are followed.
inline constexpr int kMaxOrtDepth = 8;

// Reads a model that starts at the first byte; the range may go on behind it. Nothing unless the
// identifier is there, the root is a session with a version and a model, and the model has a graph
// with nodes or outputs. Damage elsewhere becomes a gap. Operators of inner graphs follow their
// node, with "in=NAME" in their detail.
std::optional<ReadModel> read_ort(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
