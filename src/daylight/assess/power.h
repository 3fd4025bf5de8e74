// SPDX-License-Identifier: Apache-2.0
// How large a difference must be before the data at hand would show it.
#pragma once

#include <optional>

#include "daylight/assess/hypothesis_tests.h"

namespace dl::assess {

inline constexpr double kPower = 0.8;

// The smallest |difference| of rates between n_group and n_rest people, around the rate of the
// rest, that a two-sided test at level `alpha` finds with probability `power`; normal approximation
// (Fleiss, Levin and Paik, 2003, chapter 4). Looks towards the middle of [0, 1], where variance is
// largest. Never so small that fewer than kMinExpectedCount of the group are expected on the rare
// side: there the approximation says nothing. Nothing when no difference of rates is large enough.
std::optional<double> detectable_rate_difference(Count rest, std::uint64_t n_group, double alpha,
                                                 double power = kPower);

// The same for means: (z(1 - alpha/2) + z(power)) · sqrt(s²/n + s²/n). Nothing below two values on
// a side.
std::optional<double> detectable_mean_difference(const Moments& group, const Moments& rest,
                                                 double alpha, double power = kPower);

// Power of the two-sided two-proportion z test, n in each group and both rates as given.
double rate_test_power(double p1, double p2, double n1, double n2, double alpha);

}  // namespace dl::assess
