// SPDX-License-Identifier: Apache-2.0
// No claim goes beyond its evidence.
#include "daylight/report/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Inventory with_tasks(std::vector<TaskRecord> tasks) {
  Inventory inventory;
  inventory.tasks = std::move(tasks);
  return inventory;
}

TaskRecord task(const std::string& name, bool sensitive, Use use) {
  TaskRecord record;
  record.task = name;
  record.sensitive = sensitive;
  record.confidence = "high";
  record.use = use;
  return record;
}

TEST(Claims, PresenceIsNotUse) {
  EXPECT_THAT(claims_about(with_tasks({task("age", true, Use::kPresent)})),
              Each(AllOf(Not(HasSubstr("infers")), HasSubstr("not known"))));
}

TEST(Claims, ReachableTasksAreInferred) {
  const auto claims = claims_about(
      with_tasks({task("age", true, Use::kReachable), task("gender", true, Use::kAnswered),
                  task("face-detection", false, Use::kReachable)}));
  EXPECT_THAT(claims, ElementsAre("The app infers age and gender: a path leads from its entry "
                                  "points to the code that does.",
                                  "It also does face detection."));
}

TEST(Claims, TheWeakestUseIsWhatIsSaid) {
  EXPECT_THAT(claims_about(with_tasks(
                  {task("age", true, Use::kExecuted), task("race", true, Use::kAnswered)})),
              ElementsAre("The app infers age and race: that code was seen to run."));
}

TEST(Claims, ATaskSeenTwiceCountsOnceAtItsBestUse) {
  EXPECT_THAT(claims_about(with_tasks(
                  {task("age", true, Use::kPresent), task("age", true, Use::kReachable)})),
              ElementsAre(HasSubstr("infers age:")));
}

TEST(Claims, AModelOfUnknownPurposeIsNoTask) {
  EXPECT_THAT(
      claims_about(with_tasks({task("other", false, Use::kReachable)})),
      ElementsAre("By its reachable code, the app runs a model whose purpose is not known."));
  EXPECT_THAT(
      claims_about(
          with_tasks({task("age", true, Use::kReachable), task("other", false, Use::kReachable),
                      task("other", false, Use::kReachable), task("other", false, Use::kPresent)})),
      ElementsAre(HasSubstr("infers age:"), "It also runs 2 models whose purpose is not known.",
                  "The app also contains a model whose purpose is not known; no path from "
                  "its entry points to it was found."));
}

TEST(Claims, NothingFoundIsSaid) {
  EXPECT_THAT(claims_about(Inventory{}), ElementsAre(HasSubstr("No machine learning was found")));
}

TEST(Claims, FailuresAreCountedByHead) {
  Assessment assessment;
  assessment.outcomes = {{"age", "", "", "ok", 590},
                         {"age", "", "", "no-face", 7},
                         {"age", "", "", "crash", 3},
                         {"age", "race", "A", "crash", 3},
                         {"gender", "", "", "ok", 600}};
  ReportInputs inputs;
  inputs.assessment = &assessment;
  EXPECT_EQ(failure_sentence(inputs), "10 of 600 for age (7 no-face, 3 crash)");
  assessment.outcomes = {{"gender", "", "", "ok", 600}};
  EXPECT_EQ(failure_sentence(inputs), "none: every picture was answered");
}

}  // namespace
}  // namespace dl
