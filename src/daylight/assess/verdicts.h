// SPDX-License-Identifier: Apache-2.0
// Adjusts p values and says in a sentence, for each head and attribute set, what the numbers allow
// to be said.
#pragma once

#include "daylight/assess/draft.h"

namespace dl::assess {

// A "no disparity" is said only when some tested group's difference of at most this size would have
// been found: 20 points of a rate, or half of the head's mean absolute error. Otherwise the data
// cannot decide.
inline constexpr double kDecidableRate = 0.20;
inline constexpr double kDecidableShareOfError = 0.5;

// Fills p_adjusted. The omnibus tests of all error metrics form one family, those of selection
// rates another. The groups of one hypothesis against the rest form a family each, adjusted within
// it and multiplied by (families / families whose omnibus test survived), as Benjamini and
// Bogomolov (JRSS-B 76:297, 2014) select: the false discovery rate then holds on average over the
// families that are looked into. A group's p_adjusted is never below its omnibus test's.
void adjust_for_multiplicity(Draft& draft, const AssessOptions& options, const Methods& methods);

// One verdict for each head and attribute set:
//   disparity-found     an omnibus test of an error metric has p_adjusted <= fdr (bounds: a
//   difference excludes zero) no-disparity-found  none has, and the data would have shown one of a
//   size that matters; the sentence says which size not-decidable       no test could be made, or
//   only a huge difference would have shown
void add_verdicts(Draft& draft, const AssessOptions& options);

}  // namespace dl::assess
