// SPDX-License-Identifier: Apache-2.0
// Boosted trees in binary files: XGBoost (universal binary JSON and the format before it),
// CatBoost.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Objects inside of objects of binary JSON that are followed.
inline constexpr int kMaxUbjsonDepth = 64;

// A universal binary JSON object whose first member is "learner" and which is whole (exact size),
// or the "binf" format whose parameters name an objective and a booster (size: the range's). Facts:
// encoding, objective, booster, features, version as far as the encoding tells.
std::optional<ModelProbe> probe_xgboost_binary(ByteSpan bytes);

// "CBM1", a size, a flatbuffer that calls itself a CatBoost model. Facts: format, parts.
std::optional<ModelProbe> probe_catboost(ByteSpan bytes);

}  // namespace dl
