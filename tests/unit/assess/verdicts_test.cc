// SPDX-License-Identifier: Apache-2.0
// What a verdict may quote.
#include "daylight/assess/verdicts.h"

#include "assess_fixture.h"

namespace dl::assess {
namespace {

// A hypothesis whose omnibus test is significant, with two groups of these adjusted p.
Draft significant_draft(double p_young, double p_old) {
  Draft draft;
  TestResult test;
  test.id = "gender/accuracy/age";
  test.method = "chi-squared";
  test.family = kErrorFamily;
  test.p = 0.001;
  test.p_adjusted = 0.01;
  draft.assessment.tests.push_back(test);
  Hypothesis hypothesis;
  hypothesis.head = "gender";
  hypothesis.metric = "accuracy";
  hypothesis.attribute = "age";
  hypothesis.test = 0;
  for (const auto& [group, p] : {std::pair("0-2", p_young), std::pair("70+", p_old)}) {
    Disparity disparity;
    disparity.group = group;
    disparity.value = -0.24;
    disparity.low = -0.4;
    disparity.high = -0.08;
    disparity.p_adjusted = p;
    hypothesis.differences.push_back(draft.assessment.disparities.size());
    draft.assessment.disparities.push_back(disparity);
  }
  draft.hypotheses.push_back(hypothesis);
  return draft;
}

Verdict verdict_of(double p_young, double p_old) {
  Draft draft = significant_draft(p_young, p_old);
  add_verdicts(draft, AssessOptions{});
  return draft.assessment.verdicts.at(0);
}

TEST(VerdictText, OnlyASignificantGroupIsNamed) {
  const Verdict verdict = verdict_of(0.21, 0.03);
  EXPECT_EQ(verdict.outcome, "disparity-found");
  EXPECT_NE(verdict.text.find("70+ against the rest"), std::string::npos) << verdict.text;
  EXPECT_EQ(verdict.text.find("0-2"), std::string::npos) << verdict.text;
  EXPECT_EQ(verdict.basis.size(), 2U);
}

TEST(VerdictText, WhereNoGroupStandsOutNoneIsNamed) {
  const Verdict verdict = verdict_of(0.21, 0.3);
  EXPECT_EQ(verdict.outcome, "disparity-found");
  EXPECT_NE(verdict.text.find("No single group stands out"), std::string::npos) << verdict.text;
  EXPECT_EQ(verdict.text.find("against the rest"), std::string::npos) << verdict.text;
  EXPECT_EQ(verdict.basis, std::vector<std::string>{"test gender/accuracy/age"});
}

}  // namespace
}  // namespace dl::assess
