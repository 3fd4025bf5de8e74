// SPDX-License-Identifier: Apache-2.0
// PyTorch Mobile models as FlatBuffers (identifier PTMF).
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements that are read for each byte of the file.
inline constexpr std::uint64_t kMaxPtmfElementsPerByte = 2;

// Reads a module that starts at the first byte; the range may go on behind it. Nothing unless the
// identifier is there and the root has a bytecode version and values of kinds that the schema has.
// Operators are the OP instructions of all functions, with the other instructions before them as
// detail; borders are the arguments and results of `forward`; parameters and the weights hash cover
// the storages. Metadata: bytecode_version, operator_version, methods, extra files' names.
std::optional<ReadModel> read_ptmf(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
