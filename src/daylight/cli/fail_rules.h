// SPDX-License-Identifier: Apache-2.0
// --fail-on: rules over the artifacts that a build or a store's intake can stop on.
#pragma once

#include <string>
#include <vector>

#include "daylight/report/inventory_diff.h"
#include "daylight/report/reporter.h"

namespace dl::cli {

struct RuleOutcome {
  bool broken = false;
  bool undecided = false;
  std::vector<std::string> lines;  // one for each rule that is broken or undecided
};

// disparity: a verdict found one (undecided: none found, some not decidable, or nothing was
// assessed). sensitive-task: a sensitive task whose use is reachable or more (undecided: only
// present). gap: something could not be read.
RuleOutcome judge_rules(const std::vector<std::string>& rules, const ReportInputs& artifacts);

// new-sensitive-task: the new version has a sensitive task that is reachable or more, and the old
// one did not have it so (undecided: it is only present). new-model: a model that the old version
// did not have, also one that was replaced or retrained. change: anything differs.
RuleOutcome judge_diff_rules(const std::vector<std::string>& rules, const InventoryDiff& diff);

}  // namespace dl::cli
