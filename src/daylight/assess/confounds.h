// SPDX-License-Identifier: Apache-2.0
// Which attributes hang together in the samples, so that a difference by one may be a difference by
// the other.
#pragma once

#include "daylight/assess/grouping.h"
#include "daylight/base/json.h"

namespace dl::assess {

// From this Cramér's V on, two attributes count as entangled and a caution is written (Cohen's
// "medium" for 2 x k tables is 0.3, "small" 0.1; a fairness reading is spoiled earlier than a
// textbook one).
inline constexpr double kEntangled = 0.1;

// One object for each pair of single attributes: {kind: "association", between: [a, b], n,
// cramers_v, p, entangled, text}. It speaks of the samples only, not of causes.
Json find_confounds(const Groupings& groupings);

}  // namespace dl::assess
