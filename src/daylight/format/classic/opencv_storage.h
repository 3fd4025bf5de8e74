// SPDX-License-Identifier: Apache-2.0
// What OpenCV's file storage holds as XML or YAML: cascades of classifiers, and models of its
// machine learning module.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Bytes before the root element: a declaration and a licence in a comment.
inline constexpr std::size_t kMaxStoragePreamble = 64U << 10U;
// Stages of a cascade that are listed as operators.
inline constexpr std::size_t kMaxCascadeStages = 1000;

// A cascade: Haar, LBP or HOG features, also the older Haar format; or a tree of one of the machine
// learning classes (facts: "class").
std::optional<ModelProbe> probe_opencv_cascade(ByteSpan bytes);
std::optional<ModelProbe> probe_opencv_ml(ByteSpan bytes);

// A cascade as a graph: a grey window in, one operator for each stage with its number of weak
// classifiers, a decision out. Weights are the numbers of the classifiers and features.
ModelGraph describe_opencv_cascade(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
