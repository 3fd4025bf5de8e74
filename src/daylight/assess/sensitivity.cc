// SPDX-License-Identifier: Apache-2.0
// Compares every alternative with the pipeline itself.
#include "daylight/assess/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "daylight/assess/errors.h"
#include "daylight/assess/rates.h"
#include "daylight/assess/verdicts.h"

namespace dl::assess {
namespace {

const ObservedAnswers* find_alternative(const ObservedHead& head, const std::string& alternative) {
  for (const ObservedAnswers& answers : head.alternatives) {
    if (answers.alternative == alternative) return &answers;
  }
  return nullptr;
}

std::set<std::string> alternatives_of(const std::vector<ObservedHead>& heads) {
  std::set<std::string> names;
  for (const ObservedHead& head : heads) {
    for (const ObservedAnswers& answers : head.alternatives) names.insert(answers.alternative);
  }
  return names;
}

// (head, attribute) -> outcome.
using Outcomes = std::map<std::pair<std::string, std::string>, std::string>;

Outcomes outcomes_of(const std::vector<Verdict>& verdicts) {
  Outcomes outcomes;
  for (const Verdict& verdict : verdicts)
    outcomes[{verdict.head, verdict.attribute}] = verdict.outcome;
  return outcomes;
}

// The verdicts when heads that have this alternative answer by it.
Result<Outcomes> outcomes_under(const std::string& alternative,
                                const std::vector<ObservedHead>& heads, const Groupings& groupings,
                                const AssessOptions& options, const Methods& methods,
                                LogSink& log) {
  Draft draft;
  for (const ObservedHead& head : heads) {
    const ObservedAnswers* other = find_alternative(head, alternative);
    const ObservedAnswers& answers = other != nullptr ? *other : head.main;
    AssessOptions quick = options;
    // Verdicts rest on p values; only bounds need replicates.
    if (!head.bounded) quick.bootstrap = 0;
    for (const Grouping& grouping : groupings.sets) {
      if (log.cancelled()) return fail(ErrorCode::kCancelled, "stopped by the user");
      TRY_VOID(assess_rates(head, answers, grouping, quick, methods, draft));
      TRY_VOID(assess_errors(head, answers, grouping, quick, methods, draft));
    }
  }
  adjust_for_multiplicity(draft, options, methods);
  add_verdicts(draft, options);
  return outcomes_of(draft.assessment.verdicts);
}

// Compares one head's answers in one attribute set.
class Comparison {
 public:
  Comparison(const ObservedHead& head, const ObservedAnswers& other, const Grouping& grouping)
      : head_(head), other_(other), grouping_(grouping), sums_(grouping.groups.size()) {
    for (std::size_t i = 0; i < grouping.group_of.size(); ++i) {
      if (grouping.group_of[i] < 0) continue;
      Sums& sums = sums_[static_cast<std::size_t>(grouping.group_of[i])];
      add_change(sums, i);
      if (head.has_truth[i]) add_metric(sums, i);
    }
  }

  Sensitivity row(std::size_t group) const {
    const Sums& sums = sums_[group];
    Sensitivity row;
    row.alternative = other_.alternative;
    row.head = head_.match.head;
    row.attribute = grouping_.attribute;
    row.group = grouping_.groups[group];
    row.n = sums.both;
    row.label_changes = sums.label_changes;
    if (sums.compared > 0) {
      const auto n = static_cast<double>(sums.compared);
      row.mean_change = sums.change / n;
      row.mean_abs_change = sums.absolute / n;
      row.max_abs_change = sums.largest;
    } else {
      row.why =
          sums.both == 0 ? "no picture was answered both ways" : "the answers carry no scores";
    }
    row.metric = head_.scalar ? "mae" : "accuracy";
    const auto before = sums.main.value();
    row.metric_value = sums.other.value();
    if (before && row.metric_value) row.metric_change = *row.metric_value - *before;
    if (head_.bounded) {
      row.metric_value.reset();
      row.metric_change.reset();
    }
    return row;
  }

 private:
  struct Mean {
    double sum = 0.0;
    std::uint64_t n = 0;
    std::optional<double> value() const {
      return n == 0 ? std::nullopt : std::optional<double>(sum / static_cast<double>(n));
    }
  };
  struct Sums {
    std::uint64_t both = 0;      // answered both ways
    std::uint64_t compared = 0;  // and comparable as numbers
    std::uint64_t label_changes = 0;
    double change = 0.0;
    double absolute = 0.0;
    double largest = 0.0;
    Mean main;
    Mean other;
  };

  void add_change(Sums& sums, std::size_t i) const {
    if (head_.main.outcome[i] != Outcome::kOk || other_.outcome[i] != Outcome::kOk) return;
    ++sums.both;
    double change = 0.0;
    if (head_.scalar) {
      change = other_.value[i] - head_.main.value[i];
    } else {
      const bool same = head_.main.label[i] == other_.label[i];
      if (!same) ++sums.label_changes;
      // With two labels the score of the one is what the other lacks; with more it is not known.
      const double score =
          same || head_.labels.size() != 2 ? other_.score[i] : 1.0 - other_.score[i];
      change = same || head_.labels.size() == 2 ? score - head_.main.score[i] : kNoNumber;
    }
    if (std::isnan(change)) return;
    ++sums.compared;
    sums.change += change;
    sums.absolute += std::abs(change);
    sums.largest = std::max(sums.largest, std::abs(change));
  }

  void add_metric(Sums& sums, std::size_t i) const {
    const auto add = [&](const ObservedAnswers& answers, Mean& mean) {
      const bool answered = answers.outcome[i] == Outcome::kOk;
      if (head_.scalar && !answered) return;
      mean.sum += head_.scalar ? answers.error[i].absolute_low
                               : (answered && answers.label[i] == head_.truth[i] ? 1.0 : 0.0);
      ++mean.n;
    };
    add(head_.main, sums.main);
    add(other_, sums.other);
  }

  const ObservedHead& head_;
  const ObservedAnswers& other_;
  const Grouping& grouping_;
  std::vector<Sums> sums_;
};

bool survives(const Outcomes& before, const Outcomes& after, const std::string& head,
              const std::string& attribute) {
  for (const auto& [key, outcome] : before) {
    if (key.first != head || (!attribute.empty() && key.second != attribute)) continue;
    const auto found = after.find(key);
    if (found == after.end() || found->second != outcome) return false;
  }
  return true;
}

}  // namespace

Result<void> assess_sensitivity(const std::vector<ObservedHead>& heads, const Groupings& groupings,
                                const AssessOptions& options, const Methods& methods, LogSink& log,
                                Draft& draft) {
  const Outcomes before = outcomes_of(draft.assessment.verdicts);
  for (const std::string& alternative : alternatives_of(heads)) {
    const Outcomes after =
        TRY(outcomes_under(alternative, heads, groupings, options, methods, log));
    for (const ObservedHead& head : heads) {
      const ObservedAnswers* other = find_alternative(head, alternative);
      if (other == nullptr) continue;
      for (const Grouping& grouping : groupings.sets) {
        if (grouping.attributes.size() > 1) continue;
        const Comparison comparison(head, *other, grouping);
        const bool same = survives(before, after, head.match.head, grouping.attribute);
        for (std::size_t g = 0; g < grouping.groups.size(); ++g) {
          Sensitivity row = comparison.row(g);
          row.verdicts_survive = same;
          draft.assessment.sensitivity.push_back(std::move(row));
        }
      }
    }
  }
  return {};
}

}  // namespace dl::assess
