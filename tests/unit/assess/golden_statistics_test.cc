// SPDX-License-Identifier: Apache-2.0
// Intervals, tests and adjustments against numbers computed by statsmodels, scipy and R
// (tests/golden/golden.json).
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "daylight/assess/hypothesis_tests.h"
#include "daylight/assess/intervals.h"
#include "daylight/assess/mean_bootstrap.h"
#include "daylight/assess/multiplicity.h"
#include "daylight/assess/power.h"
#include "daylight/assess/special_functions.h"
#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::assess {
namespace {

using nlohmann::json;

constexpr double kExact = 1e-12;
constexpr double kTail = 1e-9;

// The case with this id; the file belongs to the project, so its absence is a failure.
const json& golden(const std::string& id) {
  static const json cases = [] {
    const auto text = read_file(dl::testing::project_file("tests/golden/golden.json"));
    return text ? json::parse(*text)["cases"] : json::array();
  }();
  static const json none;
  for (const json& item : cases) {
    if (item["id"] == id) return item;
  }
  ADD_FAILURE() << "no golden case " << id;
  return none;
}

// Relative where the number is not near zero.
void expect_close(double value, double expected, double tolerance, const std::string& what) {
  EXPECT_LE(std::abs(value - expected), tolerance * std::max(1.0, std::abs(expected)))
      << what << ": " << value << " is not " << expected;
}
void expect_tail(double value, double expected, const std::string& what) {
  EXPECT_LE(std::abs(value - expected), kTail * std::abs(expected))
      << what << ": " << value << " is not " << expected;
}

void check_proportions(const std::string& id, ProportionMethod method) {
  const json& item = golden(id);
  const json& pairs = item["input"]["k_n"];
  ASSERT_GE(pairs.size(), 9U);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Count count = {pairs[i][0], pairs[i][1]};
    const auto interval = proportion_interval(count, 0.95, method);
    ASSERT_TRUE(interval);
    const std::string what = id + " " + pairs[i].dump();
    expect_close(interval->low, item["expected"][i][0], kExact, what);
    expect_close(interval->high, item["expected"][i][1], kExact, what);
  }
}

TEST(GoldenIntervals, Wilson) { check_proportions("ci_wilson", ProportionMethod::kWilson); }
TEST(GoldenIntervals, ClopperPearson) {
  check_proportions("ci_clopper_pearson", ProportionMethod::kClopperPearson);
}
TEST(GoldenIntervals, Jeffreys) { check_proportions("ci_jeffreys", ProportionMethod::kJeffreys); }

std::pair<Count, Count> two_counts(const json& row) { return {{row[0], row[1]}, {row[2], row[3]}}; }

TEST(GoldenIntervals, NewcombeDifference) {
  const json& item = golden("ci2_diff_newcomb");
  const json& rows = item["input"]["k1_n1_k2_n2"];
  ASSERT_EQ(rows.size(), 4U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [a, b] = two_counts(rows[i]);
    const auto interval = newcombe_difference(a, b, 0.95);
    ASSERT_TRUE(interval);
    expect_close(interval->low, item["expected"][i][0], kExact, rows[i].dump());
    expect_close(interval->high, item["expected"][i][1], kExact, rows[i].dump());
  }
}

TEST(GoldenIntervals, ScoreRatio) {
  const json& item = golden("ci2_ratio_score");
  const json& rows = item["input"]["k1_n1_k2_n2"];
  std::size_t undefined = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [a, b] = two_counts(rows[i]);
    const auto interval = score_ratio(a, b, 0.95);
    if (item["expected"][i][0].is_string()) {
      EXPECT_FALSE(interval) << rows[i].dump();
      ++undefined;
      continue;
    }
    ASSERT_TRUE(interval && interval->high);
    // The oracle finds its bounds by a root search that stops at about 1e-11.
    expect_close(interval->low, item["expected"][i][0], kTail, rows[i].dump());
    expect_close(*interval->high, item["expected"][i][1], kTail, rows[i].dump());
  }
  EXPECT_EQ(undefined, 1U);
}

TEST(GoldenIntervals, RatioWithAZeroHasOneBound) {
  const auto none_in_group = score_ratio({0, 10}, {5, 20}, 0.95);
  ASSERT_TRUE(none_in_group && none_in_group->high);
  EXPECT_EQ(none_in_group->low, 0.0);
  EXPECT_GT(*none_in_group->high, 0.5);
  const auto none_in_rest = score_ratio({5, 20}, {0, 10}, 0.95);
  ASSERT_TRUE(none_in_rest);
  EXPECT_FALSE(none_in_rest->high);
  // The two are each other's reciprocals.
  EXPECT_NEAR(none_in_rest->low, 1.0 / *none_in_group->high, 1e-9);
}

TEST(GoldenIntervals, PercentileAndBcaOfFixedReplicates) {
  const json& item = golden("bootstrap_mean_fixed_replicates");
  std::vector<double> replicates = item["input"]["replicates"];
  const std::vector<double> x = item["input"]["x"];
  std::sort(replicates.begin(), replicates.end());
  const Interval percentile = percentile_interval(replicates, 0.95);
  expect_close(percentile.low, item["expected"]["percentile"][0], kExact, "percentile low");
  expect_close(percentile.high, item["expected"]["percentile"][1], kExact, "percentile high");
  const Moments moments = moments_of(x);
  const double acceleration = moments.m3 / (6.0 * std::pow(moments.m2, 1.5));
  // The mean as numpy sums it: whether a replicate ties with it hangs on its last bit.
  const double numpy_mean = 3.858333333333334;
  ASSERT_NEAR(moments.mean, numpy_mean, 1e-14);
  const auto bca = bca_interval(replicates, numpy_mean, acceleration, 0.95);
  ASSERT_TRUE(bca);
  expect_close(bca->low, item["expected"]["BCa"][0], kExact, "BCa low");
  expect_close(bca->high, item["expected"]["BCa"][1], kExact, "BCa high");
}

TEST(GoldenTests, PooledZ) {
  const json& item = golden("two_prop_z_pooled");
  const json& rows = item["input"]["k1_n1_k2_n2"];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [a, b] = two_counts(rows[i]);
    const TestOutcome z = pooled_z_test(a, b);
    ASSERT_TRUE(z.p);
    expect_close(*z.statistic, item["expected"][i][0], kExact, "z");
    expect_tail(*z.p, item["expected"][i][1], "p");
  }
}

TEST(GoldenTests, FisherExact) {
  const json& item = golden("fisher_exact");
  const json& tables = item["input"]["tables"];
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::uint64_t a = tables[i][0][0];
    const std::uint64_t b = tables[i][0][1];
    const std::uint64_t c = tables[i][1][0];
    const std::uint64_t d = tables[i][1][1];
    const FisherResult fisher = fisher_exact_test({a, a + b}, {c, c + d});
    expect_tail(fisher.p, item["expected"][i][1], tables[i].dump());
    EXPECT_LE(fisher.mid_p, fisher.p);
  }
}

TEST(GoldenTests, ChiSquaredOfSevenGroups) {
  const json& item = golden("chi2_7x2_deepface_gender_correct_by_race");
  std::vector<Count> groups;
  std::vector<std::uint64_t> table;
  for (const json& row : item["input"]["table_ok_err"]) {
    groups.push_back({row[0], row[0].get<std::uint64_t>() + row[1].get<std::uint64_t>()});
    table.push_back(row[0]);
    table.push_back(row[1]);
  }
  const TestOutcome chi = chi_squared_test(groups);
  ASSERT_TRUE(chi.p);
  expect_close(*chi.statistic, item["expected"]["chi2"], kExact, "chi2");
  EXPECT_EQ(*chi.df, item["expected"]["dof"].get<double>());
  expect_tail(*chi.p, item["expected"]["p"], "p");
  const TableTest independence = independence_test(table, 2);
  expect_close(*independence.test.statistic, item["expected"]["chi2"], kExact, "independence");
  expect_close(independence.cramers_v, item["expected"]["cramers_v"], kExact, "Cramér's V");
}

TEST(GoldenTests, Adjustments) {
  const std::pair<const char*, Adjustment> kCases[] = {
      {"adjust_fdr_bh", Adjustment::kBenjaminiHochberg},
      {"adjust_fdr_by", Adjustment::kBenjaminiYekutieli},
      {"adjust_holm", Adjustment::kHolm},
      {"adjust_simes-hochberg", Adjustment::kHochberg},
      {"adjust_bonferroni", Adjustment::kBonferroni}};
  for (const auto& [id, adjustment] : kCases) {
    const json& item = golden(id);
    const std::vector<double> p = item["input"]["p"];
    const auto adjusted = adjust_p_values(p, adjustment);
    ASSERT_EQ(adjusted.size(), p.size());
    for (std::size_t i = 0; i < p.size(); ++i) {
      expect_close(adjusted[i], item["expected"]["adjusted"][i], kExact, id);
    }
    // The order given does not matter.
    std::vector<double> reversed(p.rbegin(), p.rend());
    const auto mirrored = adjust_p_values(reversed, adjustment);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_EQ(mirrored[p.size() - 1 - i], adjusted[i]) << id;
    }
  }
}

TEST(GoldenTests, PowerOfTwoProportions) {
  const json& item = golden("power_two_prop");
  const double p1 = item["input"]["p1"];
  const double p2 = item["input"]["p2"];
  expect_close(rate_test_power(p1, p2, 200, 200, 0.05), item["expected"]["power_n200"], kTail,
               "power");
}

TEST(GoldenTests, DetectableDifferenceHasThePowerThatItNames) {
  const Count rest = {879, 1000};
  const auto difference = detectable_rate_difference(rest, 200, 0.05);
  ASSERT_TRUE(difference);
  EXPECT_NEAR(rate_test_power(0.879 - *difference, 0.879, 200, 1000, 0.05), kPower, 1e-9);
  EXPECT_FALSE(detectable_rate_difference({1, 2}, 2, 0.05));
  // Where nobody of the rest failed the approximation alone would find no difference at all.
  EXPECT_NEAR(*detectable_rate_difference({0, 96560}, 808, 0.05), 5.0 / 808.0, 1e-12);
  EXPECT_NEAR(*detectable_rate_difference({1000, 1000}, 50, 0.05), 0.1, 0.02);
}

TEST(GoldenTests, FailureToDetectByRaceOfFiveDetectors) {
  const json& item = golden("anchor_detector_fte_fairface_val");
  std::size_t compared = 0;
  for (const auto& [detector, expected] : item["expected"].items()) {
    for (const char* attribute : {"race", "gender"}) {
      std::vector<Count> groups;
      for (const auto& [group, counts] : expected[std::string("by_") + attribute].items()) {
        groups.push_back({counts[0], counts[1]});
      }
      // Our pooled z of two groups is the square root of chi-squared without a continuity
      // correction; the golden numbers of 2 x 2 tables carry one, so only tables with more rows are
      // compared.
      if (groups.size() == 2) continue;
      const TestOutcome chi = chi_squared_test(groups);
      expect_close(*chi.statistic, expected[std::string("chi2_") + attribute], 1e-9, detector);
      expect_tail(*chi.p, expected[std::string("p_") + attribute], detector);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 5U);
}

TEST(GoldenTests, OneSidedCountsAreNotEstimable) {
  for (const std::pair<Count, Count>& pair :
       {std::pair<Count, Count>{{0, 10}, {0, 20}}, {{10, 10}, {20, 20}}, {{0, 0}, {5, 20}}}) {
    const TestOutcome outcome = rate_difference_test(pair.first, pair.second);
    EXPECT_FALSE(outcome.p);
    EXPECT_FALSE(outcome.why.empty());
  }
  EXPECT_FALSE(proportion_interval({0, 0}, 0.95));
  EXPECT_FALSE(newcombe_difference({0, 0}, {1, 2}, 0.95));
}

TEST(SpecialFunctions, ArgumentsOutsideTheDomainGiveNan) {
  EXPECT_TRUE(std::isnan(normal_quantile(0.0)));
  EXPECT_TRUE(std::isnan(normal_quantile(1.0)));
  EXPECT_TRUE(std::isnan(chi_squared_upper_tail(-1.0, 3.0)));
  EXPECT_TRUE(std::isnan(chi_squared_upper_tail(1.0, 0.0)));
  EXPECT_TRUE(std::isnan(f_upper_tail(1.0, 0.0, 2.0)));
  EXPECT_TRUE(std::isnan(student_t_two_sided(1.0, -2.0)));
  EXPECT_TRUE(std::isnan(beta_quantile(1.5, 1.0, 1.0)));
  EXPECT_TRUE(std::isnan(log_choose(2, 3)));
  EXPECT_NEAR(normal_cdf(normal_quantile(1e-300)) / 1e-300, 1.0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-15);
}

}  // namespace
}  // namespace dl::assess
