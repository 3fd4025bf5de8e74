// SPDX-License-Identifier: Apache-2.0
// Rates of groups from one count tensor: estimates, comparisons with the rest, omnibus tests.
#include "daylight/assess/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daylight/assess/hypothesis_tests.h"
#include "daylight/assess/power.h"

namespace dl::assess {
namespace {

// What every rate is made of, for one group. All are sums over people, so groups add and subtract.
struct GroupCounts {
  std::uint64_t all = 0;
  std::uint64_t answered = 0;
  std::uint64_t right = 0;
  std::vector<std::uint64_t> truth;           // by label: people whose truth it is
  std::vector<std::uint64_t> truth_answered;  // ... and who were answered
  std::vector<std::uint64_t> chosen;          // by label: people who were answered it
  std::vector<std::uint64_t> hits;            // by label: both
};

enum class Metric { kAccuracy, kFailureRate, kTpr, kFpr, kSelectionRate };

const char* name_of(Metric metric) {
  switch (metric) {
    case Metric::kAccuracy:
      return "accuracy";
    case Metric::kFailureRate:
      return "failure_rate";
    case Metric::kTpr:
      return "tpr";
    case Metric::kFpr:
      return "fpr";
    case Metric::kSelectionRate:
      return "selection_rate";
  }
  return "accuracy";
}

Count count_of(const GroupCounts& group, Metric metric, std::size_t label, bool answered_only) {
  const std::uint64_t people = answered_only ? group.answered : group.all;
  switch (metric) {
    case Metric::kAccuracy:
      return {group.right, people};
    case Metric::kFailureRate:
      return {group.all - group.answered, group.all};
    case Metric::kTpr:
      return {group.hits[label], answered_only ? group.truth_answered[label] : group.truth[label]};
    case Metric::kFpr:
      return {group.chosen[label] - group.hits[label],
              people - (answered_only ? group.truth_answered[label] : group.truth[label])};
    case Metric::kSelectionRate:
      return {group.chosen[label], people};
  }
  return {};
}

// Assesses one head in one attribute set; run() lists the steps.
class RateAssessor {
 public:
  RateAssessor(const ObservedHead& head, const ObservedAnswers& answers, const Grouping& grouping,
               const AssessOptions& options, const Methods& methods, Draft& draft)
      : head_(head),
        answers_(answers),
        grouping_(grouping),
        options_(options),
        methods_(methods),
        draft_(draft),
        labels_(head.scalar ? 0 : head.labels.size()) {}

  Result<void> run() {
    const CountTensor tensor = TRY(count_answers(head_, answers_, grouping_));
    sum_groups(tensor);
    add_outcomes(tensor);
    const bool failures = total_.answered < total_.all;
    if (!head_.scalar) {
      assess(Metric::kAccuracy, 0);
      estimate(Metric::kAccuracy, 0, true);
    }
    assess(Metric::kFailureRate, 0);
    for (std::size_t label = 0; label < labels_; ++label) {
      for (const Metric metric : {Metric::kTpr, Metric::kFpr, Metric::kSelectionRate}) {
        if (metric == Metric::kSelectionRate && holds_own_truth()) continue;
        assess(metric, label);
        if (failures) estimate(metric, label, true);
      }
    }
    return {};
  }

 private:
  bool holds_own_truth() const {
    const auto& parts = grouping_.attributes;
    return std::find(parts.begin(), parts.end(), head_.match.column) != parts.end();
  }

  void sum_groups(const CountTensor& tensor) {
    const GroupCounts empty = {0,
                               0,
                               0,
                               std::vector<std::uint64_t>(labels_),
                               std::vector<std::uint64_t>(labels_),
                               std::vector<std::uint64_t>(labels_),
                               std::vector<std::uint64_t>(labels_)};
    groups_.assign(grouping_.groups.size(), empty);
    total_ = empty;
    const std::size_t truths = tensor.axes()[1].labels.size();
    const std::size_t answers = tensor.axes()[2].labels.size();
    const std::size_t answered = std::max<std::size_t>(labels_, 1);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t t = 0; t < truths; ++t) {
        for (std::size_t a = 0; a < answers; ++a) {
          const std::uint64_t n = tensor.at(std::array{g, t, a});
          if (n == 0) continue;
          count(groups_[g], t, a, answered, n);
          count(total_, t, a, answered, n);
        }
      }
    }
  }

  void count(GroupCounts& group, std::size_t truth, std::size_t answer, std::size_t answered,
             std::uint64_t n) const {
    group.all += n;
    if (answer < answered) group.answered += n;
    if (labels_ == 0) return;
    group.truth[truth] += n;
    if (answer >= answered) return;
    group.truth_answered[truth] += n;
    group.chosen[answer] += n;
    if (answer == truth) {
      group.hits[truth] += n;
      group.right += n;
    }
  }

  void add_outcomes(const CountTensor& tensor) {
    const std::size_t failures = tensor.axes()[2].labels.size() - std::max<std::size_t>(labels_, 1);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      OutcomeCount outcome = {head_.match.head, grouping_.attribute, grouping_.groups[g], "ok",
                              groups_[g].answered};
      draft_.assessment.outcomes.push_back(outcome);
      for (std::size_t f = 0; f < failures; ++f) {
        const std::size_t answer = std::max<std::size_t>(labels_, 1) + f;
        outcome.n = 0;
        for (std::size_t t = 0; t < tensor.axes()[1].labels.size(); ++t) {
          outcome.n += tensor.at(std::array{g, t, answer});
        }
        outcome.status = tensor.axes()[2].labels[answer];
        if (outcome.n > 0) draft_.assessment.outcomes.push_back(outcome);
      }
    }
  }

  std::string label_name(Metric metric, std::size_t label) const {
    const bool by_label = metric != Metric::kAccuracy && metric != Metric::kFailureRate;
    return by_label ? head_.labels[label] : "";
  }

  // With two labels every false positive of the one is a miss of the other, and choosing one is not
  // choosing the other: testing both would count one question twice.
  bool is_tested_elsewhere(Metric metric, std::size_t label) const {
    return labels_ == 2 &&
           (metric == Metric::kFpr || (metric == Metric::kSelectionRate && label == 0));
  }

  // Why a rate has no denominator.
  std::string why_empty(Metric metric, std::size_t label, bool answered_only) const {
    const std::string whom = answered_only ? " was answered" : "";
    switch (metric) {
      case Metric::kTpr:
        return "nobody of label " + head_.labels[label] + whom;
      case Metric::kFpr:
        return "nobody of another label than " + head_.labels[label] + whom;
      default:
        return answered_only ? "nobody was answered" : "nobody in the group has a truth";
    }
  }

  void estimate(Metric metric, std::size_t label, bool answered_only) {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Count count = count_of(groups_[g], metric, label, answered_only);
      Estimate estimate;
      estimate.head = head_.match.head;
      estimate.metric = name_of(metric);
      estimate.label = label_name(metric, label);
      estimate.attribute = grouping_.attribute;
      estimate.group = grouping_.groups[g];
      estimate.n = count.n;
      estimate.k = static_cast<double>(count.k);
      estimate.method = to_string(methods_.interval);
      estimate.source = answers_.source;
      estimate.denominator = answered_only ? "answered" : "all";
      if (const auto interval =
              proportion_interval(count, options_.confidence, methods_.interval)) {
        estimate.value = count.rate();
        estimate.low = interval->low;
        estimate.high = interval->high;
      } else {
        estimate.why = why_empty(metric, label, answered_only);
      }
      draft_.assessment.estimates.push_back(std::move(estimate));
    }
  }

  // Estimates, and for real groups the comparison with the rest and the omnibus test.
  void assess(Metric metric, std::size_t label) {
    estimate(metric, label, false);
    if (grouping_.attribute.empty()) return;
    Hypothesis hypothesis;
    hypothesis.head = head_.match.head;
    hypothesis.metric = name_of(metric);
    hypothesis.label = label_name(metric, label);
    hypothesis.attribute = grouping_.attribute;
    hypothesis.errors = metric != Metric::kSelectionRate;
    const Count total = count_of(total_, metric, label, false);
    if (total.n > 0) hypothesis.overall = total.rate();
    std::vector<Count> counts;
    std::vector<Count> tested;
    for (const GroupCounts& group : groups_) {
      counts.push_back(count_of(group, metric, label, false));
      if (counts.back().n >= options_.min_group) tested.push_back(counts.back());
    }
    const bool test_here = !is_tested_elsewhere(metric, label);
    compare(hypothesis, counts, total, test_here ? tested.size() : 0);
    if (!test_here) return;
    add_omnibus(hypothesis, tested);
    draft_.hypotheses.push_back(std::move(hypothesis));
  }

  void compare(Hypothesis& hypothesis, const std::vector<Count>& counts, Count total,
               std::size_t tested) {
    const double alpha = options_.fdr / static_cast<double>(std::max<std::size_t>(tested, 1));
    for (std::size_t g = 0; g < counts.size(); ++g) {
      const Count rest = {total.k - counts[g].k, total.n - counts[g].n};
      Disparity disparity;
      disparity.head = hypothesis.head;
      disparity.metric = hypothesis.metric;
      disparity.label = hypothesis.label;
      disparity.attribute = hypothesis.attribute;
      disparity.group = grouping_.groups[g];
      disparity.n_group = counts[g].n;
      disparity.n_reference = rest.n;
      if (counts[g].n == 0 || rest.n == 0) {
        disparity.why =
            counts[g].n == 0 ? "nobody in the group counts" : "nobody in the rest counts";
        add_without_value(disparity);
        continue;
      }
      add_ratio(disparity, counts[g], rest);
      add_difference(hypothesis, disparity, counts[g], rest, tested);
      if (counts[g].n >= options_.min_group) {
        note_detectable(hypothesis, grouping_.groups[g],
                        detectable_rate_difference(rest, counts[g].n, alpha));
      }
    }
  }

  void add_without_value(Disparity disparity) {
    for (const char* kind : {"difference", "ratio"}) {
      disparity.kind = kind;
      draft_.assessment.disparities.push_back(disparity);
    }
  }

  void add_ratio(Disparity disparity, Count group, Count rest) {
    disparity.kind = "ratio";
    disparity.method = "miettinen-nurminen";
    if (const auto ratio = score_ratio(group, rest, options_.confidence)) {
      disparity.low = ratio->low;
      disparity.high = ratio->high;
      if (rest.k > 0) {
        disparity.value = group.rate() / rest.rate();
      } else {
        disparity.why = "the rest's rate is zero: the ratio has no upper bound";
      }
    } else {
      disparity.why = "both rates are zero";
    }
    draft_.assessment.disparities.push_back(std::move(disparity));
  }

  void add_difference(Hypothesis& hypothesis, Disparity disparity, Count group, Count rest,
                      std::size_t tested) {
    disparity.kind = "difference";
    disparity.method = "newcombe";
    disparity.value = group.rate() - rest.rate();
    const auto interval = newcombe_difference(group, rest, options_.confidence);
    disparity.low = interval->low;
    disparity.high = interval->high;
    if (group.n < options_.min_group || tested < 2) {
      disparity.why = group.n < options_.min_group
                          ? fmt::format("not tested: fewer than {} people", options_.min_group)
                      : labels_ == 2 && tested == 0
                          ? "not tested here: with two labels the other label's rates say the same"
                          : "not tested: no second group is large enough";
    } else {
      const TestOutcome test = rate_difference_test(group, rest);
      disparity.p = test.p;
      disparity.why = test.why;
      if (test.p) {
        disparity.method += ", " + test.method;
        disparity.family = hypothesis_id(hypothesis.head, hypothesis.metric, hypothesis.label,
                                         hypothesis.attribute);
        hypothesis.differences.push_back(draft_.assessment.disparities.size());
      }
    }
    draft_.assessment.disparities.push_back(std::move(disparity));
  }

  void add_omnibus(Hypothesis& hypothesis, const std::vector<Count>& tested) {
    TestResult result;
    result.id =
        hypothesis_id(hypothesis.head, hypothesis.metric, hypothesis.label, hypothesis.attribute);
    result.family = hypothesis.errors ? kErrorFamily : kSelectionFamily;
    result.head = hypothesis.head;
    result.metric = hypothesis.metric;
    result.label = hypothesis.label;
    result.attribute = hypothesis.attribute;
    RandomStream stream(options_.seed, "permutation/" + result.id);
    const TestOutcome outcome =
        tested.size() < 2
            ? TestOutcome{"chi-squared",
                          {},
                          {},
                          {},
                          fmt::format("fewer than two groups have {} people in the denominator",
                                      options_.min_group)}
            : rate_omnibus_test(tested, options_.permutations, stream);
    result.method = outcome.method;
    result.statistic = outcome.statistic;
    result.df = outcome.df;
    result.p = outcome.p;
    result.why = outcome.why;
    hypothesis.test = draft_.assessment.tests.size();
    draft_.assessment.tests.push_back(std::move(result));
  }

  const ObservedHead& head_;
  const ObservedAnswers& answers_;
  const Grouping& grouping_;
  const AssessOptions& options_;
  const Methods& methods_;
  Draft& draft_;
  std::size_t labels_;  // 0 for a scalar head
  std::vector<GroupCounts> groups_;
  GroupCounts total_;
};

}  // namespace

Result<CountTensor> count_answers(const ObservedHead& head, const ObservedAnswers& answers,
                                  const Grouping& grouping) {
  TensorAxis truth = {"truth", head.scalar ? std::vector<std::string>{"any"} : head.labels};
  TensorAxis answer = {"answer", head.scalar ? std::vector<std::string>{"ok"} : head.labels};
  const std::size_t answered = answer.labels.size();
  // A label that happens to be called like a status must not collide with it.
  for (std::size_t s = 1; s < kOutcomeCount; ++s) {
    std::string name = to_string(static_cast<Outcome>(s));
    while (std::find(answer.labels.begin(), answer.labels.end(), name) != answer.labels.end()) {
      name += " (no answer)";
    }
    answer.labels.push_back(std::move(name));
  }
  CountTensor tensor = TRY(CountTensor::create({{"group", grouping.groups}, truth, answer}));
  for (std::size_t i = 0; i < grouping.group_of.size(); ++i) {
    if (grouping.group_of[i] < 0 || !head.has_truth[i]) continue;
    const auto status = static_cast<std::size_t>(answers.outcome[i]);
    const std::size_t t = head.scalar ? 0 : static_cast<std::size_t>(head.truth[i]);
    const std::size_t given =
        head.scalar ? 0 : static_cast<std::size_t>(std::max(answers.label[i], 0));
    const std::size_t a = answers.outcome[i] == Outcome::kOk ? given : answered + status - 1;
    tensor.add(std::array{static_cast<std::size_t>(grouping.group_of[i]), t, a});
  }
  return tensor;
}

Result<void> assess_rates(const ObservedHead& head, const ObservedAnswers& answers,
                          const Grouping& grouping, const AssessOptions& options,
                          const Methods& methods, Draft& draft) {
  return RateAssessor(head, answers, grouping, options, methods, draft).run();
}

}  // namespace dl::assess
