// SPDX-License-Identifier: Apache-2.0
// What a schema cannot say of intervals, rates and counts.
#include "daylight/cli/assessment_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "daylight/base/text.h"

namespace dl::cli {
namespace {

constexpr double kRounding = 1e-4;  // numbers are written with five digits or more
constexpr std::array<std::string_view, 5> kRates = {"accuracy", "failure_rate", "tpr", "fpr",
                                                    "selection_rate"};

bool is_rate(const std::string& metric) {
  return std::find(kRates.begin(), kRates.end(), metric) != kRates.end();
}

bool outside(const std::optional<double>& number, double low, double high) {
  return number && !(*number >= low - kRounding && *number <= high + kRounding);
}

// Where a bound is absent there is none. A bias-corrected bootstrap interval of low confidence may
// lie beside its value.
void check_interval(const std::optional<double>& value, const std::optional<double>& low,
                    const std::optional<double>& high, const std::string& method,
                    const std::string& what, std::vector<std::string>& problems) {
  const double slack = kRounding * std::max(1.0, std::abs(value.value_or(0.0)));
  if (low && high && *low > *high) {
    problems.push_back(
        fmt::format("{}: the interval's low {} is above its high {}", what, *low, *high));
  } else if (method != "bootstrap-bca" && value &&
             ((low && *low > *value + slack) || (high && *high < *value - slack))) {
    problems.push_back(fmt::format("{}: the value {} lies outside its interval", what, *value));
  }
}

void check_estimate(const Estimate& e, const std::string& what,
                    std::vector<std::string>& problems) {
  check_interval(e.value, e.low, e.high, e.method, what, problems);
  if (is_rate(e.metric) &&
      (outside(e.value, 0, 1) || outside(e.low, 0, 1) || outside(e.high, 0, 1))) {
    problems.push_back(what + ": a rate or its interval is not between 0 and 1");
  }
  if (!e.k) return;
  const auto n = static_cast<double>(e.n);
  if (*e.k < 0 || *e.k > n) {
    problems.push_back(fmt::format("{}: k {} is not between 0 and n {}", what, *e.k, e.n));
  } else if (e.value && e.n > 0 && std::abs(*e.value - *e.k / n) > kRounding) {
    problems.push_back(
        fmt::format("{}: the value {} is not k {} of n {}", what, *e.value, *e.k, e.n));
  }
}

void check_p(const std::optional<double>& p, const std::optional<double>& adjusted,
             const std::string& what, std::vector<std::string>& problems) {
  if (outside(p, 0, 1) || outside(adjusted, 0, 1))
    problems.push_back(what + ": a p is not between 0 and 1");
}

}  // namespace

std::vector<std::string> implausible_numbers(const Assessment& assessment) {
  std::vector<std::string> problems;
  for (const Estimate& e : assessment.estimates) {
    check_estimate(e, printable(fmt::format("estimate {} {} {}", e.head, e.metric, e.group), 100),
                   problems);
  }
  for (const Disparity& d : assessment.disparities) {
    const auto what = printable(fmt::format("{} {} {} {}", d.kind, d.head, d.metric, d.group), 100);
    check_interval(d.value, d.low, d.high, d.method, what, problems);
    check_p(d.p, d.p_adjusted, what, problems);
  }
  for (const TestResult& t : assessment.tests)
    check_p(t.p, t.p_adjusted, printable("test " + t.id, 100), problems);
  return problems;
}

}  // namespace dl::cli
