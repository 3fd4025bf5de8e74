// SPDX-License-Identifier: Apache-2.0
// Permutation tests of equal means that stay valid when the groups' variances differ.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daylight/assess/hypothesis_tests.h"

namespace dl::assess {

// Above this many values x draws the asymptotic Welch tests take over, which also tell p values
// below 1/draws apart; when a tested group has fewer than kSmallTestedGroup values their
// approximation is doubtful, and more work is worth it.
inline constexpr std::uint64_t kPermutationBudget = 50'000'000;
inline constexpr std::uint64_t kSmallGroupPermutationBudget = 200'000'000;
inline constexpr std::size_t kSmallTestedGroup = 30;

struct MeanTests {
  TestOutcome omnibus;
  std::vector<TestOutcome> versus_rest;  // one for each tested group
};

// H0: the groups' values come from distributions with the same mean. `group_of[i]` is the group of
// values[i]; groups from `tested` on take part only as part of the rest. Statistics: Welch's t of a
// group against the rest, and the heteroscedastic Wald-type statistic Σ n/s² (mean - weighted
// mean)² over the tested groups. Their permutation tests are exact under exchangeability and
// asymptotically valid without it (Chung and Romano, Ann. Stat. 41:484, 2013; Pauly, Brunner and
// Konietschke, JRSS-B 77:461, 2015). p = (1 + draws at least as extreme) / (1 + draws). A tested
// group has at least two values.
MeanTests mean_permutation_tests(std::span<const double> values,
                                 std::span<const std::size_t> group_of, std::size_t tested,
                                 std::uint64_t draws, RandomStream& stream);

}  // namespace dl::assess
