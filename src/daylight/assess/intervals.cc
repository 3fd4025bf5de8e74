// SPDX-License-Identifier: Apache-2.0
// Intervals by inversion of tests, and from replicates.
#include "daylight/assess/intervals.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "daylight/assess/special_functions.h"
#include "daylight/base/text.h"

namespace dl::assess {
namespace {

constexpr std::array kMethods = {ProportionMethod::kWilson, ProportionMethod::kClopperPearson,
                                 ProportionMethod::kJeffreys};
// Bisection of the logarithm of a ratio: 2^-200 of any bracket is below the last bit.
constexpr int kBisections = 200;
// No ratio of two counts below 2^64 has a score bound outside exp(±kLogRatioLimit).
constexpr double kLogRatioLimit = 60.0;

double two_sided_quantile(double confidence) { return normal_quantile(0.5 + 0.5 * confidence); }

Interval wilson(Count count, double confidence) {
  const double z = two_sided_quantile(confidence);
  const double n = static_cast<double>(count.n);
  const double p = count.rate();
  const double denominator = 1.0 + z * z / n;
  const double centre = (p + z * z / (2.0 * n)) / denominator;
  const double half = z / denominator * std::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
  // The bounds at 0 and n are exactly 0 and 1; rounding must not move them.
  return {count.k == 0 ? 0.0 : std::max(0.0, centre - half),
          count.k == count.n ? 1.0 : std::min(1.0, centre + half)};
}

Interval clopper_pearson(Count count, double confidence) {
  const double tail = 0.5 * (1.0 - confidence);
  const double k = static_cast<double>(count.k);
  const double n = static_cast<double>(count.n);
  return {count.k == 0 ? 0.0 : beta_quantile(tail, k, n - k + 1.0),
          count.k == count.n ? 1.0 : beta_quantile(1.0 - tail, k + 1.0, n - k)};
}

Interval jeffreys(Count count, double confidence) {
  const double tail = 0.5 * (1.0 - confidence);
  const double k = static_cast<double>(count.k);
  const double n = static_cast<double>(count.n);
  return {beta_quantile(tail, k + 0.5, n - k + 0.5),
          beta_quantile(1.0 - tail, k + 0.5, n - k + 0.5)};
}

// The score statistic of H0: p_a / p_b = ratio, with the maximum likelihood estimates under H0
// (Miettinen and Nurminen, Stat. Med. 4:213, 1985). Falls as `ratio` grows.
double ratio_score(Count a, Count b, double ratio) {
  const double na = static_cast<double>(a.n);
  const double nb = static_cast<double>(b.n);
  const double ka = static_cast<double>(a.k);
  const double kb = static_cast<double>(b.k);
  const double qa = (na + nb) * ratio;
  const double qb = na * ratio + ka + nb + kb * ratio;
  const double qc = ka + kb;
  // The smaller root of qa x² - qb x + qc, in the form that does not cancel.
  const double root = std::sqrt(std::max(0.0, qb * qb - 4.0 * qa * qc));
  const double pb = 2.0 * qc / (qb + root);
  const double pa = pb * ratio;
  const double total = na + nb;
  const double variance =
      (pa * (1.0 - pa) / na + ratio * ratio * pb * (1.0 - pb) / nb) * total / (total - 1.0);
  const double difference = a.rate() - b.rate() * ratio;
  if (variance <= 0.0) return difference == 0.0 ? 0.0 : std::copysign(HUGE_VAL, difference);
  return difference / std::sqrt(variance);
}

// The ratio at which the score equals `target`, between exp(low) and exp(high).
double solve_ratio(Count a, Count b, double target, double low, double high) {
  for (int i = 0; i < kBisections && low < high; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (ratio_score(a, b, std::exp(middle)) > target ? low : high) = middle;
  }
  return std::exp(0.5 * (low + high));
}

}  // namespace

const char* to_string(ProportionMethod method) {
  switch (method) {
    case ProportionMethod::kWilson:
      return "wilson";
    case ProportionMethod::kClopperPearson:
      return "clopper-pearson";
    case ProportionMethod::kJeffreys:
      return "jeffreys";
  }
  return "wilson";
}

Result<ProportionMethod> proportion_method_from_string(const std::string& text) {
  for (const ProportionMethod method : kMethods) {
    if (text == to_string(method)) return method;
  }
  return fail(ErrorCode::kInvalidArgument, "the interval '" + printable(text) +
                                               "' is not one of wilson, clopper-pearson, jeffreys");
}

std::optional<Interval> proportion_interval(Count count, double confidence,
                                            ProportionMethod method) {
  if (count.n == 0 || count.k > count.n) return std::nullopt;
  switch (method) {
    case ProportionMethod::kWilson:
      return wilson(count, confidence);
    case ProportionMethod::kClopperPearson:
      return clopper_pearson(count, confidence);
    case ProportionMethod::kJeffreys:
      return jeffreys(count, confidence);
  }
  return std::nullopt;
}

std::optional<Interval> newcombe_difference(Count a, Count b, double confidence) {
  const auto wilson_a = proportion_interval(a, confidence);
  const auto wilson_b = proportion_interval(b, confidence);
  if (!wilson_a || !wilson_b) return std::nullopt;
  const double pa = a.rate();
  const double pb = b.rate();
  const double down = std::hypot(pa - wilson_a->low, wilson_b->high - pb);
  const double up = std::hypot(wilson_a->high - pa, pb - wilson_b->low);
  return Interval{pa - pb - down, pa - pb + up};
}

std::optional<RatioInterval> score_ratio(Count a, Count b, double confidence) {
  if (a.n == 0 || b.n == 0 || a.k > a.n || b.k > b.n || (a.k == 0 && b.k == 0)) return std::nullopt;
  const double z = two_sided_quantile(confidence);
  RatioInterval interval;
  // Each bound lies on its own side of the estimate, which keeps the root in the bracket unique.
  const bool finite = a.k > 0 && b.k > 0;
  const double estimate = finite ? std::log(a.rate() / b.rate()) : 0.0;
  if (a.k > 0) {
    interval.low = solve_ratio(a, b, z, -kLogRatioLimit, finite ? estimate : kLogRatioLimit);
  }
  if (b.k > 0) {
    interval.high = solve_ratio(a, b, -z, finite ? estimate : -kLogRatioLimit, kLogRatioLimit);
  }
  return interval;
}

double sorted_quantile(std::span<const double> sorted, double q) {
  const double position = std::clamp(q, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double fraction = position - static_cast<double>(below);
  return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

Interval percentile_interval(std::span<const double> sorted, double confidence) {
  const double tail = 0.5 * (1.0 - confidence);
  return {sorted_quantile(sorted, tail), sorted_quantile(sorted, 1.0 - tail)};
}

std::optional<Interval> bca_interval(std::span<const double> sorted, double estimate,
                                     double acceleration, double confidence) {
  if (sorted.empty() || !std::isfinite(acceleration)) return std::nullopt;
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), estimate) - sorted.begin();
  const auto up_to = std::upper_bound(sorted.begin(), sorted.end(), estimate) - sorted.begin();
  // Replicates that equal the estimate count half on each side.
  const double share =
      0.5 * static_cast<double>(below + up_to) / static_cast<double>(sorted.size());
  if (share <= 0.0 || share >= 1.0) return std::nullopt;
  const double bias = normal_quantile(share);
  const double tail = 0.5 * (1.0 - confidence);
  const auto level = [&](double z) -> std::optional<double> {
    const double denominator = 1.0 - acceleration * (bias + z);
    if (denominator <= 0.0) return std::nullopt;
    return normal_cdf(bias + (bias + z) / denominator);
  };
  const auto low = level(normal_quantile(tail));
  const auto high = level(-normal_quantile(tail));
  if (!low || !high) return std::nullopt;
  return Interval{sorted_quantile(sorted, *low), sorted_quantile(sorted, *high)};
}

}  // namespace dl::assess
