// SPDX-License-Identifier: Apache-2.0
// Confidence intervals for a proportion, for two proportions compared, and from bootstrap
// replicates.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daylight/base/result.h"

namespace dl::assess {

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

// k successes of n, k <= n.
struct Count {
  std::uint64_t k = 0;
  std::uint64_t n = 0;

  double rate() const { return static_cast<double>(k) / static_cast<double>(n); }
};

// `confidence` lies inside (0, 1) everywhere below; all functions are pure and thread safe. n = 0
// gives nothing.

enum class ProportionMethod { kWilson, kClopperPearson, kJeffreys };
const char* to_string(ProportionMethod method);
Result<ProportionMethod> proportion_method_from_string(const std::string& text);

// Wilson (1927): inversion of the score test. Clopper and Pearson (1934): inversion of the exact
// binomial test, never below nominal coverage. Jeffreys: quantiles of Beta(k + 1/2, n - k + 1/2)
// (Brown, Cai and DasGupta, 2001).
std::optional<Interval> proportion_interval(Count count, double confidence,
                                            ProportionMethod method = ProportionMethod::kWilson);

// rate(a) - rate(b): Newcombe's hybrid score interval (Stat. Med. 17:873, 1998, method 10), from
// two Wilson intervals.
std::optional<Interval> newcombe_difference(Count a, Count b, double confidence);

// An interval whose upper end may be infinite.
struct RatioInterval {
  double low = 0.0;
  std::optional<double> high;  // absent: no finite bound
};

// rate(a) / rate(b): the score interval of Koopman (1984) with the variance factor N/(N-1) of
// Miettinen and Nurminen (1985). Nothing when both counts are zero: then no ratio is excluded.
std::optional<RatioInterval> score_ratio(Count a, Count b, double confidence);

// --- From bootstrap replicates
// -------------------------------------------------------------------------------------

// The q-quantile by linear interpolation of order statistics (Hyndman and Fan's type 7). `sorted`
// is not empty.
double sorted_quantile(std::span<const double> sorted, double q);

// The (1-c)/2 and (1+c)/2 quantiles of the replicates. `sorted` is not empty.
Interval percentile_interval(std::span<const double> sorted, double confidence);

// Efron's bias-corrected and accelerated interval (JASA 82:171, 1987): `estimate` is the statistic
// on the data, `acceleration` the sixth of the skewness of its influence values. Nothing when all
// replicates lie on one side of the estimate, or the correction leaves the range where it is
// monotone.
std::optional<Interval> bca_interval(std::span<const double> sorted, double estimate,
                                     double acceleration, double confidence);

}  // namespace dl::assess
