// SPDX-License-Identifier: Apache-2.0
// Tests of hypotheses do not depend on what nobody asked: the order of groups, which answer is
// called success, units, the order in which p values are listed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "daylight/assess/hypothesis_tests.h"
#include "daylight/assess/multiplicity.h"

namespace dl::assess {
namespace {

bool near(double a, double b, double slack = 1e-9) {
  return std::abs(a - b) <= slack * std::max({1.0, std::abs(a), std::abs(b)});
}
bool near(const std::optional<double>& a, const std::optional<double>& b, double slack = 1e-9) {
  return a.has_value() == b.has_value() && (!a || near(*a, *b, slack));
}
bool in_unit(const std::optional<double>& p) { return !p || (*p >= 0.0 && *p <= 1.0); }

Count drawn_count(std::uint64_t most = 300) {
  const auto n = *rc::gen::inRange<std::uint64_t>(1, most);
  return {*rc::gen::inRange<std::uint64_t>(0, n + 1), n};
}
Count failures(Count count) { return {count.n - count.k, count.n}; }

template <typename T>
std::vector<T> shuffled(std::vector<T> items) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[*rc::gen::inRange<std::size_t>(0, i)]);
  return items;
}

RC_GTEST_PROP(FisherExact, IsTheSameForEveryWayToWriteTheTable, ()) {
  const Count a = drawn_count();
  const Count b = drawn_count();
  const FisherResult here = fisher_exact_test(a, b);
  RC_ASSERT(here.p > 0.0 && here.p <= 1.0);
  RC_ASSERT(here.mid_p > 0.0 && here.mid_p <= here.p);
  const auto same = [&](Count x, Count y) {
    const FisherResult there = fisher_exact_test(x, y);
    RC_ASSERT(near(here.p, there.p) && near(here.mid_p, there.mid_p));
  };
  same(b, a);
  same(failures(a), failures(b));
  // Rows for columns: among successes and among failures, who is of the first group.
  const std::uint64_t successes = a.k + b.k;
  const std::uint64_t misses = a.n + b.n - successes;
  if (successes > 0 && misses > 0) same({a.k, successes}, {a.n - a.k, misses});
}

RC_GTEST_PROP(FisherExact, AgreesWithTheSumOverAllTables, ()) {
  const Count a = drawn_count(30);
  const Count b = drawn_count(30);
  const std::uint64_t successes = a.k + b.k;
  const auto log_choose = [](std::uint64_t n, std::uint64_t k) {
    const auto lg = [](std::uint64_t x) { return std::lgamma(static_cast<double>(x) + 1.0); };
    return lg(n) - lg(k) - lg(n - k);
  };
  const auto probability = [&](std::uint64_t k) {
    return std::exp(log_choose(a.n, k) + log_choose(b.n, successes - k) -
                    log_choose(a.n + b.n, successes));
  };
  const double seen = probability(a.k);
  double sum = 0.0;
  for (std::uint64_t k = successes > b.n ? successes - b.n : 0; k <= std::min(successes, a.n);
       ++k) {
    if (probability(k) <= seen * (1.0 + 1e-7)) sum += probability(k);
  }
  RC_ASSERT(near(fisher_exact_test(a, b).p, std::min(1.0, sum), 1e-7));
}

RC_GTEST_PROP(RateDifferenceTest, DoesNotAskWhichGroupOrAnswerComesFirst, ()) {
  const Count a = drawn_count();
  const Count b = drawn_count();
  const TestOutcome one = rate_difference_test(a, b);
  RC_ASSERT(one.p.has_value() != !one.why.empty());
  RC_ASSERT(in_unit(one.p));
  RC_ASSERT(near(one.p, rate_difference_test(b, a).p));
  RC_ASSERT(near(one.p, rate_difference_test(failures(a), failures(b)).p));
  const auto z = pooled_z_test(a, b);
  const auto turned = pooled_z_test(b, a);
  RC_ASSERT(z.p.has_value() == turned.p.has_value());
  if (z.p) RC_ASSERT(near(*z.statistic, -*turned.statistic));
}

std::vector<Count> drawn_groups() {
  std::vector<Count> groups;
  for (int g = *rc::gen::inRange(2, 7); g > 0; --g) groups.push_back(drawn_count());
  return groups;
}

RC_GTEST_PROP(ChiSquared, DoesNotSeeOrderSuccessOrEmptyGroups, ()) {
  const std::vector<Count> groups = drawn_groups();
  const TestOutcome one = chi_squared_test(groups);
  RC_ASSERT(in_unit(one.p));
  const auto same = [&](const std::vector<Count>& other) {
    const TestOutcome there = chi_squared_test(other);
    RC_ASSERT(near(one.statistic, there.statistic) && near(one.p, there.p));
    RC_ASSERT(one.df == there.df);
  };
  same(shuffled(groups));
  std::vector<Count> turned;
  for (const Count& group : groups) turned.push_back(failures(group));
  same(turned);
  std::vector<Count> with_empty = groups;
  with_empty.push_back({0, 0});
  same(shuffled(with_empty));
  if (groups.size() == 2 && one.p) {
    const auto z = pooled_z_test(groups[0], groups[1]);
    RC_ASSERT(near(*one.statistic, *z.statistic * *z.statistic) && near(one.p, z.p));
  }
}

RC_GTEST_PROP(PermutedChiSquared, IsNeverZeroAndTheSameForTheSameSeed, ()) {
  const std::vector<Count> groups = drawn_groups();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  RandomStream first(seed, "property");
  RandomStream second(seed, "property");
  const TestOutcome one = permuted_chi_squared_test(groups, 99, first);
  const TestOutcome two = permuted_chi_squared_test(groups, 99, second);
  RC_ASSERT(one.p == two.p && one.statistic == two.statistic);
  RC_ASSERT(!one.p || (*one.p >= 0.01 - 1e-12 && *one.p <= 1.0));
}

RC_GTEST_PROP(IndependenceTest, IsTheSameForTheTransposedTable, ()) {
  const auto rows = *rc::gen::inRange<std::size_t>(2, 5);
  const auto columns = *rc::gen::inRange<std::size_t>(2, 5);
  const auto table = *rc::gen::container<std::vector<std::uint64_t>>(
      rows * columns, rc::gen::inRange<std::uint64_t>(0, 40));
  std::vector<std::uint64_t> transposed(table.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) transposed[c * rows + r] = table[r * columns + c];
  }
  const TableTest one = independence_test(table, columns);
  const TableTest other = independence_test(transposed, rows);
  RC_ASSERT(near(one.test.statistic, other.test.statistic) && near(one.test.p, other.test.p));
  RC_ASSERT(near(one.cramers_v, other.cramers_v));
  RC_ASSERT(one.cramers_v >= 0.0 && one.cramers_v <= 1.0 + 1e-12);
  RC_ASSERT(in_unit(one.test.p));
}

std::vector<double> drawn_values(std::size_t least = 0) {
  const auto value = rc::gen::map(rc::gen::inRange(-400, 400), [](int x) { return x / 4.0; });
  auto values = *rc::gen::container<std::vector<double>>(value);
  while (values.size() < least) values.push_back(*value);
  return values;
}

RC_GTEST_PROP(Moments, OfPartsArePooledToThoseOfTheWhole, ()) {
  const std::vector<double> a = drawn_values();
  const std::vector<double> b = drawn_values();
  std::vector<double> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const Moments whole = moments_of(both);
  const Moments pooled = pooled_moments(moments_of(a), moments_of(b));
  RC_ASSERT(pooled.n == whole.n);
  RC_ASSERT(near(pooled.mean, whole.mean));
  RC_ASSERT(near(pooled.m2, whole.m2, 1e-8));
  RC_ASSERT(near(pooled.m3, whole.m3, 1e-6) || std::abs(pooled.m3 - whole.m3) < 1e-4);
  RC_ASSERT(whole.m2 >= 0.0);
}

RC_GTEST_PROP(WelchTests, DoNotDependOnUnitsOrOrder, ()) {
  const std::vector<double> a = drawn_values(2);
  const std::vector<double> b = drawn_values(2);
  const double scale = *rc::gen::element(0.25, 2.0, 16.0);
  const double shift = *rc::gen::inRange(-64, 64);
  const auto in_units = [&](std::vector<double> values) {
    for (double& value : values) value = scale * value + shift;
    return moments_of(values);
  };
  const Moments x = moments_of(a);
  const Moments y = moments_of(b);
  const TestOutcome one = welch_t_test(x, y);
  RC_ASSERT(in_unit(one.p));
  RC_ASSERT(near(one.p, welch_t_test(y, x).p));
  const bool varied = x.m2 > 0.0 && y.m2 > 0.0;
  if (varied) RC_ASSERT(near(one.p, welch_t_test(in_units(a), in_units(b)).p, 1e-6));
  // Of two groups, F is t squared.
  if (varied && one.p) RC_ASSERT(near(welch_anova(std::vector<Moments>{x, y}).p, one.p, 1e-6));
}

RC_GTEST_PROP(KruskalWallis, SeesRanksOnly, ()) {
  const auto groups = *rc::gen::inRange<std::size_t>(2, 5);
  const std::vector<double> values = drawn_values(4);
  std::vector<std::size_t> group_of;
  for (std::size_t i = 0; i < values.size(); ++i)
    group_of.push_back(*rc::gen::inRange<std::size_t>(0, groups));
  const TestOutcome one = kruskal_wallis_test(values, group_of, groups);
  RC_ASSERT(in_unit(one.p));
  std::vector<double> bent;
  for (const double value : values) bent.push_back(std::atan(value / 50.0));
  RC_ASSERT(near(one.p, kruskal_wallis_test(bent, group_of, groups).p));
  std::vector<double> turned;
  for (const double value : values) turned.push_back(-value);
  RC_ASSERT(near(one.p, kruskal_wallis_test(turned, group_of, groups).p));
}

Adjustment drawn_adjustment() {
  return *rc::gen::element(Adjustment::kBenjaminiHochberg, Adjustment::kBenjaminiYekutieli,
                           Adjustment::kHolm, Adjustment::kHochberg, Adjustment::kBonferroni);
}

std::vector<double> drawn_p_values() {
  const auto p =
      rc::gen::oneOf(rc::gen::map(rc::gen::inRange(0, 1001), [](int x) { return x / 1000.0; }),
                     rc::gen::map(rc::gen::inRange(0, 40), [](int x) { return std::exp(-x); }));
  return *rc::gen::container<std::vector<double>>(p);
}

RC_GTEST_PROP(AdjustedP, IsNeverBelowPMonotoneAndAtMostOne, ()) {
  const std::vector<double> p = drawn_p_values();
  const auto adjustment = drawn_adjustment();
  const std::vector<double> adjusted = adjust_p_values(p, adjustment);
  RC_ASSERT(adjusted.size() == p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    RC_ASSERT(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
    for (std::size_t j = 0; j < p.size(); ++j) RC_ASSERT(p[i] > p[j] || adjusted[i] <= adjusted[j]);
  }
}

RC_GTEST_PROP(AdjustedP, DoesNotDependOnTheOrderOfTheTests, ()) {
  const std::vector<double> p = drawn_p_values();
  const auto adjustment = drawn_adjustment();
  const std::vector<double> adjusted = adjust_p_values(p, adjustment);
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  order = shuffled(order);
  std::vector<double> moved;
  for (const std::size_t i : order) moved.push_back(p[i]);
  const std::vector<double> there = adjust_p_values(moved, adjustment);
  for (std::size_t i = 0; i < order.size(); ++i) RC_ASSERT(there[i] == adjusted[order[i]]);
}

RC_GTEST_PROP(AdjustedP, IsOrderedByHowMuchEachMethodAsks, ()) {
  const std::vector<double> p = drawn_p_values();
  const auto of = [&](Adjustment adjustment) { return adjust_p_values(p, adjustment); };
  const auto bh = of(Adjustment::kBenjaminiHochberg);
  const auto by = of(Adjustment::kBenjaminiYekutieli);
  const auto hochberg = of(Adjustment::kHochberg);
  const auto holm = of(Adjustment::kHolm);
  const auto bonferroni = of(Adjustment::kBonferroni);
  for (std::size_t i = 0; i < p.size(); ++i) {
    RC_ASSERT(bh[i] <= by[i] + 1e-12);
    RC_ASSERT(bh[i] <= hochberg[i] + 1e-12);
    RC_ASSERT(hochberg[i] <= holm[i] + 1e-12);
    RC_ASSERT(holm[i] <= bonferroni[i] + 1e-12);
  }
}

}  // namespace
}  // namespace dl::assess
