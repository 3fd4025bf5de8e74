// SPDX-License-Identifier: Apache-2.0
// Mean errors of groups: bootstrap intervals, comparisons with the rest, permutation tests.
#include "daylight/assess/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "daylight/assess/mean_permutation.h"
#include "daylight/assess/power.h"

namespace dl::assess {
namespace {

using ErrorField = double AgeError::*;

// The errors of each group.
using GroupErrors = std::vector<std::vector<double>>;

class ErrorAssessor {
 public:
  ErrorAssessor(const ObservedHead& head, const ObservedAnswers& answers, const Grouping& grouping,
                const AssessOptions& options, const Methods& methods, Draft& draft)
      : head_(head),
        answers_(answers),
        grouping_(grouping),
        options_(options),
        methods_(methods),
        draft_(draft) {}

  void run() {
    if (head_.bounded) {
      assess_bounds("mae", &AgeError::absolute_low, &AgeError::absolute_high);
      assess_bounds("signed_error", &AgeError::signed_low, &AgeError::signed_high);
      return;
    }
    assess("mae", &AgeError::absolute_low, true);
    assess("signed_error", &AgeError::signed_low, false);
  }

 private:
  GroupErrors errors_of(ErrorField field) const {
    GroupErrors groups(grouping_.groups.size());
    for (std::size_t i = 0; i < grouping_.group_of.size(); ++i) {
      if (grouping_.group_of[i] < 0 || !head_.has_truth[i] || answers_.outcome[i] != Outcome::kOk)
        continue;
      groups[static_cast<std::size_t>(grouping_.group_of[i])].push_back(answers_.error[i].*field);
    }
    return groups;
  }

  std::vector<ResampledMean> resample(const GroupErrors& groups, const std::string& metric) const {
    std::vector<ResampledMean> strata;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      RandomStream stream(
          options_.seed, "bootstrap/" + hypothesis_id(head_.match.head, metric, grouping_.groups[g],
                                                      grouping_.attribute));
      strata.push_back(resample_mean(groups[g], options_.bootstrap, stream));
    }
    return strata;
  }

  void add_estimates(const std::string& metric, const std::vector<ResampledMean>& strata,
                     const MeanBootstrap& bootstrap) {
    for (std::size_t g = 0; g < strata.size(); ++g) {
      BootstrapEstimate mean = bootstrap.mean(g);
      Estimate estimate;
      estimate.head = head_.match.head;
      estimate.metric = metric;
      estimate.attribute = grouping_.attribute;
      estimate.group = grouping_.groups[g];
      estimate.value = mean.value;
      estimate.low = mean.low;
      estimate.high = mean.high;
      estimate.n = strata[g].moments.n;
      estimate.method = std::move(mean.method);
      estimate.source = answers_.source;
      estimate.denominator = "answered";
      estimate.why = std::move(mean.why);
      draft_.assessment.estimates.push_back(std::move(estimate));
    }
  }

  Hypothesis hypothesis_of(const std::string& metric,
                           const std::vector<ResampledMean>& strata) const {
    Hypothesis hypothesis;
    hypothesis.head = head_.match.head;
    hypothesis.metric = metric;
    hypothesis.attribute = grouping_.attribute;
    hypothesis.unit = head_.unit;
    hypothesis.rate = false;
    Moments all;
    for (const ResampledMean& stratum : strata) all = pooled_moments(all, stratum.moments);
    if (all.n > 0) hypothesis.overall = all.mean;
    return hypothesis;
  }

  Disparity disparity_of(const Hypothesis& hypothesis, const std::vector<ResampledMean>& strata,
                         std::size_t g) const {
    Disparity disparity;
    disparity.head = hypothesis.head;
    disparity.metric = hypothesis.metric;
    disparity.attribute = hypothesis.attribute;
    disparity.group = grouping_.groups[g];
    for (std::size_t h = 0; h < strata.size(); ++h) {
      (h == g ? disparity.n_group : disparity.n_reference) += strata[h].moments.n;
    }
    return disparity;
  }

  bool is_tested(const std::vector<double>& group) const {
    return group.size() >= std::max<std::size_t>(options_.min_group, 2);
  }

  void assess(const std::string& metric, ErrorField field, bool positive) {
    const GroupErrors groups = errors_of(field);
    const auto strata = resample(groups, metric);
    const MeanBootstrap bootstrap(strata, options_.confidence, methods_.bootstrap);
    add_estimates(metric, strata, bootstrap);
    if (grouping_.attribute.empty()) return;
    Hypothesis hypothesis = hypothesis_of(metric, strata);
    const MeanTests tests = test(hypothesis, groups);
    std::size_t tested = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      Disparity disparity = disparity_of(hypothesis, strata, g);
      if (positive) add_disparity(disparity, "ratio", bootstrap.ratio(g));
      disparity.p.reset();
      const bool in_test = is_tested(groups[g]) && !tests.versus_rest.empty();
      if (in_test) {
        const TestOutcome& outcome = tests.versus_rest[tested++];
        disparity.p = outcome.p;
        disparity.why = outcome.why;
        if (outcome.p) {
          disparity.method = outcome.method;
          disparity.family = hypothesis_id(hypothesis.head, metric, "", hypothesis.attribute);
          hypothesis.differences.push_back(draft_.assessment.disparities.size());
        }
      } else {
        disparity.why = is_tested(groups[g])
                            ? "not tested: no second group is large enough"
                            : fmt::format("not tested: fewer than {} answers", options_.min_group);
      }
      add_disparity(disparity, "difference", bootstrap.difference(g));
    }
    note_power(hypothesis, groups, strata);
    draft_.hypotheses.push_back(std::move(hypothesis));
  }

  // `disparity.method` and `why` may already speak of the test.
  void add_disparity(Disparity disparity, const char* kind, const BootstrapEstimate& estimate) {
    disparity.kind = kind;
    disparity.value = estimate.value;
    disparity.low = estimate.low;
    disparity.high = estimate.high;
    const std::string test = disparity.method;
    disparity.method = estimate.method;
    if (!test.empty()) disparity.method += (disparity.method.empty() ? "" : ", ") + test;
    if (!estimate.why.empty()) {
      disparity.why = disparity.why.empty() ? estimate.why : estimate.why + "; " + disparity.why;
    }
    draft_.assessment.disparities.push_back(std::move(disparity));
  }

  // The omnibus test goes into the artifact; groups against the rest are returned, one for each
  // tested group.
  MeanTests test(Hypothesis& hypothesis, const GroupErrors& groups) {
    TestResult result;
    result.id = hypothesis_id(hypothesis.head, hypothesis.metric, "", hypothesis.attribute);
    result.family = kErrorFamily;
    result.head = hypothesis.head;
    result.metric = hypothesis.metric;
    result.attribute = hypothesis.attribute;
    const auto tested = static_cast<std::size_t>(
        std::count_if(groups.begin(), groups.end(), [&](const auto& g) { return is_tested(g); }));
    MeanTests tests;
    if (tested < 2) {
      tests.omnibus = {"permutation-welch",
                       {},
                       {},
                       {},
                       fmt::format("fewer than two groups have {} answers", options_.min_group)};
    } else {
      tests = run_tests(groups, tested, result.id);
    }
    result.method = tests.omnibus.method;
    result.statistic = tests.omnibus.statistic;
    result.df = tests.omnibus.df;
    result.p = tests.omnibus.p;
    result.why = tests.omnibus.why;
    hypothesis.test = draft_.assessment.tests.size();
    draft_.assessment.tests.push_back(std::move(result));
    return tests;
  }

  MeanTests run_tests(const GroupErrors& groups, std::size_t tested, const std::string& id) const {
    std::vector<double> values;
    std::vector<std::size_t> group_of;
    std::vector<double> tested_values;
    std::size_t next = 0;
    for (const auto& group : groups) {
      const std::size_t place = is_tested(group) ? next++ : tested;
      values.insert(values.end(), group.begin(), group.end());
      group_of.insert(group_of.end(), group.size(), place);
    }
    RandomStream stream(options_.seed, "permutation/" + id);
    MeanTests tests =
        mean_permutation_tests(values, group_of, tested, options_.permutations, stream);
    if (methods_.kruskal_wallis) tests.omnibus = kruskal_wallis_of_tested(values, group_of, tested);
    return tests;
  }

  static TestOutcome kruskal_wallis_of_tested(const std::vector<double>& values,
                                              const std::vector<std::size_t>& group_of,
                                              std::size_t tested) {
    std::vector<double> kept;
    std::vector<std::size_t> kept_group;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (group_of[i] == tested) continue;
      kept.push_back(values[i]);
      kept_group.push_back(group_of[i]);
    }
    return kruskal_wallis_test(kept, kept_group, tested);
  }

  void note_power(Hypothesis& hypothesis, const GroupErrors& groups,
                  const std::vector<ResampledMean>& strata) const {
    const auto tested = std::count_if(groups.begin(), groups.end(),
                                      [&](const auto& group) { return is_tested(group); });
    const double alpha = options_.fdr / static_cast<double>(std::max<std::ptrdiff_t>(tested, 1));
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (!is_tested(groups[g])) continue;
      Moments rest;
      for (std::size_t h = 0; h < strata.size(); ++h) {
        if (h != g) rest = pooled_moments(rest, strata[h].moments);
      }
      note_detectable(hypothesis, grouping_.groups[g],
                      detectable_mean_difference(strata[g].moments, rest, alpha));
    }
  }

  void assess_bounds(const std::string& metric, ErrorField lower_field, ErrorField upper_field) {
    const auto lower = resample(errors_of(lower_field), metric + "_lower");
    const auto upper = resample(errors_of(upper_field), metric + "_upper");
    add_estimates(metric + "_lower", lower,
                  MeanBootstrap(lower, options_.confidence, methods_.bootstrap));
    add_estimates(metric + "_upper", upper,
                  MeanBootstrap(upper, options_.confidence, methods_.bootstrap));
    if (grouping_.attribute.empty()) return;
    Hypothesis hypothesis = hypothesis_of(metric, lower);
    hypothesis.overall.reset();
    std::size_t tested = 0;
    for (const auto& stratum : lower) tested += stratum.moments.n >= options_.min_group ? 1 : 0;
    const double confidence =
        1.0 - options_.fdr / static_cast<double>(std::max<std::size_t>(tested, 1));
    for (std::size_t g = 0; g < lower.size(); ++g) {
      add_bounds(hypothesis, lower, upper, g, confidence);
    }
    TestResult result;
    result.id = hypothesis_id(hypothesis.head, metric, "", hypothesis.attribute);
    result.family = kErrorFamily;
    result.head = hypothesis.head;
    result.metric = metric;
    result.attribute = hypothesis.attribute;
    result.method = "identified-bounds";
    result.why =
        "the truth is a bracket, so only bounds of each difference are known; see the disparities";
    hypothesis.test = draft_.assessment.tests.size();
    draft_.assessment.tests.push_back(std::move(result));
    draft_.hypotheses.push_back(std::move(hypothesis));
  }

  // The least and the greatest difference that the bounds allow: the group at its lower bound with
  // the rest at its upper one, and the other way round (Horowitz and Manski, 2000, cover the
  // identified set likewise).
  void add_bounds(Hypothesis& hypothesis, const std::vector<ResampledMean>& lower,
                  const std::vector<ResampledMean>& upper, std::size_t g, double confidence) {
    auto least = upper;
    least[g] = lower[g];
    auto greatest = lower;
    greatest[g] = upper[g];
    const auto low = MeanBootstrap(least, confidence, methods_.bootstrap).difference(g);
    const auto high = MeanBootstrap(greatest, confidence, methods_.bootstrap).difference(g);
    Disparity disparity = disparity_of(hypothesis, lower, g);
    disparity.kind = "difference";
    disparity.method = "identified-bounds, " + (low.method.empty() ? "no interval" : low.method);
    disparity.low = low.low;
    disparity.high = high.high;
    disparity.why = "the truth is a bracket: the difference lies between the bounds";
    if (!low.why.empty() || !high.why.empty()) disparity.why = low.why.empty() ? high.why : low.why;
    if (lower[g].moments.n >= options_.min_group) {
      hypothesis.differences.push_back(draft_.assessment.disparities.size());
    }
    draft_.assessment.disparities.push_back(std::move(disparity));
  }

  const ObservedHead& head_;
  const ObservedAnswers& answers_;
  const Grouping& grouping_;
  const AssessOptions& options_;
  const Methods& methods_;
  Draft& draft_;
};

}  // namespace

Result<void> assess_errors(const ObservedHead& head, const ObservedAnswers& answers,
                           const Grouping& grouping, const AssessOptions& options,
                           const Methods& methods, Draft& draft) {
  if (!head.scalar) return {};
  ErrorAssessor(head, answers, grouping, options, methods, draft).run();
  return {};
}

}  // namespace dl::assess
