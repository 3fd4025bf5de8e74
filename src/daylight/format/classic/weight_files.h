// SPDX-License-Identifier: Apache-2.0
// Files of weights of mobile runtimes: TNN, Paddle and Paddle-Lite, MXNet.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// TNN's weights (.tnnmodel): a magic, a count of layers, and a first layer with a type and names.
// The size is that of the range. Facts: version, layers, the first layer.
std::optional<ModelProbe> probe_tnn_model(ByteSpan bytes);

// Paddle-Lite's naive buffer (.nb): a version of the format, the version of the optimiser as text,
// a size of the topology that fits. The size is that of the range. Facts: version, optimiser.
std::optional<ModelProbe> probe_paddle_lite(ByteSpan bytes);

// Tensors that Paddle saved one behind the other (.pdiparams); all are walked, so the size is
// exact. Facts: tensors, parameters.
std::optional<ModelProbe> probe_paddle_params(ByteSpan bytes);

// MXNet's named arrays (.params), walked to their end. Facts: arrays, parameters, first names.
std::optional<ModelProbe> probe_mxnet_params(ByteSpan bytes);

}  // namespace dl
