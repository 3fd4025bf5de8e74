// SPDX-License-Identifier: Apache-2.0
// Distribution functions and quantiles that the statistics rest on, each total: a bad argument
// gives NaN.
#pragma once

#include <cstdint>

namespace dl::assess {

// All are accurate to about 1e-14 relative, also far in the tails (upper tails are computed as
// such, not as 1 - cdf). Thread safe. Arguments outside the domain give NaN; nothing throws.

double normal_cdf(double z);
double normal_upper_tail(double z);
// The z with normal_cdf(z) = p, for 0 < p < 1.
double normal_quantile(double p);
// P(X >= x) for chi-squared with df degrees of freedom.
double chi_squared_upper_tail(double x, double df);
// P(X >= x) for Fisher's F.
double f_upper_tail(double x, double df1, double df2);
// P(|T| >= |t|) for Student's t; df need not be whole.
double student_t_two_sided(double t, double df);
// The x with P(X <= x) = p for Beta(a, b).
double beta_quantile(double p, double a, double b);
// log of the binomial coefficient n over k, for k <= n.
double log_choose(std::uint64_t n, std::uint64_t k);

}  // namespace dl::assess
