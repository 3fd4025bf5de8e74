// SPDX-License-Identifier: Apache-2.0
// What each alternative of the pipeline changes: the answers, the groups' metrics, and whether the
// verdicts survive.
#pragma once

#include "daylight/assess/draft.h"
#include "daylight/assess/grouping.h"
#include "daylight/assess/observed_head.h"
#include "daylight/base/log.h"

namespace dl::assess {

// For each alternative and each head that has answers under it, a row for everyone and one for each
// group of each single attribute, over the pictures that were answered both ways. Scalar heads: the
// change of the answer. Label heads: the change of the score of the main pipeline's label (where
// scores are given) and how many labels changed. `metric` is mae or accuracy, both ways over all
// pictures. `verdicts_survive`: the outcome of the head's verdict for this attribute (for everyone:
// of all its verdicts) is the same when the whole assessment is made with the alternative's
// answers. `draft` holds the finished main assessment with its verdicts.
Result<void> assess_sensitivity(const std::vector<ObservedHead>& heads, const Groupings& groupings,
                                const AssessOptions& options, const Methods& methods, LogSink& log,
                                Draft& draft);

}  // namespace dl::assess
