// SPDX-License-Identifier: Apache-2.0
// --fail-on rules: broken, undecided, kept.
#include "daylight/cli/fail_rules.h"

#include <gtest/gtest.h>

namespace dl::cli {
namespace {

Assessment with_outcomes(const std::vector<std::string>& outcomes) {
  Assessment assessment;
  for (const std::string& outcome : outcomes) {
    Verdict verdict;
    verdict.outcome = outcome;
    assessment.verdicts.push_back(verdict);
  }
  return assessment;
}

RuleOutcome judge_assessment(const Assessment& assessment) {
  ReportInputs inputs;
  inputs.assessment = &assessment;
  return judge_rules({"disparity"}, inputs);
}

TEST(FailRules, Disparity) {
  const auto broken =
      judge_assessment(with_outcomes({"no-disparity-found", "disparity-found", "not-decidable"}));
  EXPECT_TRUE(broken.broken);
  const auto undecided = judge_assessment(with_outcomes({"no-disparity-found", "not-decidable"}));
  EXPECT_FALSE(undecided.broken);
  EXPECT_TRUE(undecided.undecided);
  const auto kept = judge_assessment(with_outcomes({"no-disparity-found"}));
  EXPECT_FALSE(kept.broken || kept.undecided);
  EXPECT_TRUE(judge_assessment(with_outcomes({})).undecided) << "nothing assessed decides nothing";
  EXPECT_TRUE(judge_rules({"disparity"}, {}).undecided);
}

TEST(FailRules, SensitiveTask) {
  Inventory inventory;
  ReportInputs inputs;
  inputs.inventory = &inventory;
  EXPECT_FALSE(judge_rules({"sensitive-task"}, inputs).broken);
  TaskRecord task;
  task.task = "age";
  task.sensitive = true;
  task.use = Use::kPresent;
  inventory.tasks = {task};
  EXPECT_TRUE(judge_rules({"sensitive-task"}, inputs).undecided);
  inventory.tasks[0].use = Use::kReachable;
  EXPECT_TRUE(judge_rules({"sensitive-task"}, inputs).broken);
  inventory.tasks[0].sensitive = false;
  EXPECT_TRUE(judge_rules({"sensitive-task"}, inputs).lines.empty());
}

TEST(FailRules, Gap) {
  Inventory inventory;
  ReportInputs inputs;
  inputs.inventory = &inventory;
  EXPECT_FALSE(judge_rules({"gap"}, inputs).broken);
  inventory.gaps = {{"classes.dex", "damaged"}};
  EXPECT_TRUE(judge_rules({"gap"}, inputs).broken);
}

}  // namespace
}  // namespace dl::cli
