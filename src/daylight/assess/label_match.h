// SPDX-License-Identifier: Apache-2.0
// Brings the labels that a head answers and the labels of its truth together, or says which one is
// unknown.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/assess/assess_options.h"

namespace dl::assess {

inline constexpr int kNoLabel = -1;

struct LabelMatch {
  std::vector<std::string> labels;  // the truth's labels, then labels that are only answered
  std::map<std::string, int>
      of_truth;  // spelling in the samples -> index; kNoLabel: a rule makes it no truth
  std::map<std::string, int>
      of_answer;  // spelling in the predictions -> index; kNoLabel: no answer
  std::vector<std::pair<std::string, std::string>> map;  // spelling -> label, where they differ
};

// What is matched, for messages.
struct LabelContext {
  std::string head;
  std::string column;
  std::string predictions_name;
  std::string samples_name;
  const std::vector<LabelRule>* rules = nullptr;
  const std::vector<std::string>* vocabulary =
      nullptr;  // what the head can answer; null: not known
};

// `truth` and `answered` hold each spelling with the line (truth) it is first seen in and how often
// it is seen.
struct SeenLabel {
  std::string spelling;
  std::size_t times = 0;
  std::size_t line = 0;
};

Result<LabelMatch> match_labels(const std::vector<SeenLabel>& truth,
                                const std::vector<SeenLabel>& answered,
                                const LabelContext& context);

}  // namespace dl::assess
