// SPDX-License-Identifier: Apache-2.0
// Model formats that are JSON documents.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// XGBoost's learner as JSON. Facts: encoding, objective, booster, trees, features, version.
std::optional<ModelProbe> probe_xgboost_json(ByteSpan bytes);

// An MXNet symbol: nodes with operators, whose parameters lie in another file.
std::optional<ModelProbe> probe_mxnet_symbol(ByteSpan bytes);
ModelGraph describe_mxnet_symbol(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
