// SPDX-License-Identifier: Apache-2.0
// Matching of label vocabularies, and its refusals.
#include "daylight/assess/label_match.h"

#include <algorithm>
#include <optional>
#include <set>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

// A shorter true label that was never answered is too short to call a misspelling.
constexpr std::size_t kMinTypoLength = 4;

class Matcher {
 public:
  Matcher(const std::vector<SeenLabel>& truth, const std::vector<SeenLabel>& answered,
          const LabelContext& context)
      : truth_(truth), answered_(answered), context_(context) {}

  Result<LabelMatch> match() {
    read_truth();
    for (const SeenLabel& label : answered_) TRY_VOID(place_answer(label));
    TRY_VOID(check_truth());
    result_.labels = set_.names();
    result_.labels.insert(result_.labels.end(), extra_.begin(), extra_.end());
    return std::move(result_);
  }

 private:
  // The rule for a label, if the user gave one.
  const LabelRule* rule_for(const std::string& spelling) const {
    if (context_.rules == nullptr) return nullptr;
    for (const LabelRule& rule : *context_.rules) {
      const bool here = rule.head.empty() || rule.head == context_.head;
      if (here && canonical_label(rule.from) == canonical_label(spelling)) return &rule;
    }
    return nullptr;
  }

  void note(const std::string& spelling, const std::string& label) {
    if (trim(spelling) != label) result_.map.emplace_back(std::string(trim(spelling)), label);
  }

  void read_truth() {
    std::map<std::string, std::string> text_of;
    for (const SeenLabel& label : truth_) {
      const LabelRule* rule = rule_for(label.spelling);
      const std::string text = rule != nullptr ? rule->to : label.spelling;
      text_of[label.spelling] = text;
      if (rule != nullptr) ruled_.insert(canonical_label(rule->to));
      if (!trim(text).empty()) set_.add(text, label.times);
    }
    set_.finish();
    for (const auto& [spelling, text] : text_of) {
      const auto index = trim(text).empty() ? std::nullopt : set_.find(text);
      result_.of_truth[spelling] = index ? static_cast<int>(*index) : kNoLabel;
      note(spelling, index ? set_.name(*index) : "(no truth)");
    }
  }

  // The true label with the same meaning.
  std::optional<std::size_t> same_meaning(const std::string& text) const {
    if (const auto same = set_.find(text)) return same;
    const auto word = gender_word(canonical_label(text));
    if (!word) return std::nullopt;
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < set_.size(); ++i) {
      if (gender_word(set_.canonical(i)) != word) continue;
      if (found) return std::nullopt;  // ambiguous
      found = i;
    }
    return found;
  }

  // True when the label is a bracket, all true labels are brackets, and none of them overlaps it.
  bool is_other_bracket(const std::string& text) const {
    const auto bracket = parse_age_bracket(text);
    if (!bracket) return false;
    for (std::size_t i = 0; i < set_.size(); ++i) {
      const auto other = parse_age_bracket(set_.canonical(i));
      if (!other) return false;
      const bool before = bracket->high && *bracket->high < other->low;
      const bool after = other->high && *other->high < bracket->low;
      if (!before && !after) return false;
    }
    return true;
  }

  int extra_index(const std::string& text) {
    const std::string canonical = canonical_label(text);
    for (std::size_t i = 0; i < extra_.size(); ++i) {
      if (canonical_label(extra_[i]) == canonical) return static_cast<int>(set_.size() + i);
    }
    extra_.push_back(std::string(trim(text)));
    return static_cast<int>(set_.size() + extra_.size() - 1);
  }

  Result<void> place_answer(const SeenLabel& label) {
    const LabelRule* rule = rule_for(label.spelling);
    const std::string text = rule != nullptr ? rule->to : label.spelling;
    if (trim(text).empty()) {
      result_.of_answer[label.spelling] = kNoLabel;
      note(label.spelling, "(no answer)");
      return {};
    }
    if (const auto same = same_meaning(text)) {
      result_.of_answer[label.spelling] = static_cast<int>(*same);
      note(label.spelling, set_.name(*same));
      answered_truth_.insert(*same);
      return {};
    }
    if (rule != nullptr || is_other_bracket(text)) {
      const int index = extra_index(text);
      result_.of_answer[label.spelling] = index;
      note(label.spelling, extra_[static_cast<std::size_t>(index) - set_.size()]);
      return {};
    }
    const std::string shown = printable(label.spelling);
    return fail(ErrorCode::kInvalidArgument,
                "head '" + printable(context_.head) + "' answers '" + shown + "' (" +
                    std::to_string(label.times) + " times), which is no label of column '" +
                    printable(context_.column) + "' of " + context_.samples_name + " (" +
                    printable(join(set_.names(), ", ")) + ")",
                context_.predictions_name,
                "say what it means with --label '" + shown + "=LABEL', or --label '" + shown + "=" +
                    shown + "' if it is wrong for everyone, or '" + shown +
                    "=' if it is no answer");
  }

  // True labels that the head cannot mean are misspellings or another vocabulary: every answer
  // would count as wrong.
  Result<void> check_truth() const {
    for (const SeenLabel& label : truth_) {
      const int index = result_.of_truth.at(label.spelling);
      if (index == kNoLabel) continue;
      const auto place = static_cast<std::size_t>(index);
      if (answered_truth_.count(place) > 0 || ruled_.count(set_.canonical(place)) > 0) continue;
      if (const auto known = unknown_truth(place)) {
        return fail(ErrorCode::kInvalidArgument,
                    "column '" + printable(context_.column) + "' holds the unknown label '" +
                        printable(label.spelling) + "' (head '" + printable(context_.head) +
                        "' knows " + printable(*known) + ")",
                    context_.samples_name + ":" + std::to_string(label.line),
                    "correct it, leave it empty, or say what it means with --label '" +
                        printable(label.spelling) + "=LABEL'");
      }
    }
    return {};
  }

  // What the head knows, when this true label that it never answered is not among it.
  std::optional<std::string> unknown_truth(std::size_t place) const {
    const std::string& canonical = set_.canonical(place);
    if (context_.vocabulary != nullptr && !context_.vocabulary->empty()) {
      for (const std::string& word : *context_.vocabulary) {
        const LabelRule* rule = rule_for(word);
        const std::string meant = canonical_label(rule != nullptr ? rule->to : word);
        if (meant == canonical) return std::nullopt;
        if (gender_word(meant) && gender_word(meant) == gender_word(canonical)) return std::nullopt;
      }
      // A bracket that the head lacks is a real age all the same: its answers there are wrong, not
      // unknown.
      if (parse_age_bracket(canonical)) return std::nullopt;
      return join(*context_.vocabulary, ", ");
    }
    std::vector<std::string> known;
    bool all_genders = !answered_truth_.empty();
    bool misspelt = false;
    for (const std::size_t other : answered_truth_) {
      known.push_back(set_.name(other));
      all_genders = all_genders && gender_word(set_.canonical(other)).has_value();
      misspelt = misspelt || (canonical.size() >= kMinTypoLength && !parse_age_bracket(canonical) &&
                              one_edit_apart(canonical, set_.canonical(other)));
    }
    const bool no_gender = all_genders && !gender_word(canonical);
    if (!no_gender && !misspelt) return std::nullopt;
    return join(known, ", ");
  }

  const std::vector<SeenLabel>& truth_;
  const std::vector<SeenLabel>& answered_;
  const LabelContext& context_;
  LabelSet set_;
  std::vector<std::string> extra_;
  std::set<std::size_t> answered_truth_;  // true labels that the head answered at least once
  std::set<std::string> ruled_;           // canonical labels that a rule declares
  LabelMatch result_;
};

}  // namespace

Result<LabelMatch> match_labels(const std::vector<SeenLabel>& truth,
                                const std::vector<SeenLabel>& answered,
                                const LabelContext& context) {
  return Matcher(truth, answered, context).match();
}

}  // namespace dl::assess
