// SPDX-License-Identifier: Apache-2.0
// Core ML programs (MIL): the message inside of a model, and the text of a compiled model.
#pragma once

#include <string>
#include <vector>

#include "daylight/format/coreml/coreml_layers.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {

// Blocks inside of operations (branches, loops) that are followed.
inline constexpr int kMaxCoremlBlockDepth = 8;

// Reads a Program message: the operations of its functions, in order. Constants are no operators:
// small ones stand in the details of those that use them, large ones by type and shape; those in
// the weight file count as weights elsewhere. `labels` gets a classifier's classes.
void read_coreml_program(ByteSpan program, const std::string& prefix, GraphFiller& filler,
                         CoremlWeights& weights, std::vector<std::string>& labels);

}  // namespace dl
