// SPDX-License-Identifier: Apache-2.0
// Everything about a head that is a share of people: accuracy, TPR, FPR, selection rate, failures
// to predict.
#pragma once

#include "daylight/artifact/count_tensor.h"
#include "daylight/assess/draft.h"
#include "daylight/assess/grouping.h"
#include "daylight/assess/observed_head.h"

namespace dl::assess {

// Counts of one head in one attribute set: axes group, truth, answer. The answer axis holds the
// labels ("ok" for a scalar head, whose truth axis has one position) and then every way to fail.
// Samples without truth or group are not counted.
Result<CountTensor> count_answers(const ObservedHead& head, const ObservedAnswers& answers,
                                  const Grouping& grouping);

// Appends outcome counts, estimates, and for a real attribute set also disparities and the omnibus
// tests.
//
//   accuracy        right / all, and right / answered; a failure to predict is not right
//   failure_rate    failures to predict / all
//   tpr(label)      answered label / all whose truth is label (one label against the others)
//   fpr(label)      answered label / all whose truth is another label
//   selection_rate  answered label / all
//
// The last three are also given over answered pictures where any picture failed. A scalar head has
// the failure rate only. Selection rates are left out where the attribute set holds the head's own
// truth: there they are not comparable.
Result<void> assess_rates(const ObservedHead& head, const ObservedAnswers& answers,
                          const Grouping& grouping, const AssessOptions& options,
                          const Methods& methods, Draft& draft);

}  // namespace dl::assess
