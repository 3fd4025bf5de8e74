// SPDX-License-Identifier: Apache-2.0
// Tests of equal rates and of equal means between groups, asymptotic where that holds and by
// permutation where not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daylight/assess/intervals.h"
#include "daylight/assess/random_stream.h"

namespace dl::assess {

// The result of one test. Without p, `why` says why no test was possible; a test that cannot be
// made is never p = 0.
struct TestOutcome {
  std::string method;
  std::optional<double> statistic = {};
  std::optional<double> df = {};
  std::optional<double> p = {};
  std::string why = {};
};

// Expected counts below this make the chi-squared approximation doubtful (Cochran, 1954).
inline constexpr double kMinExpectedCount = 5.0;

// --- Rates
// ---------------------------------------------------------------------------------------------------------

// H0: both rates are equal, two-sided. The pooled z test where every expected count reaches
// kMinExpectedCount, else Fisher's exact test with the mid-p of Lancaster (1961), whose level is
// near nominal where Fisher's is far below.
TestOutcome rate_difference_test(Count a, Count b);

// z of the pooled two-proportion test and its two-sided p. Not estimable when all or none are
// successes.
TestOutcome pooled_z_test(Count a, Count b);

// Fisher's exact test, two-sided: the tables that are no likelier than the one seen.
struct FisherResult {
  double p = 1.0;
  double mid_p = 1.0;  // the likelihood of tables just as likely as the one seen counts half
};
FisherResult fisher_exact_test(Count a, Count b);

// H0: all rates are equal. Pearson's chi-squared, or where an expected count is small its
// permutation distribution with both margins fixed: p = (1 + draws at least as extreme) / (1 +
// draws) (Phipson and Smyth, 2010). Groups with n = 0 take no part.
TestOutcome rate_omnibus_test(std::span<const Count> groups, std::uint64_t draws,
                              RandomStream& stream);
// The two parts of it.
TestOutcome chi_squared_test(std::span<const Count> groups);
TestOutcome permuted_chi_squared_test(std::span<const Count> groups, std::uint64_t draws,
                                      RandomStream& stream);

// Pearson's chi-squared of independence in an r x c table (row-major); empty rows and columns take
// no part.
struct TableTest {
  TestOutcome test;
  double cramers_v = 0.0;
};
TableTest independence_test(std::span<const std::uint64_t> table, std::size_t columns);

// --- Means
// ---------------------------------------------------------------------------------------------------------

// n, mean and the sums of squared and cubed distances from the mean of one group.
struct Moments {
  std::uint64_t n = 0;
  double mean = 0.0;
  double m2 = 0.0;
  double m3 = 0.0;

  double variance() const { return n > 1 ? m2 / static_cast<double>(n - 1) : 0.0; }
};
Moments moments_of(std::span<const double> values);
// The moments of two groups taken together (Chan, Golub and LeVeque, 1979; Pébay, 2008).
Moments pooled_moments(const Moments& a, const Moments& b);

// H0: equal means, variances free: Welch (1947) t and Welch (1951) F.
TestOutcome welch_t_test(const Moments& a, const Moments& b);
TestOutcome welch_anova(std::span<const Moments> groups);
// H0: equal distributions, by ranks (Kruskal and Wallis, 1952), corrected for ties.
TestOutcome kruskal_wallis_test(std::span<const double> values,
                                std::span<const std::size_t> group_of, std::size_t groups);

}  // namespace dl::assess
