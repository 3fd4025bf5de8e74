// SPDX-License-Identifier: Apache-2.0
// The assessment as a list of its steps.
#include "daylight/assess/assessor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "daylight/assess/answers.h"
#include "daylight/assess/confounds.h"
#include "daylight/assess/errors.h"
#include "daylight/assess/grouping.h"
#include "daylight/assess/observed_head.h"
#include "daylight/assess/rates.h"
#include "daylight/assess/sensitivity.h"
#include "daylight/assess/targets.h"
#include "daylight/assess/verdicts.h"
#include "daylight/base/text.h"

namespace dl::assess {
namespace {

constexpr std::uint64_t kMaxReplicates = 1'000'000;

Result<void> check_options(const AssessOptions& options) {
  const auto bad = [](std::string what) {
    return fail(ErrorCode::kInvalidArgument, std::move(what));
  };
  if (!(options.confidence > 0.5) || !(options.confidence < 1.0)) {
    return bad("the confidence must lie between 0.5 and 1, as 0.95 does");
  }
  if (!(options.fdr > 0.0) || !(options.fdr < 0.5)) {
    return bad("the false discovery rate must lie between 0 and 0.5, as 0.05 does");
  }
  if (!std::isfinite(options.threshold)) return bad("the threshold must be a number");
  if (options.intersections < 1 || options.intersections > kMaxIntersections) {
    return bad(fmt::format("intersections must be 1 to {}", kMaxIntersections));
  }
  if (options.bootstrap > kMaxReplicates || options.permutations > kMaxReplicates) {
    return bad(fmt::format("at most {} replicates", kMaxReplicates));
  }
  if (options.bootstrap != 0 && options.bootstrap < 100) {
    return bad("fewer than 100 bootstrap replicates give no interval; 0 leaves intervals out");
  }
  if (options.permutations < 99)
    return bad("fewer than 99 permutations give no p value worth the name");
  TRY_VOID(age_convention_from_string(options.age_truth).map([](AgeConvention) {}));
  return {};
}

Json options_to_json(const AssessOptions& options) {
  Json targets = Json::array();
  for (const auto& [head, column] : options.targets) {
    targets.push_back({{"head", printable(head)}, {"column", printable(column)}});
  }
  Json positive = Json::array();
  for (const auto& [head, label] : options.positive) {
    positive.push_back({{"head", printable(head)}, {"label", printable(label)}});
  }
  Json rules = Json::array();
  for (const LabelRule& rule : options.label_rules) {
    rules.push_back({{"head", printable(rule.head)},
                     {"from", printable(rule.from)},
                     {"to", printable(rule.to)}});
  }
  Json head_labels = Json::object();
  for (const auto& [head, labels] : options.head_labels) head_labels[printable(head)] = labels;
  return {
      {"targets", std::move(targets)},          {"by", options.by},
      {"intersections", options.intersections}, {"bootstrap", options.bootstrap},
      {"permutations", options.permutations},   {"age_truth", options.age_truth},
      {"interval", options.interval},           {"bootstrap_interval", options.bootstrap_interval},
      {"error_test", options.error_test},       {"adjustment", options.adjustment},
      {"confidence", options.confidence},       {"fdr", options.fdr},
      {"min_group", options.min_group},         {"label_rules", std::move(rules)},
      {"positive", std::move(positive)},        {"threshold", options.threshold},
      {"head_labels", std::move(head_labels)}};
}

// All answers of one head.
std::vector<const HeadAnswers*> answers_of(const CollectedAnswers& collected,
                                           const std::string& head) {
  std::vector<const HeadAnswers*> answers;
  for (const HeadAnswers& candidate : collected.heads) {
    if (candidate.head == head) answers.push_back(&candidate);
  }
  return answers;
}

std::vector<std::string> names_of_heads(const CollectedAnswers& collected) {
  std::vector<std::string> names;
  for (const HeadAnswers& head : collected.heads) {
    if (std::find(names.begin(), names.end(), head.head) == names.end()) names.push_back(head.head);
  }
  return names;
}

void append(std::vector<Gap>& limits, std::vector<Gap> more) {
  limits.insert(limits.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

// Groups below min_group, once for each attribute set.
void note_small_groups(const Grouping& grouping, std::size_t min_group, std::vector<Gap>& limits) {
  if (grouping.attribute.empty()) return;
  std::vector<std::size_t> sizes(grouping.groups.size());
  for (const int g : grouping.group_of) {
    if (g >= 0) ++sizes[static_cast<std::size_t>(g)];
  }
  for (std::size_t g = 0; g < sizes.size(); ++g) {
    if (sizes[g] >= min_group) continue;
    limits.push_back({"group " + grouping.attribute + "=" + grouping.groups[g],
                      fmt::format("{} people, fewer than {}: shown, but left out of the tests",
                                  sizes[g], min_group)});
  }
}

// People who are not independent of each other, or not meant to count alike.
void note_design(const Samples& samples, std::vector<Gap>& limits) {
  const bool weighted = std::any_of(samples.rows.begin(), samples.rows.end(),
                                    [](const Sample& sample) { return sample.weight != 1.0; });
  if (weighted) {
    limits.push_back(
        {"column weight",
         "weights are not used: the numbers describe these samples, not the population "
         "that the weights stand for"});
  }
  for (const char* name : {"identity", "cluster"}) {
    const auto column = samples.reserved.find(name);
    if (column == samples.reserved.end()) continue;
    std::set<std::string> seen;
    std::size_t again = 0;
    for (const std::string& value : column->second) {
      if (!value.empty() && !seen.insert(value).second) ++again;
    }
    if (again > 0) {
      limits.push_back(
          {std::string("column ") + name,
           fmt::format(
               "{} pictures share their {} with an earlier one; all are treated as independent, "
               "so intervals are too narrow and p values too small",
               again, name)});
    }
  }
}

void note_missing(const ObservedHead& head, const AssessOptions& options,
                  std::vector<Gap>& limits) {
  const auto missing =
      std::count(head.main.outcome.begin(), head.main.outcome.end(), Outcome::kMissing);
  if (missing == 0) return;
  limits.push_back(
      {"head " + printable(head.match.head),
       fmt::format("{} of {} samples have no row in {}: they count as failures to predict", missing,
                   head.main.outcome.size(), options.predictions_name)});
}

Result<void> assess_head(const ObservedHead& head, const ObservedAnswers& answers,
                         const Groupings& groupings, const AssessOptions& options,
                         const Methods& methods, LogSink& log, Draft& draft) {
  std::uint64_t done = 0;
  for (const Grouping& grouping : groupings.sets) {
    if (log.cancelled()) return fail(ErrorCode::kCancelled, "stopped by the user");
    log.progress("assess " + head.match.head, done++, groupings.sets.size());
    TRY_VOID(assess_rates(head, answers, grouping, options, methods, draft));
    TRY_VOID(assess_errors(head, answers, grouping, options, methods, draft));
  }
  log.progress("assess " + head.match.head, groupings.sets.size(), groupings.sets.size());
  return {};
}

Json settings_of(const AssessOptions& options, const Draft& draft) {
  std::size_t errors = 0;
  std::size_t selection = 0;
  for (const TestResult& test : draft.assessment.tests) {
    if (!test.p) continue;
    ++(test.family == kErrorFamily ? errors : selection);
  }
  return {{"confidence", options.confidence},
          {"fdr", options.fdr},
          {"bootstrap", options.bootstrap},
          {"permutations", options.permutations},
          {"min_group", options.min_group},
          {"interval", options.interval},
          {"bootstrap_interval", options.bootstrap_interval},
          {"error_test", options.error_test},
          {"adjustment", options.adjustment},
          {"families",
           {{{"family", kErrorFamily}, {"tests", errors}},
            {{"family", kSelectionFamily}, {"tests", selection}},
            {{"family", "head/metric[:label]/attributes"},
             {"what",
              "the groups of one attribute set against the rest, adjusted within the family and "
              "for the "
              "selection of families by their omnibus test"}}}}};
}

}  // namespace

Result<Assessment> assess(const Predictions& predictions, const Samples& samples,
                          const AssessOptions& options, LogSink& log) {
  TRY_VOID(check_options(options));
  const Methods methods = TRY(read_methods(options));
  Draft draft;
  Assessment& assessment = draft.assessment;

  CollectedAnswers collected =
      TRY(collect_answers(predictions, samples, options.predictions_name, options.samples_name));
  append(assessment.limits, std::move(collected.limits));
  MatchedTargets matched = TRY(match_targets(names_of_heads(collected), samples, options));
  append(assessment.limits, std::move(matched.limits));
  Groupings groupings =
      TRY(make_groupings(samples, options.by, options.intersections, options.samples_name));
  append(assessment.limits, std::move(groupings.limits));
  note_design(samples, assessment.limits);

  std::vector<ObservedHead> heads;
  for (const Target& target : matched.targets) {
    ObservedResult observed =
        TRY(observe_head(target, answers_of(collected, target.head), samples, options));
    append(assessment.limits, std::move(observed.limits));
    note_missing(observed.head, options, assessment.limits);
    assessment.targets.push_back(observed.head.match);
    heads.push_back(std::move(observed.head));
  }
  for (const Grouping& grouping : groupings.sets) {
    note_small_groups(grouping, options.min_group, assessment.limits);
  }
  for (const ObservedHead& head : heads) {
    TRY_VOID(assess_head(head, head.main, groupings, options, methods, log, draft));
  }
  adjust_for_multiplicity(draft, options, methods);
  add_verdicts(draft, options);
  TRY_VOID(assess_sensitivity(heads, groupings, options, methods, log, draft));
  assessment.confounds = find_confounds(groupings);

  assessment.settings = settings_of(options, draft);
  assessment.provenance.options = options_to_json(options);
  assessment.provenance.seed = options.seed;
  return std::move(assessment);
}

}  // namespace dl::assess
