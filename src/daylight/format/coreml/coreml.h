// SPDX-License-Identifier: Apache-2.0
// Core ML models: the .mlmodel message, also as part of a package.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Models inside of pipelines that are followed.
inline constexpr int kMaxCoremlPipelineDepth = 4;
// The highest specification version that is taken for one.
inline constexpr std::uint64_t kMaxCoremlVersion = 100;

// Whether the bytes begin with a Model message: a version, a description with inputs or outputs,
// and one of the model types.
std::optional<ModelProbe> probe_coreml(ByteSpan bytes);

// Everything the model says: neural networks layer by layer, programs operation by operation,
// pipelines model after model; other types (trees, support vectors ...) as one operator. Class
// labels; metadata. Images are uint8 tensors of channels, height, width. A program's weights lie in
// another file: a gap, and weight_file_size is not known, as that file is padded.
ModelGraph describe_coreml(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
