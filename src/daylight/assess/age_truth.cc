// SPDX-License-Identifier: Apache-2.0
// The three conventions for bracketed ages.
#include "daylight/assess/age_truth.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

constexpr std::array kConventions = {AgeConvention::kMidpoint, AgeConvention::kEdgeDistance,
                                     AgeConvention::kBounds};

AgeError exact_error(double error) { return {error, error, std::abs(error), std::abs(error)}; }

// 0 inside [low, end), else the signed distance to the nearer edge.
double edge_error(double answer, const AgeBracket& bracket) {
  if (answer < bracket.low) return answer - bracket.low;
  const auto end = bracket.end();
  return end && answer > *end ? answer - *end : 0.0;
}

AgeError bounded_error(double answer, const AgeBracket& bracket) {
  const double end = bracket.end().value_or(std::max(kOldestAge, bracket.low));
  AgeError error;
  error.signed_low = answer - end;
  error.signed_high = answer - bracket.low;
  error.absolute_low = std::abs(edge_error(answer, bracket));
  error.absolute_high = std::max(std::abs(error.signed_low), std::abs(error.signed_high));
  return error;
}

}  // namespace

const char* to_string(AgeConvention convention) {
  switch (convention) {
    case AgeConvention::kMidpoint:
      return "midpoint";
    case AgeConvention::kEdgeDistance:
      return "edge-distance";
    case AgeConvention::kBounds:
      return "bounds";
  }
  return "midpoint";
}

Result<AgeConvention> age_convention_from_string(const std::string& text) {
  for (const AgeConvention convention : kConventions) {
    if (text == to_string(convention)) return convention;
  }
  return fail(
      ErrorCode::kInvalidArgument,
      "the age convention '" + printable(text) + "' is not one of midpoint, edge-distance, bounds",
      "--age-truth");
}

double bracket_midpoint(const AgeBracket& bracket) {
  if (!bracket.high) return bracket.low + kOpenBracketMidpoint;
  return std::floor((bracket.low + *bracket.high + 1.0) / 2.0);
}

AgeError age_error(double answer, const AgeTruth& truth, AgeConvention convention) {
  if (truth.exact) return exact_error(answer - *truth.exact);
  switch (convention) {
    case AgeConvention::kMidpoint:
      return exact_error(answer - bracket_midpoint(truth.bracket));
    case AgeConvention::kEdgeDistance:
      return exact_error(edge_error(answer, truth.bracket));
    case AgeConvention::kBounds:
      return bounded_error(answer, truth.bracket);
  }
  return {};
}

Result<TruthColumn> read_truth_column(const std::vector<std::string>& values,
                                      const std::string& column, AgeConvention convention,
                                      const std::string& where) {
  TruthColumn result;
  LabelSet brackets;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string_view text = trim(values[i]);
    if (text.empty()) {
      result.values.emplace_back();
    } else if (const auto number = parse_double(text)) {
      result.values.push_back(AgeTruth{number, {}});
    } else if (const auto bracket = parse_age_bracket(text)) {
      result.values.push_back(AgeTruth{{}, *bracket});
      brackets.add(text);
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "column '" + printable(column) + "' holds '" + printable(text) +
                      "', which is neither a number nor a bracket such as 20-29 or 70+",
                  where + ":" + std::to_string(i + 2), "correct the value or leave it empty");
    }
  }
  brackets.finish();
  result.table.convention = brackets.size() == 0 ? "exact" : to_string(convention);
  for (std::size_t i = 0; i < brackets.size(); ++i) {
    const AgeBracket bracket = *parse_age_bracket(brackets.name(i));
    result.table.rows.push_back(
        {brackets.name(i), bracket.low, bracket.high, bracket_midpoint(bracket)});
  }
  return result;
}

}  // namespace dl::assess
