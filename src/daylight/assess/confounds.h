// SPDX-License-Identifier: Apache-2.0
// Which attributes hang together in the samples, so that a difference by one may be a difference by
// the other.
#pragma once

#include "daylight/assess/grouping.h"
#include "daylight/base/json.h"

namespace dl::assess {

// Two attributes count as entangled, and a caution is written, from this Cramér's V on when its
// chi-squared test also has p <= kAssociationLevel: V alone is biased upwards in small samples.
// Cohen calls 0.1 small; it spoils a comparison already.
inline constexpr double kEntangled = 0.1;
inline constexpr double kAssociationLevel = 0.05;

// One object for each pair of single attributes: {kind: "association", between: [a, b], n,
// cramers_v, p, entangled, text}. It speaks of the samples only, not of causes.
Json find_confounds(const Groupings& groupings);

}  // namespace dl::assess
