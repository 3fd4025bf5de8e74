// SPDX-License-Identifier: Apache-2.0
// Models that come as two files: a graph and its weights.
#pragma once

#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Files beside one graph that are tried as its weights.
inline constexpr std::size_t kMaxWeightCandidates = 64;

// Joins graphs and weights that lie in one folder: ncnn networks with the file that their layers
// read exactly to its end (whatever it is named), and formats whose two halves have a format each
// (Caffe, TNN, Paddle, MXNet) where the names agree or nothing else is there. The half with the
// weights is a companion of the graph (of Caffe, whose weight file has the graph too, the other way
// round) and no model of its own. Gaps that were about a companion go.
void pair_models(const program::AppPackage& app, std::vector<ModelRecord>& models,
                 std::vector<Gap>& gaps);

}  // namespace dl
