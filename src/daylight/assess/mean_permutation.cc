// SPDX-License-Identifier: Apache-2.0
// One shuffle serves the omnibus statistic and every group against the rest.
#include "daylight/assess/mean_permutation.h"

#include <algorithm>
#include <cmath>

namespace dl::assess {
namespace {

constexpr double kTieTolerance = 1e-9;

struct Sums {
  double n = 0.0;
  double sum = 0.0;
  double squares = 0.0;

  double mean() const { return sum / n; }
  double variance() const { return std::max(0.0, squares - sum * sum / n) / (n - 1.0); }
};

// The statistics of one labelling of the values.
class Statistics {
 public:
  Statistics(std::size_t tested, double floor) : floor_(floor), versus_rest(tested) {}

  void compute(std::span<const Sums> groups, const Sums& all) {
    double weights = 0.0;
    double weighted = 0.0;
    double squared = 0.0;
    for (std::size_t g = 0; g < versus_rest.size(); ++g) {
      const Sums& group = groups[g];
      const Sums rest = {all.n - group.n, all.sum - group.sum, all.squares - group.squares};
      const double variance = std::max(group.variance(), floor_);
      const double weight = group.n / variance;
      weights += weight;
      weighted += weight * group.mean();
      squared += weight * group.mean() * group.mean();
      const double difference = group.mean() - rest.mean();
      versus_rest[g] = difference * difference /
                       (variance / group.n + std::max(rest.variance(), floor_) / rest.n);
    }
    omnibus = squared - weighted * weighted / weights;
  }

 private:
  double floor_;  // no group's variance counts as less, so that a shuffle of ties stays finite

 public:
  double omnibus = 0.0;
  std::vector<double> versus_rest;
};

MeanTests asymptotic_tests(std::span<const double> values, std::span<const std::size_t> group_of,
                           std::size_t tested) {
  std::vector<std::vector<double>> parts(tested);
  std::vector<double> others;
  for (std::size_t i = 0; i < values.size(); ++i) {
    (group_of[i] < tested ? parts[group_of[i]] : others).push_back(values[i]);
  }
  std::vector<Moments> moments;
  moments.reserve(tested);
  for (const auto& part : parts) moments.push_back(moments_of(part));
  const Moments other = moments_of(others);
  MeanTests tests;
  tests.omnibus = welch_anova(moments);
  for (std::size_t g = 0; g < tested; ++g) {
    Moments rest = other;
    for (std::size_t h = 0; h < tested; ++h) {
      if (h != g) rest = pooled_moments(rest, moments[h]);
    }
    tests.versus_rest.push_back(welch_t_test(moments[g], rest));
  }
  return tests;
}

// Values sorted by group, as distances from the mean of all.
struct Arrangement {
  std::vector<double> values;
  std::vector<std::size_t> ends;  // of each tested group; the others follow
  Sums all;
};

Arrangement arrange(std::span<const double> values, std::span<const std::size_t> group_of,
                    std::size_t tested) {
  Arrangement arrangement;
  const double mean = moments_of(values).mean;
  std::vector<std::vector<double>> parts(tested + 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    parts[std::min(group_of[i], tested)].push_back(values[i] - mean);
  }
  for (std::size_t g = 0; g <= tested; ++g) {
    arrangement.values.insert(arrangement.values.end(), parts[g].begin(), parts[g].end());
    if (g < tested) arrangement.ends.push_back(arrangement.values.size());
  }
  for (const double value : arrangement.values) {
    arrangement.all.n += 1.0;
    arrangement.all.sum += value;
    arrangement.all.squares += value * value;
  }
  return arrangement;
}

void sum_groups(const Arrangement& arrangement, std::vector<Sums>& groups) {
  std::size_t start = 0;
  for (std::size_t g = 0; g < arrangement.ends.size(); ++g) {
    Sums sums;
    sums.n = static_cast<double>(arrangement.ends[g] - start);
    for (std::size_t i = start; i < arrangement.ends[g]; ++i) {
      sums.sum += arrangement.values[i];
      sums.squares += arrangement.values[i] * arrangement.values[i];
    }
    groups[g] = sums;
    start = arrangement.ends[g];
  }
}

std::size_t smallest_group(std::span<const std::size_t> group_of, std::size_t tested) {
  std::vector<std::size_t> sizes(tested);
  for (const std::size_t group : group_of) {
    if (group < tested) ++sizes[group];
  }
  return sizes.empty() ? 0 : *std::min_element(sizes.begin(), sizes.end());
}

TestOutcome permuted(const char* method, double statistic, std::uint64_t extreme,
                     std::uint64_t draws) {
  return {
      method, statistic, {}, static_cast<double>(extreme + 1) / static_cast<double>(draws + 1), {}};
}

}  // namespace

MeanTests mean_permutation_tests(std::span<const double> values,
                                 std::span<const std::size_t> group_of, std::size_t tested,
                                 std::uint64_t draws, RandomStream& stream) {
  const std::uint64_t budget = smallest_group(group_of, tested) < kSmallTestedGroup
                                   ? kSmallGroupPermutationBudget
                                   : kPermutationBudget;
  if (values.size() > budget / std::max<std::uint64_t>(draws, 1)) {
    return asymptotic_tests(values, group_of, tested);
  }
  MeanTests tests;
  Arrangement arrangement = arrange(values, group_of, tested);
  const double variance = arrangement.all.variance();
  if (!(variance > 0.0)) {
    const TestOutcome none = {"permutation-welch", {}, {}, {}, "all values are the same"};
    tests.omnibus = none;
    tests.versus_rest.assign(tested, none);
    return tests;
  }
  std::vector<Sums> groups(tested);
  Statistics seen(tested, variance * 1e-12);
  sum_groups(arrangement, groups);
  seen.compute(groups, arrangement.all);

  Statistics drawn(tested, variance * 1e-12);
  std::uint64_t extreme_omnibus = 0;
  std::vector<std::uint64_t> extreme(tested);
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    stream.shuffle(arrangement.values);
    sum_groups(arrangement, groups);
    drawn.compute(groups, arrangement.all);
    if (drawn.omnibus >= seen.omnibus * (1.0 - kTieTolerance)) ++extreme_omnibus;
    for (std::size_t g = 0; g < tested; ++g) {
      if (drawn.versus_rest[g] >= seen.versus_rest[g] * (1.0 - kTieTolerance)) ++extreme[g];
    }
  }
  tests.omnibus = permuted("permutation-welch", seen.omnibus, extreme_omnibus, draws);
  for (std::size_t g = 0; g < tested; ++g) {
    tests.versus_rest.push_back(
        permuted("permutation-welch-t", std::sqrt(seen.versus_rest[g]), extreme[g], draws));
  }
  return tests;
}

}  // namespace dl::assess
