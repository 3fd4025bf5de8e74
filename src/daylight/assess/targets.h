// SPDX-License-Identifier: Apache-2.0
// Which column of the samples is the truth of which head.
#pragma once

#include <string>
#include <vector>

#include "daylight/assess/answers.h"
#include "daylight/assess/assess_options.h"

namespace dl::assess {

// A head and the column that holds its truth.
struct Target {
  std::string head;
  std::size_t column = 0;  // index into Samples::attributes
  std::string how;         // given|name
};

struct MatchedTargets {
  std::vector<Target> targets;  // in the order of the heads
  std::vector<Gap> limits;      // heads that are not assessed, and why
};

// Given targets first; the other heads match the one column whose name they equal (spelling aside)
// or contain as a word
// ("model_age_q" and "age"; sex is gender, ethnicity is race). A head that fits several columns is
// left out, with a limit; so is one that only contains the name of a column which another head was
// given or is named for ("gender_confidence" beside "gender"). A given target without a column
// leaves its head out. kNotFound for a target that names an absent head or column, or when no
// head has a truth; it lists both sides.
Result<MatchedTargets> match_targets(const std::vector<std::string>& heads, const Samples& samples,
                                     const AssessOptions& options);

// The words of a name: "model_age_q" is model, age, q.
std::vector<std::string> words_of(const std::string& name);

}  // namespace dl::assess
