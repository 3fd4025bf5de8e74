// SPDX-License-Identifier: Apache-2.0
// From a value that an app shows to the answers in it.
#pragma once

#include <optional>
#include <vector>

#include "daylight/rebuild/value_reading.h"

namespace dl::rebuild {

// Splits a shown value into its parts and reads those that come from a model.
std::vector<AnswerReading> read_answers(const AnswerSources& sources, program::NodeId shown);

// Labels and scores that are put side by side at the same place (a list of label and score pairs
// that is sorted later): the answer is the label of the highest score. Nothing if `values` hold no
// such pair.
std::optional<AnswerReading> read_pairs(const AnswerSources& sources,
                                        const std::vector<program::NodeId>& values,
                                        std::uint32_t run);

// The runs whose outputs a value depends on, in order.
std::vector<std::uint32_t> runs_behind(const program::FlowGraph& graph, program::NodeId value);

}  // namespace dl::rebuild
