// SPDX-License-Identifier: Apache-2.0
// Labels and ages: spellings of one thing stay one thing, different things stay apart, and errors
// lie where the bracket says.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "daylight/assess/age_truth.h"
#include "daylight/assess/labels.h"
#include "daylight/base/text.h"
#include "hostile_text.h"

namespace dl::assess {
namespace {

using dl::testing::hostile_bytes;

AgeBracket drawn_bracket() {
  const int low = *rc::gen::inRange(0, 120);
  if (*rc::gen::arbitrary<bool>()) return {static_cast<double>(low), {}};
  return {static_cast<double>(low), static_cast<double>(*rc::gen::inRange(low, 121))};
}

std::string number(double value) { return format_double(value); }

// One of the ways to write a bracket down.
std::string spelled(const AgeBracket& bracket) {
  const std::string low = number(bracket.low);
  std::string text;
  if (bracket.high) {
    const std::string high = number(*bracket.high);
    const auto links = {"-", " - ", "\xe2\x80\x93", " to ", ",", "~"};
    text = low + *rc::gen::elementOf(std::vector<std::string>(links.begin(), links.end())) + high;
    if (*rc::gen::arbitrary<bool>()) text = "(" + text + ")";
  } else {
    const std::vector<std::string> forms = {"#+",          "# +",        ">= #",
                                            "more than #", "over #",     "# and over",
                                            "# or older",  "at least #", "OVER #"};
    text = *rc::gen::elementOf(forms);
    text.replace(text.find('#'), 1, low);
  }
  const std::vector<std::string> frames = {"#", " # ", "# years", "age #", "\"#\"", "#\n"};
  std::string framed = *rc::gen::elementOf(frames);
  return framed.replace(framed.find('#'), 1, text);
}

// Text that often holds what brackets are made of.
std::string drawn_label() {
  const auto piece = rc::gen::element<std::string>(
      "3", "29", "70", "150", "-", " ", "_", "to", "over", "+", ">", "<", "years", "Mar", "oct",
      "and", ".", "/", "Male", "F", "East Asian", "\xc3\x89", "\xe2\x80\x93", "\xc2\xa0", "(", ",");
  const auto pieces = rc::gen::container<std::vector<std::string>>(piece);
  return *rc::gen::oneOf(
      rc::gen::map(pieces, [](const std::vector<std::string>& p) { return join(p, ""); }),
      hostile_bytes());
}

RC_GTEST_PROP(AgeBrackets, AreReadInEverySpelling, ()) {
  const AgeBracket bracket = drawn_bracket();
  const std::string text = spelled(bracket);
  RC_LOG() << "spelled '" << text << "'\n";
  RC_ASSERT(parse_age_bracket(text) == bracket);
  RC_ASSERT(canonical_label(text) == canonical_label(spelled(bracket)));
}

RC_GTEST_PROP(AgeBrackets, AreReadFromTheDatesOfSpreadsheets, ()) {
  static const std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = *rc::gen::inRange<std::size_t>(1, 13);
  const auto other = *rc::gen::inRange<std::size_t>(1, 32);
  const AgeBracket bracket{static_cast<double>(std::min(month, other)),
                           static_cast<double>(std::max(month, other))};
  const std::string name = kMonths.at(month - 1);
  RC_ASSERT(parse_age_bracket(std::to_string(other) + "-" + name) == bracket);
  RC_ASSERT(parse_age_bracket(name + "-" + std::to_string(other)) == bracket);
}

RC_GTEST_PROP(AgeBrackets, AreSaneWhateverTheText, ()) {
  const auto bracket = parse_age_bracket(drawn_label());
  if (!bracket) return;
  RC_ASSERT(bracket->low >= 0.0 && bracket->low <= 150.0);
  RC_ASSERT(!bracket->high || (*bracket->high >= bracket->low && *bracket->high <= 150.0));
}

RC_GTEST_PROP(CanonicalLabel, IsItsOwnCanonicalLabel, ()) {
  const std::string text = drawn_label();
  const std::string canonical = canonical_label(text);
  RC_LOG() << "canonical '" << printable(canonical) << "'\n";
  RC_ASSERT(canonical_label(canonical) == canonical);
  if (const auto bracket = parse_age_bracket(text))
    RC_ASSERT(parse_age_bracket(canonical) == bracket);
}

RC_GTEST_PROP(CanonicalLabel, DoesNotSeeCaseSpacesAndDashes, ()) {
  const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  const std::string first = *word;
  const std::string second = *word;
  const std::vector<std::string> gaps = {" ", "  ", "_", "-", "/", " - ", "\xe2\x80\x93"};
  const auto write = [&] {
    std::string text = first + *rc::gen::elementOf(gaps) + second;
    for (char& c : text) {
      if (c >= 'a' && c <= 'z' && *rc::gen::arbitrary<bool>()) c = static_cast<char>(c - 32);
    }
    return *rc::gen::element<std::string>("", " ", "\t") + text;
  };
  const std::string one = write();
  const std::string other = write();
  RC_PRE(!parse_age_bracket(one));
  RC_ASSERT(canonical_label(one) == canonical_label(other));
}

std::vector<std::string> drawn_spellings() {
  const auto spelling =
      rc::gen::element<std::string>("20-29", "20 - 29",
                                    "20\xe2\x80\x93"
                                    "29",
                                    "70+", "more than 70", "3-9", "9-Mar", "Male", "male", "MALE ",
                                    "East Asian", "east_asian", "White", "5", "12");
  return *rc::gen::container<std::vector<std::string>>(spelling);
}

LabelSet set_of(const std::vector<std::string>& spellings) {
  LabelSet set;
  for (const std::string& spelling : spellings) set.add(spelling);
  set.finish();
  return set;
}

RC_GTEST_PROP(LabelSet, HoldsTheSameLabelsInTheSameOrderHoweverTheyAreMet, ()) {
  std::vector<std::string> spellings = drawn_spellings();
  const LabelSet one = set_of(spellings);
  std::reverse(spellings.begin(), spellings.end());
  const LabelSet other = set_of(spellings);
  RC_ASSERT(one.size() == other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    RC_ASSERT(one.canonical(i) == other.canonical(i));
    // Brackets by age: no label with an age comes after an older one.
    const auto here = parse_age_bracket(one.canonical(i));
    const auto before = i > 0 ? parse_age_bracket(one.canonical(i - 1)) : std::nullopt;
    if (here && before) RC_ASSERT(before->low <= here->low);
  }
  for (const std::string& spelling : spellings) {
    const auto found = one.find(spelling);
    RC_ASSERT(found.has_value());
    RC_ASSERT(one.canonical(*found) == canonical_label(spelling));
  }
}

RC_GTEST_PROP(OneEditApart, IsTrueOfEveryEditAndTheSameBothWays, ()) {
  const auto letter = rc::gen::element('a', 'b', 'c');
  const std::string text = *rc::gen::nonEmpty(rc::gen::container<std::string>(letter));
  std::string edited = text;
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      edited.erase(at, 1);
      break;
    case 1:
      edited.insert(at, 1, *letter);
      break;
    case 2:
      edited[at] = *letter;
      break;
    default:
      if (at + 1 < edited.size()) std::swap(edited[at], edited[at + 1]);
  }
  RC_ASSERT(one_edit_apart(text, edited) == (text != edited));
  const std::string other = *rc::gen::container<std::string>(letter);
  RC_ASSERT(one_edit_apart(text, other) == one_edit_apart(other, text));
  RC_ASSERT(!one_edit_apart(text, text));
}

RC_GTEST_PROP(AgeError, LiesWithinTheBoundsOfEveryAgeInTheBracket, ()) {
  const AgeBracket bracket = drawn_bracket();
  const double answer = *rc::gen::inRange(-40, 600) / 4.0;
  const AgeError bounds = age_error(answer, {{}, bracket}, AgeConvention::kBounds);
  RC_ASSERT(bounds.signed_low <= bounds.signed_high);
  RC_ASSERT(0.0 <= bounds.absolute_low && bounds.absolute_low <= bounds.absolute_high);
  const AgeError edge = age_error(answer, {{}, bracket}, AgeConvention::kEdgeDistance);
  RC_ASSERT(std::abs(edge.absolute_low - bounds.absolute_low) < 1e-9);
  const double top = std::max(bracket.end().value_or(kOldestAge), bracket.low);
  const double age = bracket.low + (top - bracket.low) * *rc::gen::inRange(0, 101) / 101.0;
  const AgeError exact = age_error(answer, {age, {}}, AgeConvention::kBounds);
  RC_ASSERT(exact.signed_low == answer - age && exact.absolute_low == std::abs(answer - age));
  RC_ASSERT(exact.signed_low >= bounds.signed_low - 1e-9);
  RC_ASSERT(exact.signed_high <= bounds.signed_high + 1e-9);
  RC_ASSERT(exact.absolute_low >= bounds.absolute_low - 1e-9);
  RC_ASSERT(exact.absolute_high <= bounds.absolute_high + 1e-9);
  const double middle = bracket_midpoint(bracket);
  RC_ASSERT(middle >= bracket.low && (!bracket.high || middle <= *bracket.high + 1.0));
}

}  // namespace
}  // namespace dl::assess
