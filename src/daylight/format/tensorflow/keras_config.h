// SPDX-License-Identifier: Apache-2.0
// Keras's own description of a model: the JSON that both its file formats hold.
#pragma once

#include <string_view>

#include "daylight/format/model/model_graph.h"

namespace dl {

// Adds the layers of a model's configuration to the graph: operators in order (class name, the
// configuration's numbers, switches and short texts as detail), inputs from layers that fix a batch
// shape. In a sequential model each layer takes what the one before it gives, and the last one is
// the output. Keras writes no outputs' shapes. What cannot be read becomes a gap of `graph`.
void add_keras_config(std::string_view json, ModelGraph& graph);

}  // namespace dl
