// SPDX-License-Identifier: Apache-2.0
// Darknet networks: .cfg files of sections. The weights lie in a file beside it.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// A configuration that begins with [net] or [network] and has sections of known layers.
std::optional<ModelProbe> probe_darknet(ByteSpan bytes);
// Layers as operators with the options that are no training settings. Each layer takes the one
// before it; routes and shortcuts keep their numbers as details.
ModelGraph describe_darknet(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
