// SPDX-License-Identifier: Apache-2.0
// Tests of rates, and the asymptotic tests of means.
#include "daylight/assess/hypothesis_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "daylight/assess/special_functions.h"

namespace dl::assess {
namespace {

// Likelihoods of tables, and statistics of permutations, that differ by less than this are taken as
// equal.
constexpr double kTieTolerance = 1e-7;

TestOutcome impossible(std::string method, std::string why) {
  return {std::move(method), {}, {}, {}, std::move(why)};
}

struct Margins {
  std::uint64_t k = 0;
  std::uint64_t n = 0;
  std::size_t groups = 0;
  std::uint64_t smallest = 0;  // group
};

Margins margins_of(std::span<const Count> groups) {
  Margins margins;
  for (const Count& group : groups) {
    if (group.n == 0) continue;
    margins.k += group.k;
    margins.n += group.n;
    margins.smallest = margins.groups == 0 ? group.n : std::min(margins.smallest, group.n);
    ++margins.groups;
  }
  return margins;
}

// The least expected count of the groups x {success, failure} table.
double least_expected(const Margins& margins) {
  const double rarer = static_cast<double>(std::min(margins.k, margins.n - margins.k));
  return rarer * static_cast<double>(margins.smallest) / static_cast<double>(margins.n);
}

std::optional<TestOutcome> no_rate_test(const Margins& margins, const char* method) {
  if (margins.groups < 2) return impossible(method, "fewer than two groups have a denominator");
  if (margins.k == 0) return impossible(method, "the count is zero in every group");
  if (margins.k == margins.n) return impossible(method, "the rate is one in every group");
  return std::nullopt;
}

// Σ (k - n·p)² / (n·p·(1-p)) over the groups, p the rate of all.
double chi_squared_statistic(std::span<const Count> groups, const Margins& margins) {
  const double p = static_cast<double>(margins.k) / static_cast<double>(margins.n);
  double sum = 0.0;
  for (const Count& group : groups) {
    if (group.n == 0) continue;
    const double n = static_cast<double>(group.n);
    const double distance = static_cast<double>(group.k) - n * p;
    sum += distance * distance / n;
  }
  return sum / (p * (1.0 - p));
}

}  // namespace

TestOutcome pooled_z_test(Count a, Count b) {
  const Count both[] = {a, b};
  const Margins margins = margins_of(both);
  if (auto none = no_rate_test(margins, "pooled-z")) return *none;
  const double p = static_cast<double>(margins.k) / static_cast<double>(margins.n);
  const double variance =
      p * (1.0 - p) * (1.0 / static_cast<double>(a.n) + 1.0 / static_cast<double>(b.n));
  const double z = (a.rate() - b.rate()) / std::sqrt(variance);
  return {"pooled-z", z, {}, 2.0 * normal_upper_tail(std::abs(z)), {}};
}

FisherResult fisher_exact_test(Count a, Count b) {
  const std::uint64_t k = a.k + b.k;
  const std::uint64_t low = k > b.n ? k - b.n : 0;
  const std::uint64_t high = std::min(k, a.n);
  const double log_all = log_choose(a.n + b.n, k);
  const auto log_likelihood = [&](std::uint64_t x) {
    return log_choose(a.n, x) + log_choose(b.n, k - x) - log_all;
  };
  const double seen = log_likelihood(a.k);
  double less = 0.0;
  double equal = 0.0;
  for (std::uint64_t x = low; x <= high; ++x) {
    const double likelihood = log_likelihood(x);
    if (likelihood < seen - kTieTolerance) {
      less += std::exp(likelihood);
    } else if (likelihood <= seen + kTieTolerance) {
      equal += std::exp(likelihood);
    }
  }
  return {std::min(1.0, less + equal), std::min(1.0, less + 0.5 * equal)};
}

TestOutcome rate_difference_test(Count a, Count b) {
  const Count both[] = {a, b};
  const Margins margins = margins_of(both);
  if (auto none = no_rate_test(margins, "pooled-z")) return *none;
  if (least_expected(margins) >= kMinExpectedCount) return pooled_z_test(a, b);
  return {"fisher-mid-p", {}, {}, fisher_exact_test(a, b).mid_p, {}};
}

TestOutcome chi_squared_test(std::span<const Count> groups) {
  const Margins margins = margins_of(groups);
  if (auto none = no_rate_test(margins, "chi-squared")) return *none;
  const double statistic = chi_squared_statistic(groups, margins);
  const double df = static_cast<double>(margins.groups - 1);
  return {"chi-squared", statistic, df, chi_squared_upper_tail(statistic, df), {}};
}

TestOutcome permuted_chi_squared_test(std::span<const Count> groups, std::uint64_t draws,
                                      RandomStream& stream) {
  const Margins margins = margins_of(groups);
  if (auto none = no_rate_test(margins, "permutation-chi-squared")) return *none;
  const double seen = chi_squared_statistic(groups, margins);
  const double threshold = seen * (1.0 - kTieTolerance);
  std::vector<Count> drawn(groups.begin(), groups.end());
  std::uint64_t extreme = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    std::uint64_t people = margins.n;
    std::uint64_t successes = margins.k;
    for (Count& group : drawn) {
      group.k = stream.hypergeometric(people, successes, group.n);
      people -= group.n;
      successes -= group.k;
    }
    if (chi_squared_statistic(drawn, margins) >= threshold) ++extreme;
  }
  return {"permutation-chi-squared",
          seen,
          static_cast<double>(margins.groups - 1),
          static_cast<double>(extreme + 1) / static_cast<double>(draws + 1),
          {}};
}

TestOutcome rate_omnibus_test(std::span<const Count> groups, std::uint64_t draws,
                              RandomStream& stream) {
  const Margins margins = margins_of(groups);
  if (auto none = no_rate_test(margins, "chi-squared")) return *none;
  return least_expected(margins) >= kMinExpectedCount
             ? chi_squared_test(groups)
             : permuted_chi_squared_test(groups, draws, stream);
}

TableTest independence_test(std::span<const std::uint64_t> table, std::size_t columns) {
  const std::size_t rows = columns == 0 ? 0 : table.size() / columns;
  std::vector<double> row_sum(rows);
  std::vector<double> column_sum(columns);
  double total = 0.0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const auto n = static_cast<double>(table[r * columns + c]);
      row_sum[r] += n;
      column_sum[c] += n;
      total += n;
    }
  }
  const auto positive = [](double sum) { return sum > 0.0; };
  const auto used_rows = std::count_if(row_sum.begin(), row_sum.end(), positive);
  const auto used_columns = std::count_if(column_sum.begin(), column_sum.end(), positive);
  if (used_rows < 2 || used_columns < 2) {
    return {impossible("chi-squared", "fewer than two rows or columns have a count"), 0.0};
  }
  double statistic = 0.0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const double expected = row_sum[r] * column_sum[c] / total;
      if (expected <= 0.0) continue;
      const double distance = static_cast<double>(table[r * columns + c]) - expected;
      statistic += distance * distance / expected;
    }
  }
  const auto df = static_cast<double>((used_rows - 1) * (used_columns - 1));
  const auto least = static_cast<double>(std::min(used_rows, used_columns) - 1);
  return {{"chi-squared", statistic, df, chi_squared_upper_tail(statistic, df), {}},
          std::sqrt(statistic / (total * least))};
}

Moments moments_of(std::span<const double> values) {
  Moments moments;
  moments.n = values.size();
  if (values.empty()) return moments;
  moments.mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  // A second pass corrects the rounding of the first sum.
  double rest = 0.0;
  for (const double value : values) rest += value - moments.mean;
  moments.mean += rest / static_cast<double>(values.size());
  for (const double value : values) {
    const double d = value - moments.mean;
    moments.m2 += d * d;
    moments.m3 += d * d * d;
  }
  return moments;
}

Moments pooled_moments(const Moments& a, const Moments& b) {
  if (a.n == 0) return b;
  if (b.n == 0) return a;
  const auto na = static_cast<double>(a.n);
  const auto nb = static_cast<double>(b.n);
  const double n = na + nb;
  const double d = b.mean - a.mean;
  Moments both;
  both.n = a.n + b.n;
  both.mean = a.mean + d * nb / n;
  both.m2 = a.m2 + b.m2 + d * d * na * nb / n;
  both.m3 = a.m3 + b.m3 + d * d * d * na * nb * (na - nb) / (n * n) +
            3.0 * d * (na * b.m2 - nb * a.m2) / n;
  return both;
}

TestOutcome welch_t_test(const Moments& a, const Moments& b) {
  if (a.n < 2 || b.n < 2) return impossible("welch-t", "a group has fewer than two values");
  const double va = a.variance() / static_cast<double>(a.n);
  const double vb = b.variance() / static_cast<double>(b.n);
  if (va + vb <= 0.0) return impossible("welch-t", "all values of a group are the same");
  const double t = (a.mean - b.mean) / std::sqrt(va + vb);
  const double df =
      (va + vb) * (va + vb) /
      (va * va / static_cast<double>(a.n - 1) + vb * vb / static_cast<double>(b.n - 1));
  return {"welch-t", t, df, student_t_two_sided(t, df), {}};
}

TestOutcome welch_anova(std::span<const Moments> groups) {
  const char* method = "welch-f";
  if (groups.size() < 2) return impossible(method, "fewer than two groups");
  double weights = 0.0;
  double weighted = 0.0;
  for (const Moments& group : groups) {
    if (group.n < 2) return impossible(method, "a group has fewer than two values");
    if (group.m2 <= 0.0) return impossible(method, "all values of a group are the same");
    const double weight = static_cast<double>(group.n) / group.variance();
    weights += weight;
    weighted += weight * group.mean;
  }
  const double centre = weighted / weights;
  const auto count = static_cast<double>(groups.size());
  double between = 0.0;
  double spread = 0.0;
  for (const Moments& group : groups) {
    const double weight = static_cast<double>(group.n) / group.variance();
    const double share = 1.0 - weight / weights;
    between += weight * (group.mean - centre) * (group.mean - centre);
    spread += share * share / static_cast<double>(group.n - 1);
  }
  const double f =
      between / (count - 1.0) / (1.0 + 2.0 * (count - 2.0) * spread / (count * count - 1.0));
  const double df2 = (count * count - 1.0) / (3.0 * spread);
  return {method, f, count - 1.0, f_upper_tail(f, count - 1.0, df2), {}};
}

TestOutcome kruskal_wallis_test(std::span<const double> values,
                                std::span<const std::size_t> group_of, std::size_t groups) {
  const char* method = "kruskal-wallis";
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const auto n = static_cast<double>(values.size());
  std::vector<double> rank_sum(groups);
  std::vector<double> sizes(groups);
  double ties = 0.0;
  for (std::size_t start = 0; start < order.size();) {
    std::size_t end = start;
    while (end < order.size() && values[order[end]] == values[order[start]]) ++end;
    const double rank = 0.5 * static_cast<double>(start + 1 + end);
    for (std::size_t i = start; i < end; ++i) {
      rank_sum[group_of[order[i]]] += rank;
      sizes[group_of[order[i]]] += 1.0;
    }
    const auto size = static_cast<double>(end - start);
    ties += size * size * size - size;
    start = end;
  }
  const auto used = std::count_if(sizes.begin(), sizes.end(), [](double s) { return s > 0.0; });
  if (used < 2) return impossible(method, "fewer than two groups have a value");
  const double correction = 1.0 - ties / (n * n * n - n);
  if (correction <= 0.0) return impossible(method, "all values are the same");
  double sum = 0.0;
  for (std::size_t g = 0; g < groups; ++g) {
    if (sizes[g] > 0.0) sum += rank_sum[g] * rank_sum[g] / sizes[g];
  }
  const double h = (12.0 / (n * (n + 1.0)) * sum - 3.0 * (n + 1.0)) / correction;
  const auto df = static_cast<double>(used - 1);
  return {method, h, df, chi_squared_upper_tail(std::max(0.0, h), df), {}};
}

}  // namespace dl::assess
