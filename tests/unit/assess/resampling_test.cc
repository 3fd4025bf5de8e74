// SPDX-License-Identifier: Apache-2.0
// The bootstrap and the permutation tests against exact enumeration and against scipy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "daylight/assess/mean_bootstrap.h"
#include "daylight/assess/mean_permutation.h"
#include "daylight/assess/special_functions.h"
#include "support/shared_data.h"

namespace dl::assess {
namespace {

std::vector<double> skewed(std::size_t n, const char* purpose) {
  RandomStream stream(3, purpose);
  std::vector<double> values(n);
  for (double& value : values) value = std::exp(stream.normal());
  return values;
}

double sd_of(const std::vector<double>& values) { return std::sqrt(moments_of(values).variance()); }

TEST(Bootstrap, ReplicatesHaveTheSpreadOfTheMean) {
  for (const std::size_t n :
       {std::size_t{50}, std::size_t{4096}, std::size_t{4097}, std::size_t{50000}}) {
    const auto values = skewed(n, "values");
    RandomStream stream(1, "bootstrap");
    const ResampledMean mean = resample_mean(values, 4000, stream);
    const double expected = std::sqrt(mean.moments.m2) / static_cast<double>(n);
    EXPECT_NEAR(moments_of(mean.means).mean, mean.moments.mean, 5.0 * expected / std::sqrt(4000.0))
        << n;
    EXPECT_NEAR(sd_of(mean.means) / expected, 1.0, 0.05) << n;
  }
}

TEST(Bootstrap, BinnedAndSingleResamplingAgreeOnTheInterval) {
  auto values = skewed(4096, "agree");
  RandomStream one(1, "one");
  const ResampledMean single = resample_mean(values, 20000, one);
  auto more = values;
  more.push_back(moments_of(values).mean);  // one value more: binned
  RandomStream two(1, "two");
  const ResampledMean binned = resample_mean(more, 20000, two);
  const std::vector<ResampledMean> strata = {single, binned};
  const MeanBootstrap bootstrap(strata, 0.95, BootstrapMethod::kBca);
  const double width = *bootstrap.mean(0).high - *bootstrap.mean(0).low;
  EXPECT_NEAR(*bootstrap.mean(0).low, *bootstrap.mean(1).low, 0.04 * width);
  EXPECT_NEAR(*bootstrap.mean(0).high, *bootstrap.mean(1).high, 0.04 * width);
}

TEST(Bootstrap, DifferenceAndRatioAreThoseOfTheMeans) {
  std::vector<ResampledMean> strata;
  RandomStream stream(1, "strata");
  const std::vector<std::vector<double>> groups = {
      skewed(40, "a"), skewed(60, "b"), skewed(7, "c"), {}};
  for (const auto& group : groups) strata.push_back(resample_mean(group, 2000, stream));
  const MeanBootstrap bootstrap(strata, 0.95, BootstrapMethod::kBca);
  const double rest = (60.0 * strata[1].moments.mean + 7.0 * strata[2].moments.mean) / 67.0;
  EXPECT_NEAR(*bootstrap.difference(0).value, strata[0].moments.mean - rest, 1e-12);
  EXPECT_NEAR(*bootstrap.ratio(0).value, strata[0].moments.mean / rest, 1e-12);
  EXPECT_LT(*bootstrap.difference(0).low, *bootstrap.difference(0).value);
  EXPECT_GT(*bootstrap.difference(0).high, *bootstrap.difference(0).value);
  EXPECT_FALSE(bootstrap.mean(3).value);
  EXPECT_FALSE(bootstrap.difference(3).value);
  EXPECT_EQ(bootstrap.mean(0).method, "bootstrap-bca");
}

TEST(Bootstrap, WhatCannotVaryHasNoInterval) {
  std::vector<ResampledMean> strata;
  RandomStream stream(1, "strata");
  const std::vector<std::vector<double>> groups = {{1.0}, {2.0, 2.0, 2.0}, {0.0, 0.0}};
  for (const auto& group : groups) strata.push_back(resample_mean(group, 200, stream));
  const MeanBootstrap bootstrap(strata, 0.95, BootstrapMethod::kBca);
  for (std::size_t g = 0; g < 3; ++g) {
    EXPECT_TRUE(bootstrap.mean(g).value);
    EXPECT_FALSE(bootstrap.mean(g).low);
    EXPECT_FALSE(bootstrap.mean(g).why.empty());
    EXPECT_FALSE(bootstrap.difference(g).low);
  }
  const std::vector<ResampledMean> zero_rest = {strata[0], strata[2]};
  EXPECT_FALSE(MeanBootstrap(zero_rest, 0.95, BootstrapMethod::kBca).ratio(0).value);
}

// Every way to choose which of the values form the first group.
double exact_welch_p(const std::vector<double>& values, std::size_t first) {
  const auto statistic = [&](const std::vector<bool>& in_first) {
    std::vector<double> a;
    std::vector<double> b;
    for (std::size_t i = 0; i < values.size(); ++i) (in_first[i] ? a : b).push_back(values[i]);
    const Moments ma = moments_of(a);
    const Moments mb = moments_of(b);
    const double d = ma.mean - mb.mean;
    return d * d /
           (ma.variance() / static_cast<double>(ma.n) + mb.variance() / static_cast<double>(mb.n));
  };
  std::vector<bool> chosen(values.size(), false);
  std::fill(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(first), true);
  const double seen = statistic(chosen);
  std::vector<bool> mask = chosen;
  std::sort(mask.begin(), mask.end());
  double extreme = 0.0;
  double all = 0.0;
  do {
    all += 1.0;
    if (statistic(mask) >= seen * (1.0 - 1e-9)) extreme += 1.0;
  } while (std::next_permutation(mask.begin(), mask.end()));
  return extreme / all;
}

TEST(Permutation, ApproachesTheExactTest) {
  const std::vector<double> values = {1.2, 3.4, 2.2, 8.9, 0.4, 5.5, 2.1, 7.7, 3.3, 1.0, 4.4, 6.2};
  for (const std::size_t first : {std::size_t{4}, std::size_t{6}}) {
    std::vector<std::size_t> groups(values.size(), 1);
    std::fill(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(first), 0);
    const double exact = exact_welch_p(values, first);
    RandomStream stream(1, "permutation");
    const MeanTests tests = mean_permutation_tests(values, groups, 2, 99999, stream);
    EXPECT_NEAR(*tests.versus_rest[0].p, exact, 4.0 * std::sqrt(exact * (1.0 - exact) / 99999.0));
    // Of two groups each is the other's rest, and the omnibus statistic asks the same.
    EXPECT_EQ(*tests.versus_rest[0].p, *tests.versus_rest[1].p);
    EXPECT_NEAR(*tests.omnibus.p, *tests.versus_rest[0].p, 1e-12);
  }
}

TEST(Permutation, PairOfRatesApproachesTheChiSquaredTail) {
  const std::vector<Count> groups = {{40, 100}, {30, 100}, {55, 100}};
  RandomStream stream(1, "rates");
  const TestOutcome drawn = permuted_chi_squared_test(groups, 99999, stream);
  const TestOutcome asymptotic = chi_squared_test(groups);
  EXPECT_NEAR(*drawn.statistic, *asymptotic.statistic, 1e-12);
  EXPECT_NEAR(*drawn.p, *asymptotic.p, 0.001);
}

TEST(Permutation, SmallTablesAreDrawnLargeOnesComputed) {
  RandomStream stream(1, "rates");
  EXPECT_EQ(rate_omnibus_test(std::vector<Count>{{1, 12}, {0, 15}, {3, 11}}, 999, stream).method,
            "permutation-chi-squared");
  EXPECT_EQ(rate_omnibus_test(std::vector<Count>{{50, 120}, {60, 150}}, 999, stream).method,
            "chi-squared");
  // Twelve of twelve against none of twelve: the p value is bounded below by the number of draws,
  // never 0.
  const TestOutcome extreme =
      permuted_chi_squared_test(std::vector<Count>{{12, 12}, {0, 12}}, 999, stream);
  EXPECT_GE(*extreme.p, 1.0 / 1000.0);
}

TEST(Permutation, ManyValuesUseTheAsymptoticTest) {
  const auto values = skewed(30000, "many");
  std::vector<std::size_t> groups(values.size());
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = i % 3;
  RandomStream stream(1, "many");
  const MeanTests tests = mean_permutation_tests(values, groups, 3, 9999, stream);
  EXPECT_EQ(tests.omnibus.method, "welch-f");
  EXPECT_EQ(tests.versus_rest[0].method, "welch-t");
  ASSERT_TRUE(tests.omnibus.p);
}

// scipy is an oracle where the test environment has it.
TEST(Permutation, EqualsScipyOnRandomTables) {
  const dl::testing::TemporaryFolder folder;
  const auto script = folder.path() / "oracle.py";
  std::ofstream(script) << R"(
import numpy as np, scipy.stats as s, sys
rng = np.random.default_rng(5)
for i in range(40):
    n = rng.integers(5, 60, 2); k = [int(rng.integers(0, m + 1)) for m in n]
    print('fisher', k[0], n[0], k[1], n[1], repr(float(s.fisher_exact([[k[0], n[0]-k[0]], [k[1], n[1]-k[1]]]).pvalue)))
for i in range(20):
    sizes = rng.integers(3, 30, 4); x = [np.round(rng.gamma(2, 3, m), 1) for m in sizes]
    h, p = s.kruskal(*x)
    print('kruskal', repr(float(h)), repr(float(p)), *[len(g) for g in x], *[repr(float(v)) for g in x for v in g])
)";
  const auto output =
      dl::testing::run_command(dl::testing::test_python() + " " + script.string() + " 2>/dev/null");
  if (!output) GTEST_SKIP() << "scipy is absent here";
  std::istringstream lines(*output);
  std::string line;
  std::size_t compared = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "fisher") {
      Count a;
      Count b;
      double p = 0.0;
      words >> a.k >> a.n >> b.k >> b.n >> p;
      EXPECT_NEAR(fisher_exact_test(a, b).p, p, 1e-9) << line;
    } else {
      double h = 0.0;
      double p = 0.0;
      std::vector<std::size_t> sizes(4);
      words >> h >> p >> sizes[0] >> sizes[1] >> sizes[2] >> sizes[3];
      std::vector<double> values(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
      std::vector<std::size_t> groups;
      for (std::size_t g = 0; g < 4; ++g) groups.insert(groups.end(), sizes[g], g);
      for (double& value : values) words >> value;
      const TestOutcome kruskal = kruskal_wallis_test(values, groups, 4);
      EXPECT_NEAR(*kruskal.statistic, h, 1e-10) << line;
      EXPECT_NEAR(*kruskal.p, p, 1e-11) << line;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 60U);
}

TEST(Moments, PooledMomentsAreThoseOfTheWhole) {
  const auto a = skewed(30, "a");
  const auto b = skewed(50, "b");
  std::vector<double> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const Moments pooled = pooled_moments(moments_of(a), moments_of(b));
  const Moments whole = moments_of(both);
  EXPECT_EQ(pooled.n, whole.n);
  EXPECT_NEAR(pooled.mean, whole.mean, 1e-12);
  EXPECT_NEAR(pooled.m2, whole.m2, 1e-9);
  EXPECT_NEAR(pooled.m3 / whole.m3, 1.0, 1e-10);
}

}  // namespace
}  // namespace dl::assess
