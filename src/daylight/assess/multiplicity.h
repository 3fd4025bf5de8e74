// SPDX-License-Identifier: Apache-2.0
// Adjusted p values for many tests at once.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl::assess {

enum class Adjustment { kBenjaminiHochberg, kBenjaminiYekutieli, kHolm, kHochberg, kBonferroni };
const char* to_string(Adjustment adjustment);
Result<Adjustment> adjustment_from_string(const std::string& text);

// The adjusted p values in the order given, each in [0, 1] and monotone in p. Sources: Benjamini
// and Hochberg (JRSS-B 57:289, 1995), Benjamini and Yekutieli (Ann. Stat. 29:1165, 2001), Holm
// (1979), Hochberg (1988). Every p in [0, 1].
std::vector<double> adjust_p_values(std::span<const double> p, Adjustment adjustment);

}  // namespace dl::assess
