// SPDX-License-Identifier: Apache-2.0
// LightGBM models in their text form.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"

namespace dl {

// "tree", a header of key=value lines, trees. Facts: version, objective, classes, features, trees.
std::optional<ModelProbe> probe_lightgbm(ByteSpan bytes);

}  // namespace dl
