// SPDX-License-Identifier: Apache-2.0
// Estimates sorted into measures.
#include "daylight/report/measure_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report_fixture.h"

namespace dl {
namespace {

Estimate estimate(const std::string& head, const std::string& metric, const std::string& group,
                  const std::string& denominator = "all") {
  Estimate result;
  result.head = head;
  result.metric = metric;
  result.attribute = group.empty() ? "" : "race";
  result.group = group;
  result.value = 0.5;
  result.denominator = denominator;
  return result;
}

Disparity disparity(const std::string& metric, const std::string& group, double p_adjusted) {
  Disparity result;
  result.head = "age";
  result.metric = metric;
  result.attribute = "race";
  result.group = group;
  result.kind = "difference";
  result.p_adjusted = p_adjusted;
  return result;
}

TEST(MeasureTables, MainMeasureComesFirstAndVariantsLast) {
  Assessment assessment;
  assessment.estimates = {
      estimate("gender", "failure_rate", ""), estimate("gender", "accuracy", "", "answered"),
      estimate("gender", "accuracy", ""), estimate("age", "mae", "", "answered")};
  const auto tables = measure_tables(assessment, nullptr);
  ASSERT_EQ(tables.size(), 4U);
  EXPECT_EQ(tables[0].measure, (Measure{"gender", "accuracy", "", "all"}));
  EXPECT_EQ(tables[1].measure.metric, "failure_rate");
  EXPECT_EQ(tables[2].measure, (Measure{"gender", "accuracy", "", "answered"}));
  // The only variant of a measure is not put last.
  EXPECT_EQ(tables[3].measure, (Measure{"age", "mae", "", "answered"}));
  EXPECT_LT(tables[3].rank, 10);
}

TEST(MeasureTables, GroupsStandOutByTheCorrectedP) {
  Assessment assessment;
  assessment.settings = {{"fdr", 0.01}};
  assessment.estimates = {estimate("age", "mae", "A", "answered"),
                          estimate("age", "mae", "B", "answered"),
                          estimate("age", "mae_lower", "A", "answered")};
  assessment.disparities = {disparity("mae", "A", 0.009), disparity("mae", "B", 0.02)};
  const auto tables = measure_tables(assessment, nullptr);
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_TRUE(tables[0].rows[0].stands_out);
  EXPECT_FALSE(tables[0].rows[1].stands_out);
  EXPECT_TRUE(tables[1].rows[0].stands_out);
}

TEST(MeasureTables, EveryEstimateIsSomewhere) {
  const auto fixture = testing::read_report_fixture();
  std::size_t found = 0;
  for (const MeasureTable& table : measure_tables(fixture.assessment, &fixture.pipeline)) {
    found += table.rows.size() + (table.everyone != nullptr ? 1 : 0);
  }
  EXPECT_EQ(found, fixture.assessment.estimates.size());
}

}  // namespace
}  // namespace dl
