// SPDX-License-Identifier: Apache-2.0
// The source files of TorchScript archives: a language of their own that looks like Python.
#pragma once

#include <string_view>

#include "daylight/format/model/model_graph.h"

namespace dl {

// Adds the calls of one file in its order as operators ("torch.conv2d",
// "ops.prepacked.linear_run"), with their arguments as detail: literals as they stand, names as
// "_", constants as "C". The arguments and the result of the first function called "forward" become
// borders, if there are none yet. Cost: linear in the text.
void add_torch_source(std::string_view source, ModelGraph& graph);

}  // namespace dl
