// SPDX-License-Identifier: Apache-2.0
// How far a scalar head is off, by group: mean absolute error and mean signed error.
#pragma once

#include "daylight/assess/draft.h"
#include "daylight/assess/grouping.h"
#include "daylight/assess/observed_head.h"

namespace dl::assess {

// Appends estimates, and for a real attribute set also disparities and omnibus tests. The
// denominator is the answered pictures: a failure has no error, and the failure rate says how many
// there are.
//
//   mae           mean of |answer - truth|            signed_error   mean of answer - truth
//
// Where errors are known as bounds only, both metrics become <metric>_lower and <metric>_upper,
// their difference from the rest is the interval of all differences that the bounds allow (at the
// confidence 1 - fdr / groups, so that any one that excludes zero counts), and there is no p.
Result<void> assess_errors(const ObservedHead& head, const ObservedAnswers& answers,
                           const Grouping& grouping, const AssessOptions& options,
                           const Methods& methods, Draft& draft);

}  // namespace dl::assess
