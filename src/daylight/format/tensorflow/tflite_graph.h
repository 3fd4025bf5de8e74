// SPDX-License-Identifier: Apache-2.0
// A TensorFlow Lite model in the terms that all formats share.
#pragma once

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Everything that the model and the metadata in it say. The graph hash is tflite_graph_hash's;
// operators are those of all subgraphs, in their order; labels come from the first label file that
// lies behind the model and that the metadata ties to an output (or, where it ties none, whose
// name says "label"). Metadata keys: converter_description, name, description, version, author,
// license, min_runtime_version, for tensor n of the border input_n.name, input_n.description,
// input_n.color_space, input_n.mean, input_n.std, input_n.min, input_n.max (numbers with spaces
// between them), output_n.… the same, label_file. `bytes` begins with the model and may go on
// behind it.
ModelGraph describe_tflite_graph(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
