// SPDX-License-Identifier: Apache-2.0
// The layers of a Core ML neural network.
#pragma once

#include <cstdint>
#include <string>

#include "daylight/format/model/graph_parts.h"

namespace dl {

// The weights of one model: those in it, and the number of those in other files.
struct CoremlWeights {
  WeightsDigest digest;
  std::uint64_t elsewhere = 0;
};

// Reads NeuralNetwork, NeuralNetworkClassifier or NeuralNetworkRegressor: layers become operators,
// the scaling of pictures a line of metadata. Tensors' names get the prefix.
void read_coreml_layers(ByteSpan network, const std::string& prefix, GraphFiller& filler,
                        CoremlWeights& weights);

}  // namespace dl
