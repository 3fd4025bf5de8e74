// SPDX-License-Identifier: Apache-2.0
// Defaults and checks for the assessment's options.
#include "daylight/cli/group_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daylight/base/text.h"

namespace dl::cli {
namespace {

// The values of one attribute, in the order of the rows.
std::vector<std::string> column_of(const Samples& samples, std::size_t attribute) {
  std::vector<std::string> values;
  values.reserve(samples.rows.size());
  for (const Sample& row : samples.rows) values.push_back(row.values[attribute]);
  return values;
}

bool all_numbers(const std::set<std::string>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](const std::string& v) { return parse_double(v).has_value(); });
}

// [HEAD:]FROM=TO
Result<assess::LabelRule> read_label_rule(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::kInvalidArgument, "'" + printable(text) + "' is not [HEAD:]FROM=TO",
                "--label", "for example --label 'boy=Male'");
  }
  const auto colon = text.substr(0, equals).find(':');
  assess::LabelRule rule;
  if (colon != std::string::npos) rule.head = text.substr(0, colon);
  const std::size_t from = colon == std::string::npos ? 0 : colon + 1;
  rule.from = text.substr(from, equals - from);
  rule.to = text.substr(equals + 1);
  return rule;
}

std::vector<std::string> default_groups(const Samples& samples) {
  std::vector<std::string> chosen;
  std::vector<std::vector<std::string>> seen;
  for (std::size_t a = 0; a < samples.attributes.size(); ++a) {
    auto values = column_of(samples, a);
    std::set<std::string> distinct(values.begin(), values.end());
    distinct.erase("");
    if (distinct.size() < 2 || distinct.size() > kMaxDefaultGroups || all_numbers(distinct))
      continue;
    if (std::find(seen.begin(), seen.end(), values) != seen.end()) continue;
    seen.push_back(std::move(values));
    chosen.push_back(samples.attributes[a]);
  }
  return chosen;
}

}  // namespace

Result<assess::AssessOptions> assess_options(const AssessFlags& flags, const Samples& samples) {
  assess::AssessOptions options;
  const std::string columns = printable(join(samples.attributes, ", "));
  for (const std::string& target : flags.targets) {
    const auto at = target.find('=');
    if (at == std::string::npos || at == 0) {
      return fail(ErrorCode::kInvalidArgument, "'" + printable(target) + "' is not HEAD=COLUMN",
                  "--target", "for example --target age=age; --target age= leaves the head out");
    }
    options.targets.emplace_back(target.substr(0, at), target.substr(at + 1));
    if (at + 1 < target.size() && !samples.attribute_index(target.substr(at + 1))) {
      return fail(ErrorCode::kInvalidArgument,
                  "the samples have no column '" + printable(target.substr(at + 1)) + "'",
                  "--target", "the columns are: " + columns);
    }
  }
  options.by = flags.by.empty() ? default_groups(samples) : flags.by;
  for (const std::string& column : options.by) {
    if (!samples.attribute_index(column)) {
      return fail(ErrorCode::kInvalidArgument,
                  "the samples have no column '" + printable(column) + "'", "--by",
                  "the columns are: " + columns);
    }
  }
  if (options.by.empty()) {
    return fail(ErrorCode::kInvalidArgument, "no column of the samples makes groups of people",
                "--by", "name one; the columns are: " + columns);
  }
  for (const std::string& rule : flags.labels)
    options.label_rules.push_back(TRY(read_label_rule(rule)));
  for (const std::string& rule : flags.positive) {
    const auto at = rule.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == rule.size()) {
      return fail(ErrorCode::kInvalidArgument, "'" + printable(rule) + "' is not HEAD=LABEL",
                  "--positive", "for example --positive gender=Male");
    }
    options.positive.emplace_back(rule.substr(0, at), rule.substr(at + 1));
  }
  options.threshold = flags.threshold;
  options.min_group = static_cast<std::size_t>(flags.min_group);
  options.intersections = flags.intersections;
  options.bootstrap = flags.bootstrap;
  options.seed = flags.seed;
  options.age_truth = flags.age_truth;
  options.confidence = flags.confidence;
  options.fdr = flags.fdr;
  return options;
}

Json options_to_json(const assess::AssessOptions& options) {
  Json targets = Json::array();
  for (const auto& [head, column] : options.targets)
    targets.push_back(fmt::format("{}={}", head, column));
  Json rules = Json::array();
  for (const auto& rule : options.label_rules)
    rules.push_back({{"head", rule.head}, {"from", rule.from}, {"to", rule.to}});
  Json positive = Json::array();
  for (const auto& [head, label] : options.positive)
    positive.push_back(fmt::format("{}={}", head, label));
  return {
      {"targets", std::move(targets)},          {"labels", std::move(rules)},
      {"positive", std::move(positive)},        {"by", options.by},
      {"intersections", options.intersections}, {"bootstrap", options.bootstrap},
      {"permutations", options.permutations},   {"age_truth", options.age_truth},
      {"interval", options.interval},           {"bootstrap_interval", options.bootstrap_interval},
      {"error_test", options.error_test},       {"adjustment", options.adjustment},
      {"confidence", options.confidence},       {"fdr", options.fdr},
      {"min_group", options.min_group},         {"threshold", options.threshold}};
}

}  // namespace dl::cli
