// SPDX-License-Identifier: Apache-2.0
// MediaPipe graphs: CalculatorGraphConfig, binary (.binarypb) and text (.pbtxt).
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Messages inside of a calculator's options that are searched for the names of model files.
inline constexpr int kMaxMediapipeOptionDepth = 8;

// Whether the bytes begin with a graph: all fields follow the schema, and nodes name calculators
// and have streams. The text form is a whole file.
std::optional<ModelProbe> probe_mediapipe_graph(ByteSpan bytes);

// Calculators as operators, streams as their tensors ("TAG:name" without the tag). Model files that
// options name stand in the metadata as "model_path". Options count for the graph hash in their own
// form: the binary and the text form of one graph have the same only if no calculator has any.
ModelGraph describe_mediapipe_graph(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
