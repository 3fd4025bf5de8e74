// SPDX-License-Identifier: Apache-2.0
// What a reader of one model format gives: the model's size and its graph.
#pragma once

#include <cstdint>

#include "daylight/format/model/model_graph.h"

namespace dl {

// Whether the weights are hashed: a probe has no use for that, and it costs a pass over the model.
enum class ReadDepth : std::uint8_t { kProbe, kAll };

struct ReadModel {
  std::uint64_t size = 0;  // bytes from the start that the model needs
  // With kProbe, graph_hash and weights_hash stay empty. Its gaps are those of the whole model.
  ModelGraph graph;
};

}  // namespace dl
