// SPDX-License-Identifier: Apache-2.0
// Numbers that cannot be true together are found, and those that can are left alone.
#include "daylight/cli/assessment_check.h"

#include <gtest/gtest.h>

namespace dl::cli {
namespace {

Estimate rate(double value, double low, double high, std::uint64_t n, double k) {
  Estimate e;
  e.head = "gender";
  e.metric = "accuracy";
  e.value = value;
  e.low = low;
  e.high = high;
  e.n = n;
  e.k = k;
  return e;
}

std::size_t problems_of(const Estimate& estimate) {
  Assessment assessment;
  assessment.estimates = {estimate};
  return implausible_numbers(assessment).size();
}

TEST(AssessmentCheck, ARateThatFitsItsCountIsFine) {
  EXPECT_EQ(problems_of(rate(0.5, 0.2, 0.8, 10, 5)), 0u);
  EXPECT_EQ(problems_of(rate(1.0, 0.7, 1.0, 10, 10)), 0u);
  EXPECT_EQ(problems_of(rate(0.91333, 0.88, 0.94, 600, 548)), 0u) << "rounded to five digits";
}

TEST(AssessmentCheck, AnErrorInYearsIsNoRate) {
  Estimate e = rate(12.5, 11, 14, 10, 0);
  e.metric = "mae";
  e.k.reset();
  EXPECT_EQ(problems_of(e), 0u);
  e.metric = "accuracy";
  EXPECT_EQ(problems_of(e), 1u);
}

TEST(AssessmentCheck, EachContradictionIsFound) {
  EXPECT_EQ(problems_of(rate(0.5, 0.8, 0.2, 10, 5)), 1u) << "upside down";
  EXPECT_EQ(problems_of(rate(0.5, 0.6, 0.8, 10, 5)), 1u) << "beside its value";
  EXPECT_EQ(problems_of(rate(0.5, 0.2, 0.8, 10, 6)), 1u) << "not k of n";
  EXPECT_EQ(problems_of(rate(1.0, 0.2, 1.0, 10, 11)), 1u) << "more than all";
  EXPECT_EQ(problems_of(rate(0.5, 5, 1, 10, 5)), 2u);
}

TEST(AssessmentCheck, AnAbsentBoundIsNoBound) {
  Disparity d;
  d.kind = "ratio";
  d.value = 2.0;
  d.low = 1.5;
  Assessment assessment;
  assessment.disparities = {d};
  EXPECT_TRUE(implausible_numbers(assessment).empty());
  assessment.disparities[0].low = 2.5;
  EXPECT_EQ(implausible_numbers(assessment).size(), 1u);
  assessment.disparities[0].low = 1.5;
  assessment.disparities[0].p = 1.5;
  EXPECT_EQ(implausible_numbers(assessment).size(), 1u);
}

}  // namespace
}  // namespace dl::cli
