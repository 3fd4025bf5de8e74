// SPDX-License-Identifier: Apache-2.0
// From a value that an app shows to the steps between the model's output and that value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/dex_flow.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/pipeline_draft.h"

namespace dl::rebuild {

// One answer: which run it comes from and what is done to it, from the output on. Without the sink.
struct AnswerReading {
  std::uint32_t run = 0;
  std::vector<DraftStep> steps;
  std::string kind;                 // scalar|scores|label
  std::vector<std::string> labels;  // in output order, where the answer is a label
  std::string label_asset;          // the asset file that the labels come from, if they do
  std::string caption;              // constant text right before it in what is shown
  bool integer = false;             // shown as an integer
  std::vector<Evidence> shown;      // what makes it one
  std::string why;                  // what was not understood; then steps end before it
};

// Splits a shown value into its parts and reads those that come from a model. `models` by run: the
// model that the run uses, for output shapes; null where it is not known.
std::vector<AnswerReading> read_answers(program::FlowGraph& graph, program::NodeId shown,
                                        const std::vector<const ModelRecord*>& models,
                                        const CodeEvidence& evidence);

// Labels and scores that are put side by side at the same place (a list of label and score pairs
// that is sorted later): the answer is the label of the highest score. Nothing if `values` hold no
// such pair.
std::optional<AnswerReading> read_pairs(program::FlowGraph& graph,
                                        const std::vector<program::NodeId>& values,
                                        std::uint32_t run,
                                        const std::vector<const ModelRecord*>& models,
                                        const CodeEvidence& evidence);

// The runs whose outputs a value depends on, in order.
std::vector<std::uint32_t> runs_behind(const program::FlowGraph& graph, program::NodeId value);

}  // namespace dl::rebuild
