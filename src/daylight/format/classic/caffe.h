// SPDX-License-Identifier: Apache-2.0
// Caffe networks: .caffemodel (NetParameter with LayerParameter or V1LayerParameter) and .prototxt.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// The highest field number that a fork of Caffe may have put into a layer.
inline constexpr std::uint32_t kMaxCaffeLayerField = 10'000'000;

// Whether the bytes begin with a network in the binary form: all fields follow the schema, and
// there is a layer with a type. Or whether they are a network in the text form: a whole file.
std::optional<ModelProbe> probe_caffe(ByteSpan bytes);

// Everything the network says; the two forms of one network have the same graph hash. The text form
// has no weights. Shapes of outputs are not worked out.
ModelGraph describe_caffe(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
