// SPDX-License-Identifier: Apache-2.0
// TNN networks: the text file (.tnnproto) beside the weights (.tnnmodel).
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"

namespace dl {

// Quoted lines: counts, inputs with their shapes, blobs, outputs, then one line for each layer.
// Facts: inputs, outputs, layers, version.
std::optional<ModelProbe> probe_tnn_proto(ByteSpan bytes);

}  // namespace dl
