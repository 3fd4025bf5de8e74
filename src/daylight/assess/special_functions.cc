// SPDX-License-Identifier: Apache-2.0
// Distribution functions by Boost.Math, compiled once here because its headers are slow.
#include "daylight/assess/special_functions.h"

#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace dl::assess {
namespace {

namespace policies = boost::math::policies;
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::pole_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>,
                               policies::rounding_error<policies::ignore_error>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double normal_cdf(double z) {
  return std::isnan(z) ? kNan : 0.5 * boost::math::erfc(-z / std::numbers::sqrt2, Quiet());
}

double normal_upper_tail(double z) { return normal_cdf(-z); }

double normal_quantile(double p) {
  if (!(p > 0.0) || !(p < 1.0)) return kNan;
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * p, Quiet());
}

double chi_squared_upper_tail(double x, double df) {
  if (!(x >= 0.0) || !(df > 0.0)) return kNan;
  if (std::isinf(x)) return 0.0;
  return boost::math::gamma_q(0.5 * df, 0.5 * x, Quiet());
}

double f_upper_tail(double x, double df1, double df2) {
  if (!(x >= 0.0) || !(df1 > 0.0) || !(df2 > 0.0)) return kNan;
  if (std::isinf(x)) return 0.0;
  return boost::math::ibeta(0.5 * df2, 0.5 * df1, df2 / (df2 + df1 * x), Quiet());
}

double student_t_two_sided(double t, double df) {
  if (std::isnan(t) || !(df > 0.0)) return kNan;
  if (std::isinf(t)) return 0.0;
  return boost::math::ibeta(0.5 * df, 0.5, df / (df + t * t), Quiet());
}

double beta_quantile(double p, double a, double b) {
  if (!(p >= 0.0) || !(p <= 1.0) || !(a > 0.0) || !(b > 0.0)) return kNan;
  return boost::math::ibeta_inv(a, b, p, Quiet());
}

double log_choose(std::uint64_t n, std::uint64_t k) {
  if (k > n) return kNan;
  const auto log_factorial = [](std::uint64_t m) {
    return boost::math::lgamma(static_cast<double>(m) + 1.0, Quiet());
  };
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

}  // namespace dl::assess
