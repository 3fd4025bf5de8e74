// SPDX-License-Identifier: Apache-2.0
// TensorFlow graphs: frozen GraphDef (.pb) and SavedModel (saved_model.pb).
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Functions of a graph's library whose bodies are read.
inline constexpr std::size_t kMaxTfFunctions = 5000;
// The highest output number of one node that is followed.
inline constexpr std::size_t kMaxTfNodeOutputs = 64;

// Whether the bytes begin with a GraphDef or a SavedModel: all fields follow the schema, and nodes
// have names and operators.
std::optional<ModelProbe> probe_tf_graphdef(ByteSpan bytes);
std::optional<ModelProbe> probe_tf_savedmodel(ByteSpan bytes);

// Everything the graph says. Constants are weights, not operators; their types and shapes stand in
// the details of the operators that use them. Bodies of functions follow behind the graph's own
// nodes. A GraphDef's inputs are its placeholders, its outputs the nodes that nobody takes; a
// SavedModel's are those of the signature "serving_default", or of its first. Variables of a
// SavedModel lie in other files: a gap.
ModelGraph describe_tf_graphdef(ByteSpan bytes, const ModelProbe& probe);
ModelGraph describe_tf_savedmodel(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
