// SPDX-License-Identifier: Apache-2.0
// Boosted trees: XGBoost in its three encodings, CatBoost.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Objects inside of objects of binary JSON that are followed.
inline constexpr int kMaxUbjsonDepth = 64;

// A universal binary JSON object whose first member is "learner" and which is whole (exact size),
// the "binf" format whose parameters name an objective and a booster, or the learner as JSON (size
// of both: the range's). Facts: encoding, objective, booster, features, version as far as the
// encoding tells.
std::optional<ModelProbe> probe_xgboost(ByteSpan bytes);

// "CBM1", a size, a flatbuffer that calls itself a CatBoost model. Facts: format, parts.
std::optional<ModelProbe> probe_catboost(ByteSpan bytes);

}  // namespace dl
