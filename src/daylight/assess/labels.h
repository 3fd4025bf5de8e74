// SPDX-License-Identifier: Apache-2.0
// What a label means whatever its spelling: "9-Mar", " 3-9" and "3–9" are one bracket, "F" and
// "woman" one word.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl::assess {

// Completed years from `low` to `high`, both included; without `high` the bracket is open.
struct AgeBracket {
  double low = 0.0;
  std::optional<double> high = {};

  // The interval of exact ages is [low, end): someone of 29.9 years is 29.
  std::optional<double> end() const { return high ? std::optional<double>(*high + 1.0) : high; }
  friend bool operator==(const AgeBracket&, const AgeBracket&) = default;
};

// Reads "20-29", "20–29", "20 to 29", "(20, 29)", "70+", ">= 70", "more than 70", "over 70", "70
// and over", "under 3", and the dates into which spreadsheets turn brackets ("9-Mar" is 3-9,
// "19-Oct" and "Oct-19" are 10-19). "more than 70" has low 70, as in FairFace, where 60-69 comes
// before it. A lone number is no bracket.
std::optional<AgeBracket> parse_age_bracket(std::string_view text);

// The canonical form that decides whether two labels are the same: lower case, runs of spaces, '_',
// '-', '/' and '.' one space, brackets as "20-29" or "70+". ASCII letters only are folded.
std::string canonical_label(std::string_view text);

// "female" or "male" when the canonical label is one of their everyday words (woman, girl, f; man,
// boy, m ...).
std::optional<std::string> gender_word(std::string_view canonical);

// One of the user's rules: for this head (or any, when empty) label `from`, predicted or true,
// reads as `to`. An empty `to` makes it no answer (predicted) or no truth (true); from = to
// declares a label that the other side may lack.
struct LabelRule {
  std::string head;
  std::string from;
  std::string to;
};

// The distinct labels of one column or head under their canonical forms, in an order that reads
// well: brackets by age, numbers by value, then the alphabet.
class LabelSet {
 public:
  // Adds a spelling seen `times` times; the most frequent spelling of a canonical label (the first,
  // at a tie) is shown.
  void add(std::string_view spelling, std::size_t times = 1);
  // Ends adding: sorts and chooses spellings.
  void finish();

  std::size_t size() const { return labels_.size(); }
  // The shown spelling.
  const std::string& name(std::size_t index) const { return labels_[index].shown; }
  const std::string& canonical(std::size_t index) const { return labels_[index].canonical; }
  std::vector<std::string> names() const;
  std::optional<std::size_t> find(std::string_view spelling) const;
  // Spellings that differ from the shown one, with it: what was taken as the same.
  std::vector<std::pair<std::string, std::string>> merged() const;

 private:
  struct Spelling {
    std::string text;
    std::size_t times = 0;
  };
  struct Label {
    std::string canonical;
    std::string shown;
    std::vector<Spelling> spellings;
  };
  std::vector<Label> labels_;
};

// Whether one adjacent swap, insertion, deletion or substitution turns `a` into `b` (Damerau):
// likely a misspelling.
bool one_edit_apart(std::string_view a, std::string_view b);

}  // namespace dl::assess
