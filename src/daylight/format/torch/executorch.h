// SPDX-License-Identifier: Apache-2.0
// ExecuTorch programs (.pte): identifier ET12, an extended header, segments behind the flatbuffer.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// Elements that are read for each byte of the file.
inline constexpr std::uint64_t kMaxExecutorchElementsPerByte = 2;

// Reads a program that starts at the first byte; the range may go on behind it. Nothing unless the
// identifier is there and the root has an execution plan with values and chains. Operators are the
// kernel and delegate calls of all plans in order ("aten::add.out", "delegate XnnpackBackend"),
// their constant arguments as detail; borders are those of the plan "forward", or of the first.
// The weights hash covers constant buffers, the constant segment, named data and delegates' blobs
// in the file's order; parameters are the elements of constant tensors (those inside of delegates
// are not counted). Metadata: methods, delegates, segments.
std::optional<ReadModel> read_executorch(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
