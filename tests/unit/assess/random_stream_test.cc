// SPDX-License-Identifier: Apache-2.0
// The generator's known outputs, and that each sampler draws from the distribution that it names.
#include "daylight/assess/random_stream.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "daylight/assess/special_functions.h"

namespace dl::assess {
namespace {

// Chi-squared of observed counts against a mass function; categories with less than ten expected
// are put together.
double fit_p_value(const std::map<std::uint64_t, std::uint64_t>& seen, std::uint64_t draws,
                   std::uint64_t low, std::uint64_t high,
                   const std::function<double(std::uint64_t)>& mass) {
  double statistic = 0.0;
  double df = -1.0;
  double expected = 0.0;
  double observed = 0.0;
  for (std::uint64_t k = low; k <= high; ++k) {
    expected += mass(k) * static_cast<double>(draws);
    const auto found = seen.find(k);
    if (found != seen.end()) observed += static_cast<double>(found->second);
    if (expected < 10.0 && k != high) continue;
    if (expected > 0.0) statistic += (observed - expected) * (observed - expected) / expected;
    df += 1.0;
    expected = 0.0;
    observed = 0.0;
  }
  return chi_squared_upper_tail(statistic, std::max(df, 1.0));
}

TEST(RandomStream, IsTheSameEverywhere) {
  // Computed by a second implementation of xoshiro256**, SplitMix64 and FNV-1a, in Python.
  RandomStream stream(1, "test");
  RandomStream again(1, "test");
  RandomStream other(1, "other");
  const std::uint64_t first = stream.next();
  EXPECT_EQ(first, again.next());
  EXPECT_NE(first, other.next());
  EXPECT_NE(RandomStream(2, "test").next(), first);
  EXPECT_EQ(first, 7467441154655959576ULL);
  EXPECT_EQ(stream.next(), 17719415030264503586ULL);
  for (int i = 2; i < 999; ++i) stream.next();
  EXPECT_EQ(stream.next(), 11823000174323541086ULL);
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream stream(7, "below");
  std::map<std::uint64_t, std::uint64_t> seen;
  constexpr std::uint64_t kDraws = 70000;
  for (std::uint64_t i = 0; i < kDraws; ++i) ++seen[stream.below(7)];
  EXPECT_EQ(seen.rbegin()->first, 6U);
  EXPECT_GT(fit_p_value(seen, kDraws, 0, 6, [](std::uint64_t) { return 1.0 / 7.0; }), 1e-4);
  EXPECT_EQ(stream.below(1), 0U);
  EXPECT_EQ(stream.below(0), 0U);
}

TEST(RandomStream, NormalHasItsQuantiles) {
  RandomStream stream(7, "normal");
  std::uint64_t below_minus_one = 0;
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.normal();
    if (z < -1.0) ++below_minus_one;
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.015);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
  EXPECT_NEAR(static_cast<double>(below_minus_one) / kDraws, normal_cdf(-1.0), 0.005);
}

struct BinomialCase {
  std::uint64_t n;
  double p;
};

class Binomial : public ::testing::TestWithParam<BinomialCase> {};

TEST_P(Binomial, FitsItsMassFunction) {
  const auto [n, p] = GetParam();
  RandomStream stream(11, "binomial");
  std::map<std::uint64_t, std::uint64_t> seen;
  constexpr std::uint64_t kDraws = 60000;
  for (std::uint64_t i = 0; i < kDraws; ++i) ++seen[stream.binomial(n, p)];
  EXPECT_LE(seen.rbegin()->first, n);
  const double log_p = std::log(p);
  const double log_q = std::log1p(-p);
  const std::uint64_t trials = n;
  EXPECT_GT(fit_p_value(seen, kDraws, 0, n,
                        [&](std::uint64_t k) {
                          return std::exp(log_choose(trials, k) + static_cast<double>(k) * log_p +
                                          static_cast<double>(trials - k) * log_q);
                        }),
            1e-4);
}

// Inversion, rejection, and both mirrored.
INSTANTIATE_TEST_SUITE_P(Sizes, Binomial,
                         ::testing::Values(BinomialCase{1, 0.3}, BinomialCase{20, 0.1},
                                           BinomialCase{40, 0.9}, BinomialCase{100, 0.5},
                                           BinomialCase{1000, 0.02}, BinomialCase{1000, 0.7},
                                           BinomialCase{5000, 0.37}));

TEST(RandomStream, BinomialEdges) {
  RandomStream stream(1, "edges");
  EXPECT_EQ(stream.binomial(0, 0.5), 0U);
  EXPECT_EQ(stream.binomial(10, 0.0), 0U);
  EXPECT_EQ(stream.binomial(10, 1.0), 10U);
  EXPECT_EQ(stream.binomial(10, std::nan("")), 0U);
  EXPECT_LE(stream.binomial(std::uint64_t{1} << 40, 0.5), std::uint64_t{1} << 40);
}

struct UrnCase {
  std::uint64_t population;
  std::uint64_t marked;
  std::uint64_t drawn;
};

class Urn : public ::testing::TestWithParam<UrnCase> {};

TEST_P(Urn, HypergeometricFitsItsMassFunction) {
  const UrnCase urn = GetParam();
  RandomStream stream(13, "urn");
  std::map<std::uint64_t, std::uint64_t> seen;
  constexpr std::uint64_t kDraws = 60000;
  for (std::uint64_t i = 0; i < kDraws; ++i)
    ++seen[stream.hypergeometric(urn.population, urn.marked, urn.drawn)];
  const std::uint64_t low =
      urn.marked + urn.drawn > urn.population ? urn.marked + urn.drawn - urn.population : 0;
  const std::uint64_t high = std::min(urn.marked, urn.drawn);
  EXPECT_GE(seen.begin()->first, low);
  EXPECT_LE(seen.rbegin()->first, high);
  const double all = log_choose(urn.population, urn.drawn);
  EXPECT_GT(fit_p_value(seen, kDraws, low, high,
                        [&](std::uint64_t k) {
                          return std::exp(log_choose(urn.marked, k) +
                                          log_choose(urn.population - urn.marked, urn.drawn - k) -
                                          all);
                        }),
            1e-4);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Urn,
                         ::testing::Values(UrnCase{10, 5, 5}, UrnCase{10, 9, 9},
                                           UrnCase{100, 3, 50}, UrnCase{1000, 400, 300},
                                           UrnCase{100000, 7, 30000}, UrnCase{50, 50, 20}));

TEST(RandomStream, MultinomialSplitsEverythingAndOnlyAmongPositiveWeights) {
  RandomStream stream(17, "multinomial");
  const std::vector<double> weights = {0.1, 0.0, 0.2, 0.7, 0.0};
  std::vector<std::uint64_t> counts(weights.size());
  std::vector<double> sums(weights.size());
  constexpr int kDraws = 2000;
  for (int i = 0; i < kDraws; ++i) {
    stream.multinomial(1000, weights, counts);
    EXPECT_EQ(counts[0] + counts[1] + counts[2] + counts[3] + counts[4], 1000U);
    EXPECT_EQ(counts[1] + counts[4], 0U);
    for (std::size_t c = 0; c < counts.size(); ++c) sums[c] += static_cast<double>(counts[c]);
  }
  for (std::size_t c = 0; c < counts.size(); ++c)
    EXPECT_NEAR(sums[c] / kDraws, 1000.0 * weights[c], 2.0);
  const std::vector<double> nothing = {0.0, 0.0};
  std::vector<std::uint64_t> none(2, 5);
  stream.multinomial(10, nothing, none);
  EXPECT_EQ(none, (std::vector<std::uint64_t>{0, 0}));
}

}  // namespace
}  // namespace dl::assess
