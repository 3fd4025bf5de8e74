// SPDX-License-Identifier: Apache-2.0
// From a bitmap's expression to the steps that made it: source, decoding, face crop, crops,
// resizes, pixel formats.
#pragma once

#include <string>
#include <vector>

#include "daylight/program/dex_flow/dex_flow_graph.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/pipeline_draft.h"

namespace dl::rebuild {

// Steps between a source and a tensor that are followed.
inline constexpr int kMaxPictureSteps = 40;

struct PictureSteps {
  std::vector<DraftStep> steps;  // from the source on
  std::int64_t width = 0;        // of the last picture; 0: not known
  std::int64_t height = 0;
  std::vector<std::string> gaps;  // what could not be followed
};

// Reads the chain backwards from `bitmap`. Always begins with a source and a decoding step; what is
// not understood in between is left out with a gap.
PictureSteps read_picture(program::FlowGraph& graph, program::NodeId bitmap,
                          const CodeEvidence& evidence);

// Alternatives to a resize kernel that was not read from code.
std::vector<Alternative> kernel_alternatives(const Json& params);

}  // namespace dl::rebuild
