// SPDX-License-Identifier: Apache-2.0
// ONNX models: ModelProto as the public onnx.proto describes it (IR versions 1 to 13).
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Graphs inside graphs (branches, loop bodies) that are followed.
inline constexpr int kMaxOnnxGraphDepth = 8;
// The highest IR version that is taken for one.
inline constexpr std::uint64_t kMaxOnnxIrVersion = 64;

// Whether the bytes begin with an ONNX model: all fields follow the schema, and there is a graph
// with named operators. A model that is cut off is one, with a gap.
std::optional<ModelProbe> probe_onnx(ByteSpan bytes);

// Everything the model says. Initialisers are weights, not inputs; their types and shapes stand in
// the details of the operators that use them. Data in other files is a gap, and weight_file_size
// where it is one file.
ModelGraph describe_onnx(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
