// SPDX-License-Identifier: Apache-2.0
// Model formats that are JSON documents, and the binary form of one of them (UBJSON).
#pragma once

#include <optional>

#include "daylight/format/model_graph.h"
#include "daylight/format/model_probe.h"

namespace dl {

// Bytes of a document that is parsed; a larger one is no model here.
inline constexpr std::size_t kMaxJsonModel = 64U << 20U;
// Containers inside containers of the binary form, and values of one document.
inline constexpr int kMaxUbjDepth = 32;
inline constexpr std::uint64_t kMaxUbjValues = 50'000'000;

// XGBoost's learner, as JSON or UBJSON. Facts: objective, booster, trees, version.
std::optional<ModelProbe> probe_xgboost(ByteSpan bytes);

// An MXNet symbol: nodes with operators, whose parameters lie in another file.
std::optional<ModelProbe> probe_mxnet_symbol(ByteSpan bytes);
ModelGraph describe_mxnet_symbol(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
