// SPDX-License-Identifier: Apache-2.0
// Decides what kind of head it is and reads its answers against the truth.
#include "daylight/assess/observed_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "daylight/assess/label_match.h"
#include "daylight/base/text.h"

namespace dl::assess {
namespace {

// Whole numbers with at most this many different values may be codes of categories.
constexpr std::size_t kMaxCodes = 20;
// Of ten values that a column of ages has, this many must be ages for the others to be slips.
constexpr std::size_t kAgesOfTen = 8;

struct ColumnFacts {
  bool numbers = true;          // every value is a number or a bracket
  bool mostly_numbers = false;  // not every one, but nearly, and no rule of the user explains it
  bool brackets = false;
  bool codes = true;  // every value is a whole number, and there are few of them
  std::set<std::string> spellings;
};

struct AnswerFacts {
  std::size_t labels = 0;
  std::size_t values = 0;
  std::size_t scores = 0;         // without a label
  bool unit = true;               // every number lies in [0, 1]
  std::set<std::string> numbers;  // the first few different ones
};

enum class HeadKind { kLabel, kScalar, kProbability, kCode };

bool names_age(const std::string& name) {
  const auto words = words_of(name);
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word == "age" || word == "ages"; });
}

double number_of(const Answer& answer) {
  return std::isnan(answer.value) ? answer.score : answer.value;
}

// Reads one head; the steps are in read().
class HeadReader {
 public:
  HeadReader(const Target& target, const std::vector<const HeadAnswers*>& answers,
             const Samples& samples, const AssessOptions& options)
      : target_(target), answers_(answers), samples_(samples), options_(options) {
    column_.reserve(samples.rows.size());
    for (const Sample& sample : samples.rows) column_.push_back(sample.values[target.column]);
  }

  Result<ObservedResult> read() {
    head_.match.head = target_.head;
    head_.match.column = samples_.attributes[target_.column];
    head_.match.how = target_.how;
    look_at_column();
    look_at_answers();
    switch (kind()) {
      case HeadKind::kScalar:
        TRY_VOID(read_scalar());
        break;
      case HeadKind::kProbability:
        TRY_VOID(read_probability());
        break;
      case HeadKind::kLabel:
      case HeadKind::kCode:
        TRY_VOID(read_labels());
        break;
    }
    TRY_VOID(check_truth());
    return ObservedResult{std::move(head_), std::move(limits_)};
  }

 private:
  // Whether the user said what this value means.
  bool has_rule(const std::string& text) const {
    return std::any_of(options_.label_rules.begin(), options_.label_rules.end(),
                       [&](const LabelRule& rule) {
                         return (rule.head.empty() || rule.head == target_.head) &&
                                canonical_label(rule.from) == canonical_label(text);
                       });
  }

  void look_at_column() {
    std::size_t ages = 0;
    std::size_t others = 0;
    std::set<std::string> odd;
    for (const std::string& value : column_) {
      const std::string text(trim(value));
      if (text.empty()) continue;
      const auto number = parse_double(text);
      const bool bracket = !number && parse_age_bracket(text).has_value();
      column_facts_.numbers = column_facts_.numbers && (number || bracket);
      ++(number || bracket ? ages : others);
      if (!number && !bracket && odd.size() <= kMaxHeadLabels) odd.insert(text);
      column_facts_.brackets = column_facts_.brackets || bracket;
      column_facts_.codes = column_facts_.codes && number && *number == std::floor(*number);
      if (column_facts_.spellings.size() <= kMaxHeadLabels) column_facts_.spellings.insert(text);
    }
    column_facts_.codes = column_facts_.codes && column_facts_.spellings.size() <= kMaxCodes &&
                          !names_age(head_.match.column);
    column_facts_.mostly_numbers =
        others > 0 && 10 * ages >= kAgesOfTen * (ages + others) &&
        std::none_of(odd.begin(), odd.end(),
                     [&](const std::string& text) { return has_rule(text); });
  }

  void look_at_answers() {
    for (const HeadAnswers* answers : answers_) {
      for (const Answer& answer : answers->answers) {
        if (answer.outcome != Outcome::kOk) continue;
        if (answer.label >= 0) {
          ++answer_facts_.labels;
          continue;
        }
        ++(std::isnan(answer.value) ? answer_facts_.scores : answer_facts_.values);
        const double number = number_of(answer);
        answer_facts_.unit = answer_facts_.unit && number >= 0.0 && number <= 1.0;
        if (answer_facts_.numbers.size() <= kMaxCodes) {
          answer_facts_.numbers.insert(format_double(number));
        }
      }
    }
  }

  HeadKind kind() const {
    const std::size_t numbers = answer_facts_.values + answer_facts_.scores;
    // Without any answer (each picture crashed, say) the truth tells what kind of answer is
    // missing.
    if (answer_facts_.labels == 0 && numbers == 0) {
      const bool labelled = options_.head_labels.contains(target_.head) || !column_facts_.numbers;
      return labelled ? HeadKind::kLabel : HeadKind::kScalar;
    }
    if (answer_facts_.labels > 0 && (answer_facts_.labels >= numbers || !column_facts_.numbers)) {
      return HeadKind::kLabel;
    }
    // A slip of the pen in a column of ages: reading them names the line.
    if (answer_facts_.labels == 0 && column_facts_.mostly_numbers) return HeadKind::kScalar;
    if (!column_facts_.numbers) return HeadKind::kProbability;
    if (!column_facts_.codes) return HeadKind::kScalar;
    const bool same_codes =
        std::includes(column_facts_.spellings.begin(), column_facts_.spellings.end(),
                      answer_facts_.numbers.begin(), answer_facts_.numbers.end());
    if (same_codes) return HeadKind::kCode;
    const bool zero_one = column_facts_.spellings == std::set<std::string>{"0", "1"};
    return zero_one && answer_facts_.unit ? HeadKind::kProbability : HeadKind::kScalar;
  }

  // --- Scalar heads
  // --------------------------------------------------------------------------------------------

  Result<void> read_scalar() {
    const AgeConvention convention = TRY(age_convention_from_string(options_.age_truth));
    const TruthColumn truth =
        TRY(read_truth_column(column_, head_.match.column, convention, options_.samples_name));
    head_.scalar = true;
    head_.match.kind = "scalar";
    const bool age = names_age(head_.match.column) || names_age(target_.head);
    if (column_facts_.brackets || age) head_.match.age_truth = truth.table;
    head_.bounded = column_facts_.brackets && convention == AgeConvention::kBounds;
    head_.unit = age ? "years" : "";
    head_.has_truth.reserve(column_.size());
    for (const auto& value : truth.values) head_.has_truth.push_back(value.has_value());
    for (const HeadAnswers* answers : answers_) {
      ObservedAnswers observed = blank(*answers);
      observed.value.assign(column_.size(), kNoNumber);
      observed.error.resize(column_.size());
      for (std::size_t i = 0; i < column_.size(); ++i) {
        if (observed.outcome[i] != Outcome::kOk) continue;
        const double number = number_of(answers->answers[i]);
        if (std::isnan(number)) {
          observed.outcome[i] = Outcome::kParseError;
          continue;
        }
        observed.value[i] = number;
        if (truth.values[i]) observed.error[i] = age_error(number, *truth.values[i], convention);
      }
      keep(std::move(observed));
    }
    return {};
  }

  // --- Label heads
  // ---------------------------------------------------------------------------------------------

  std::vector<SeenLabel> seen_truth() const {
    std::unordered_map<std::string, std::size_t> index_of;
    std::vector<SeenLabel> seen;
    for (std::size_t i = 0; i < column_.size(); ++i) {
      if (trim(column_[i]).empty()) continue;
      const auto [found, added] = index_of.emplace(column_[i], seen.size());
      if (added) seen.push_back({column_[i], 0, i + 2});
      ++seen[found->second].times;
    }
    return seen;
  }

  // The spelling of an answer of a label head; empty when there is none.
  static std::string spelling_of(const HeadAnswers& answers, const Answer& answer) {
    if (answer.label >= 0) return answers.labels[static_cast<std::size_t>(answer.label)];
    const double number = number_of(answer);
    return std::isnan(number) ? "" : format_double(number);
  }

  std::vector<SeenLabel> seen_answers() const {
    std::map<std::string, std::size_t> times;
    for (const HeadAnswers* answers : answers_) {
      for (const Answer& answer : answers->answers) {
        if (answer.outcome != Outcome::kOk) continue;
        const std::string spelling = spelling_of(*answers, answer);
        if (!spelling.empty()) ++times[spelling];
      }
    }
    std::vector<SeenLabel> seen;
    seen.reserve(times.size());
    for (const auto& [spelling, count] : times) seen.push_back({spelling, count, 0});
    return seen;
  }

  LabelContext label_context() const {
    const auto vocabulary = options_.head_labels.find(target_.head);
    return {target_.head,
            head_.match.column,
            options_.predictions_name,
            options_.samples_name,
            &options_.label_rules,
            vocabulary == options_.head_labels.end() ? nullptr : &vocabulary->second};
  }

  Result<void> match_and_read_truth(const std::vector<SeenLabel>& answered) {
    if (column_facts_.spellings.size() > kMaxHeadLabels) {
      return fail(ErrorCode::kLimit,
                  fmt::format("column '{}' has more than {} labels", printable(head_.match.column),
                              kMaxHeadLabels),
                  options_.samples_name, "name another column with --target");
    }
    if (column_facts_.numbers && !column_facts_.brackets && !column_facts_.codes) {
      return fail(ErrorCode::kInvalidArgument,
                  "column '" + printable(head_.match.column) + "' holds numbers, but head '" +
                      printable(target_.head) + "' answers labels",
                  options_.samples_name,
                  "add a column with the head's labels and name it with --target");
    }
    match_ = TRY(match_labels(seen_truth(), answered, label_context()));
    head_.match.kind = "label";
    head_.match.label_map = match_.map;
    head_.labels = match_.labels;
    for (const std::string& value : column_) {
      const int label = trim(value).empty() ? kNoLabel : match_.of_truth.at(value);
      head_.truth.push_back(label);
      head_.has_truth.push_back(label != kNoLabel);
    }
    return {};
  }

  Result<void> read_labels() {
    TRY_VOID(match_and_read_truth(seen_answers()));
    for (const HeadAnswers* answers : answers_) {
      // Each spelling is looked up once.
      std::vector<int> index_of;
      for (const std::string& spelling : answers->labels) {
        const auto found = match_.of_answer.find(spelling);
        index_of.push_back(found == match_.of_answer.end() ? kNoLabel : found->second);
      }
      ObservedAnswers observed = blank(*answers);
      for (std::size_t i = 0; i < column_.size(); ++i) {
        if (observed.outcome[i] != Outcome::kOk) continue;
        const Answer& answer = answers->answers[i];
        if (answer.label >= 0) {
          observed.label[i] = index_of[static_cast<std::size_t>(answer.label)];
        } else if (const auto found = match_.of_answer.find(spelling_of(*answers, answer));
                   found != match_.of_answer.end()) {
          observed.label[i] = found->second;
        }
        if (observed.label[i] == kNoLabel) observed.outcome[i] = Outcome::kParseError;
        if (observed.label[i] != kNoLabel) observed.score[i] = answer.score;
      }
      keep(std::move(observed));
    }
    return {};
  }

  // --- Heads of one probability
  // ----------------------------------------------------------------------------------

  Result<void> read_probability() {
    TRY_VOID(match_and_read_truth({}));
    const std::size_t positive = TRY(positive_label());
    if (head_.labels.size() > 2) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("head '{}' gives one number, but column '{}' has {} labels ({})",
                              printable(target_.head), printable(head_.match.column),
                              head_.labels.size(), printable(join(head_.labels, ", "))),
                  options_.samples_name,
                  "name a column of two labels, or of numbers, with --target");
    }
    if (!answer_facts_.unit) {
      return fail(ErrorCode::kInvalidArgument,
                  "head '" + printable(target_.head) +
                      "' gives numbers outside 0 to 1, but column '" +
                      printable(head_.match.column) + "' holds labels",
                  options_.predictions_name, "name a column of numbers with --target");
    }
    if (head_.labels.size() == 1) head_.labels.push_back("not " + head_.labels.front());
    const int yes = static_cast<int>(positive);
    head_.match.label_map.emplace_back(fmt::format(">= {}", format_double(options_.threshold)),
                                       head_.labels[positive]);
    head_.match.label_map.emplace_back(fmt::format("< {}", format_double(options_.threshold)),
                                       head_.labels[1 - positive]);
    for (const HeadAnswers* answers : answers_) {
      ObservedAnswers observed = blank(*answers);
      for (std::size_t i = 0; i < column_.size(); ++i) {
        if (observed.outcome[i] != Outcome::kOk) continue;
        const double number = number_of(answers->answers[i]);
        if (std::isnan(number) || answers->answers[i].label >= 0) {
          observed.outcome[i] = Outcome::kParseError;
          continue;
        }
        observed.label[i] = number >= options_.threshold ? yes : 1 - yes;
        observed.score[i] = observed.label[i] == yes ? number : 1.0 - number;
      }
      keep(std::move(observed));
    }
    return {};
  }

  // Given, or said by the head's name. Never the one that fits best.
  Result<std::size_t> positive_label() const {
    for (const auto& [head, label] : options_.positive) {
      if (head != target_.head) continue;
      for (std::size_t i = 0; i < head_.labels.size(); ++i) {
        if (canonical_label(head_.labels[i]) == canonical_label(label)) return i;
      }
      return fail(ErrorCode::kNotFound,
                  "column '" + printable(head_.match.column) + "' has no label '" +
                      printable(label) + "' (it has: " + printable(join(head_.labels, ", ")) + ")",
                  options_.samples_name, "correct --positive HEAD=LABEL");
    }
    if (head_.labels == std::vector<std::string>{"0", "1"}) return std::size_t{1};
    std::vector<std::size_t> named;
    for (std::size_t i = 0; i < head_.labels.size(); ++i) {
      if (head_is_named_for(head_.labels[i])) named.push_back(i);
    }
    if (named.size() == 1) return named.front();
    return fail(ErrorCode::kInvalidArgument,
                "head '" + printable(target_.head) +
                    "' gives one number, and nothing says of which label of column '" +
                    printable(head_.match.column) + "' (" + printable(join(head_.labels, ", ")) +
                    ")",
                options_.predictions_name,
                "say it with --positive '" + printable(target_.head) + "=LABEL'");
  }

  bool head_is_named_for(const std::string& label) const {
    const std::string wanted = canonical_label(label);
    const auto gender = gender_word(wanted);
    const auto words = words_of(target_.head);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      if (word.size() < 3) return false;  // "m", "f" and "p" are not names
      for (const std::string& name : {word, word.front() == 'p' ? word.substr(1) : word}) {
        if (name == wanted || (gender && name.size() >= 3 && gender_word(name) == gender))
          return true;
      }
      return false;
    });
  }

  // --- Both
  // ------------------------------------------------------------------------------------------------------

  ObservedAnswers blank(const HeadAnswers& answers) const {
    ObservedAnswers observed;
    observed.alternative = answers.alternative;
    observed.source = answers.source;
    for (const Answer& answer : answers.answers) observed.outcome.push_back(answer.outcome);
    observed.label.assign(column_.size(), kNoLabel);
    observed.score.assign(column_.size(), kNoNumber);
    return observed;
  }

  void keep(ObservedAnswers observed) {
    if (kept_main_) {
      head_.alternatives.push_back(std::move(observed));
      return;
    }
    head_.main = std::move(observed);
    kept_main_ = true;
  }

  Result<void> check_truth() {
    const auto known = std::count(head_.has_truth.begin(), head_.has_truth.end(), true);
    if (known == 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "column '" + printable(head_.match.column) + "' is empty in every row",
                  options_.samples_name, "fill it, or name another column with --target");
    }
    const auto missing = column_.size() - static_cast<std::size_t>(known);
    if (missing > 0) {
      limits_.push_back(
          {"head " + printable(target_.head),
           fmt::format("{} of {} samples have no truth in column {}: they take no part", missing,
                       column_.size(), printable(head_.match.column))});
    }
    return {};
  }

  const Target& target_;
  const std::vector<const HeadAnswers*>& answers_;
  const Samples& samples_;
  const AssessOptions& options_;
  std::vector<std::string> column_;
  ColumnFacts column_facts_;
  AnswerFacts answer_facts_;
  LabelMatch match_;
  bool kept_main_ = false;
  ObservedHead head_;
  std::vector<Gap> limits_;
};

}  // namespace

Result<ObservedResult> observe_head(const Target& target,
                                    const std::vector<const HeadAnswers*>& answers,
                                    const Samples& samples, const AssessOptions& options) {
  std::vector<const HeadAnswers*> ordered = answers;
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const HeadAnswers* a) { return a->alternative.empty(); });
  return HeadReader(target, ordered, samples, options).read();
}

}  // namespace dl::assess
