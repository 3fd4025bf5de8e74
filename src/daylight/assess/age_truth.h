// SPDX-License-Identifier: Apache-2.0
// How an age that is known only as a bracket is compared with a predicted number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/assess/labels.h"
#include "daylight/base/result.h"

namespace dl::assess {

// midpoint: the bracket stands for one age. edge-distance: an answer inside the bracket has no
// error, one outside the distance to the nearest edge. bounds: the smallest and the largest error
// that some age in the bracket would give.
enum class AgeConvention { kMidpoint, kEdgeDistance, kBounds };
const char* to_string(AgeConvention convention);
Result<AgeConvention> age_convention_from_string(const std::string& text);

// What stands above an open bracket when the largest possible error is sought.
inline constexpr double kOldestAge = 110.0;
// An open bracket's midpoint lies this far above its low end: 75 for "more than 70".
inline constexpr double kOpenBracketMidpoint = 5.0;

// floor((low + high + 1) / 2), and low + 5 when open: 1, 6, 15, 25 ... 65, 75 for FairFace's
// brackets.
double bracket_midpoint(const AgeBracket& bracket);

// The true age of one picture: exact, or a bracket.
struct AgeTruth {
  std::optional<double> exact;
  AgeBracket bracket;
};

// Signed errors (answer - truth) of one answer; `low`/`high` differ for kBounds only, where |truth
// error| lies in [absolute_low, absolute_high] and the signed error in [signed_low, signed_high].
struct AgeError {
  double signed_low = 0.0;
  double signed_high = 0.0;
  double absolute_low = 0.0;
  double absolute_high = 0.0;
};
AgeError age_error(double answer, const AgeTruth& truth, AgeConvention convention);

// A column of numbers or brackets, read: one entry for each value, nothing where the value is
// empty.
struct TruthColumn {
  std::vector<std::optional<AgeTruth>> values;
  AgeTruthTable table;  // the convention used and the brackets met; "exact" when all are numbers
};
// `where` names the file; an unreadable value is an Error with its line (row + 2), column and
// value.
Result<TruthColumn> read_truth_column(const std::vector<std::string>& values,
                                      const std::string& column, AgeConvention convention,
                                      const std::string& where);

}  // namespace dl::assess
