// SPDX-License-Identifier: Apache-2.0
// Multiplicity over declared families, and the sentences.
#include "daylight/assess/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

bool is_bounds(const Hypothesis& hypothesis, const Assessment& assessment) {
  return assessment.tests[hypothesis.test].method == "identified-bounds";
}

void adjust_omnibus(Assessment& assessment, const char* family, Adjustment adjustment) {
  std::vector<std::size_t> members;
  std::vector<double> p;
  for (std::size_t t = 0; t < assessment.tests.size(); ++t) {
    if (assessment.tests[t].family != family || !assessment.tests[t].p) continue;
    members.push_back(t);
    p.push_back(*assessment.tests[t].p);
  }
  const auto adjusted = adjust_p_values(p, adjustment);
  for (std::size_t i = 0; i < members.size(); ++i)
    assessment.tests[members[i]].p_adjusted = adjusted[i];
}

// Families, and those whose omnibus test survives, among the error or the selection hypotheses.
double selection_factor(const Draft& draft, bool errors, double fdr) {
  std::size_t families = 0;
  std::size_t selected = 0;
  for (const Hypothesis& hypothesis : draft.hypotheses) {
    const auto& p = draft.assessment.tests[hypothesis.test].p_adjusted;
    if (hypothesis.errors != errors || !p) continue;
    ++families;
    if (*p <= fdr) ++selected;
  }
  return selected == 0 ? 1.0 : static_cast<double>(families) / static_cast<double>(selected);
}

void adjust_groups(const Hypothesis& hypothesis, Assessment& assessment, double factor,
                   Adjustment adjustment) {
  const auto& omnibus = assessment.tests[hypothesis.test].p_adjusted;
  if (!omnibus) return;
  std::vector<double> p;
  for (const std::size_t d : hypothesis.differences) p.push_back(*assessment.disparities[d].p);
  const auto adjusted = adjust_p_values(p, adjustment);
  for (std::size_t i = 0; i < p.size(); ++i) {
    assessment.disparities[hypothesis.differences[i]].p_adjusted =
        std::min(1.0, std::max(*omnibus, adjusted[i] * factor));
  }
}

// --- Words
// -----------------------------------------------------------------------------------------------------------

std::string metric_words(const Hypothesis& h) {
  if (h.metric == "mae") return "mean absolute error";
  if (h.metric == "signed_error") return "mean signed error";
  if (h.metric == "failure_rate") return "share of failures to predict";
  if (h.metric == "tpr") return "true positive rate of " + h.label;
  if (h.metric == "fpr") return "false positive rate of " + h.label;
  if (h.metric == "selection_rate") return "selection rate of " + h.label;
  return h.metric;
}

std::string amount(const Hypothesis& h, double value) {
  if (h.rate) return fmt::format("{:.1f} points", 100.0 * value);
  return h.unit.empty() ? fmt::format("{:.3g}", value) : fmt::format("{:.2f} {}", value, h.unit);
}

// Without its unit, with a sign as print has it.
std::string signed_number(const Hypothesis& h, double value) {
  const double size = std::abs(h.rate ? 100.0 * value : value);
  const std::string digits = h.rate           ? fmt::format("{:.1f}", size)
                             : h.unit.empty() ? fmt::format("{:.3g}", size)
                                              : fmt::format("{:.2f}", size);
  return (value > 0.0 ? "+" : value < 0.0 ? "\u2212" : "") + digits;
}

std::string signed_amount(const Hypothesis& h, double value) {
  const std::string unit = h.rate ? "points" : h.unit;
  return signed_number(h, value) + (unit.empty() ? "" : " " + unit);
}

std::string p_words(double p) { return p < 0.0001 ? "p < 0.0001" : fmt::format("p = {:.2g}", p); }

// The comparison to quote: of those whose adjusted p is at most `fdr` the one with the smallest,
// and of those the greatest difference. None where no single group stands out.
const Disparity* strongest(const Hypothesis& h, const Assessment& assessment, double fdr) {
  const Disparity* best = nullptr;
  const auto key = [](const Disparity& d) {
    return std::pair(d.p_adjusted.value_or(1.0), -std::abs(d.value.value_or(0.0)));
  };
  for (const std::size_t index : h.differences) {
    const Disparity& disparity = assessment.disparities[index];
    if (!disparity.p_adjusted || *disparity.p_adjusted > fdr) continue;
    if (disparity.value && (best == nullptr || key(disparity) < key(*best))) best = &disparity;
  }
  return best;
}

std::string difference_words(const Hypothesis& h, const Disparity& d, double confidence) {
  std::string text = fmt::format("{} against the rest: {}", d.group, signed_amount(h, *d.value));
  if (d.low && d.high) {
    text += fmt::format(" ({:g}% interval {} to {}", 100.0 * confidence, signed_number(h, *d.low),
                        signed_number(h, *d.high));
    if (d.p_adjusted) text += ", adjusted " + p_words(*d.p_adjusted);
    text += ")";
  }
  return text;
}

// --- Verdicts
// --------------------------------------------------------------------------------------------------------

using Members = std::vector<const Hypothesis*>;

// Error hypotheses of one head and attribute set.
class Judge {
 public:
  Judge(const Members& members, const Assessment& assessment, const AssessOptions& options)
      : members_(members), assessment_(assessment), options_(options) {}

  Verdict judge() {
    const Hypothesis& first = *members_.front();
    Verdict verdict;
    verdict.id = first.head + "/" + first.attribute;
    verdict.head = first.head;
    verdict.attribute = first.attribute;
    if (find_disparities(verdict)) return verdict;
    if (explain_absence(verdict)) return verdict;
    explain_silence(verdict);
    return verdict;
  }

 private:
  const TestResult& test_of(const Hypothesis& h) const { return assessment_.tests[h.test]; }

  bool is_significant(const Hypothesis& h) const {
    const auto& p = test_of(h).p_adjusted;
    return p && *p <= options_.fdr;
  }

  // The first group whose possible differences exclude zero.
  const Disparity* excluding_zero(const Hypothesis& h) const {
    for (const std::size_t index : h.differences) {
      const Disparity& d = assessment_.disparities[index];
      if (d.low && d.high && (*d.low > 0.0 || *d.high < 0.0)) return &d;
    }
    return nullptr;
  }

  bool find_disparities(Verdict& verdict) const {
    std::vector<std::string> sentences;
    for (const Hypothesis* h : members_) {
      if (is_bounds(*h, assessment_)) {
        if (const Disparity* d = excluding_zero(*h)) {
          sentences.push_back(fmt::format(
              "The {} differs whatever the true ages are inside their brackets: {} is {} to {} "
              "from the rest.",
              metric_words(*h), d->group, signed_amount(*h, *d->low), signed_amount(*h, *d->high)));
          verdict.basis.push_back("disparity " + test_of(*h).id + "=" + d->group);
        }
        continue;
      }
      if (!is_significant(*h)) continue;
      const TestResult& test = test_of(*h);
      std::string sentence = fmt::format("The {} differs between groups ({}, adjusted {}).",
                                         metric_words(*h), test.method, p_words(*test.p_adjusted));
      verdict.basis.push_back("test " + test.id);
      if (const Disparity* d = strongest(*h, assessment_, options_.fdr)) {
        sentence += " " + difference_words(*h, *d, options_.confidence) + ".";
        verdict.basis.push_back("disparity " + test.id + "=" + d->group);
      } else {
        sentence += " No single group stands out from the rest.";
      }
      sentences.push_back(std::move(sentence));
    }
    if (sentences.empty()) return false;
    verdict.outcome = "disparity-found";
    verdict.text =
        fmt::format("{} by {}: {}", verdict.head, verdict.attribute, join(sentences, " "));
    return true;
  }

  // What a difference must be below to be called small: in the metric's own unit.
  std::optional<double> decidable(const Hypothesis& h) const {
    if (h.rate) return kDecidableRate;
    for (const Hypothesis* other : members_) {
      if (other->metric == "mae" && other->overall) return kDecidableShareOfError * *other->overall;
    }
    return std::nullopt;
  }

  // The metric a "none found" is about: how often right, or how far off.
  const Hypothesis* main_metric() const {
    for (const Hypothesis* h : members_) {
      if (h->metric == "accuracy" || h->metric == "mae") return h;
    }
    return nullptr;
  }

  bool explain_absence(Verdict& verdict) const {
    const Hypothesis* h = main_metric();
    if (h == nullptr || !test_of(*h).p || !h->least_detectable) return false;
    const auto limit = decidable(*h);
    if (!limit || *h->least_detectable > *limit) return false;
    std::string size = amount(*h, *h->least_detectable);
    if (*h->most_detectable > *h->least_detectable) {
      size += fmt::format(" for the best known group and {} for {}",
                          amount(*h, *h->most_detectable), h->most_detectable_group);
    }
    verdict.outcome = "no-disparity-found";
    verdict.text = fmt::format(
        "{} by {}: no difference of errors survives correction for the number of tests ({}: "
        "adjusted {}). "
        "This does not prove equality: a difference of {} from the rest would have been found in "
        "four of "
        "five such samples, a smaller one less often.",
        verdict.head, verdict.attribute, metric_words(*h), p_words(*test_of(*h).p_adjusted), size);
    for (const Hypothesis* member : members_) {
      if (test_of(*member).p) verdict.basis.push_back("test " + test_of(*member).id);
    }
    return true;
  }

  void explain_silence(Verdict& verdict) const {
    verdict.outcome = "not-decidable";
    const Hypothesis* h = main_metric();
    std::string why = "no test could be made";
    if (h != nullptr && is_bounds(*h, assessment_)) {
      why = "the brackets of the truth are too wide: every group's difference may be zero";
    } else if (h != nullptr && !test_of(*h).p) {
      why = test_of(*h).why;
    } else if (h != nullptr && h->least_detectable) {
      why = fmt::format(
          "the groups are too small: only a difference of {} or more would have been found",
          amount(*h, *h->least_detectable));
    } else if (h != nullptr) {
      why = "the groups are too small: no difference would have been found with any certainty";
    }
    verdict.text =
        fmt::format("{} by {}: cannot be decided; {}.", verdict.head, verdict.attribute, why);
    for (const Hypothesis* member : members_)
      verdict.basis.push_back("test " + test_of(*member).id);
  }

  const Members& members_;
  const Assessment& assessment_;
  const AssessOptions& options_;
};

}  // namespace

void adjust_for_multiplicity(Draft& draft, const AssessOptions& options, const Methods& methods) {
  adjust_omnibus(draft.assessment, kErrorFamily, methods.adjustment);
  adjust_omnibus(draft.assessment, kSelectionFamily, methods.adjustment);
  const double error_factor = selection_factor(draft, true, options.fdr);
  const double selection_rate_factor = selection_factor(draft, false, options.fdr);
  for (const Hypothesis& hypothesis : draft.hypotheses) {
    adjust_groups(hypothesis, draft.assessment,
                  hypothesis.errors ? error_factor : selection_rate_factor, methods.adjustment);
  }
}

void add_verdicts(Draft& draft, const AssessOptions& options) {
  // In the order in which heads and attribute sets were assessed.
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, Members> members;
  for (const Hypothesis& hypothesis : draft.hypotheses) {
    if (!hypothesis.errors) continue;
    const std::pair key(hypothesis.head, hypothesis.attribute);
    if (members.find(key) == members.end()) order.push_back(key);
    members[key].push_back(&hypothesis);
  }
  for (const auto& key : order) {
    draft.assessment.verdicts.push_back(Judge(members[key], draft.assessment, options).judge());
  }
}

}  // namespace dl::assess
