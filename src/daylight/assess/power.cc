// SPDX-License-Identifier: Apache-2.0
// Minimal detectable differences by normal approximation.
#include "daylight/assess/power.h"

#include <algorithm>
#include <cmath>

#include "daylight/assess/special_functions.h"

namespace dl::assess {

double rate_test_power(double p1, double p2, double n1, double n2, double alpha) {
  const double pooled = (n1 * p1 + n2 * p2) / (n1 + n2);
  const double null_sd = std::sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2));
  const double sd = std::sqrt(p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2);
  const double critical = normal_quantile(1.0 - 0.5 * alpha) * null_sd;
  const double difference = std::abs(p1 - p2);
  if (!(sd > 0.0)) return difference > critical ? 1.0 : 0.0;
  return normal_upper_tail((critical - difference) / sd) +
         normal_cdf((-critical - difference) / sd);
}

std::optional<double> detectable_rate_difference(Count rest, std::uint64_t n_group, double alpha,
                                                 double power) {
  if (rest.n == 0 || n_group == 0) return std::nullopt;
  const double base = rest.rate();
  const double direction = base > 0.5 ? -1.0 : 1.0;
  const auto power_at = [&](double difference) {
    return rate_test_power(base + direction * difference, base, static_cast<double>(n_group),
                           static_cast<double>(rest.n), alpha);
  };
  // Near a rate of zero or one the approximation finds the smallest of differences (a power above
  // one half at no difference at all): it is asked only where the group has people to count.
  const double edge = base > 0.5 ? 1.0 - base : base;
  double low = std::max(0.0, kMinExpectedCount / static_cast<double>(n_group) - edge);
  double high = base > 0.5 ? base : 1.0 - base;
  if (low > high || power_at(high) < power) return std::nullopt;
  if (power_at(low) >= power) return low;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (power_at(middle) < power ? low : high) = middle;
  }
  return high;
}

std::optional<double> detectable_mean_difference(const Moments& group, const Moments& rest,
                                                 double alpha, double power) {
  if (group.n < 2 || rest.n < 2) return std::nullopt;
  const double sd = std::sqrt(group.variance() / static_cast<double>(group.n) +
                              rest.variance() / static_cast<double>(rest.n));
  return (normal_quantile(1.0 - 0.5 * alpha) + normal_quantile(power)) * sd;
}

}  // namespace dl::assess
