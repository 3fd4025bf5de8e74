// SPDX-License-Identifier: Apache-2.0
// Canonical labels, age brackets in all their spellings, and label sets.
#include "daylight/assess/labels.h"

#include <algorithm>
#include <array>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

// Nobody is older; a "bracket" beyond it is something else (a year, an id).
constexpr double kMaxAge = 150.0;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// The dashes that people and typesetters use become '-'; brackets and quotes become spaces; ASCII
// becomes lower case.
std::string simplify(std::string_view text) {
  std::string lower = to_lower(trim(text));
  // U+2010..U+2015 and U+2212, no-break space.
  for (const char* dash : {"\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93",
                           "\xe2\x80\x94", "\xe2\x80\x95", "\xe2\x88\x92"}) {
    for (std::size_t at = 0; (at = lower.find(dash, at)) != std::string::npos;) {
      lower.replace(at, 3, "-");
    }
  }
  for (std::size_t at = 0; (at = lower.find("\xc2\xa0", at)) != std::string::npos;) {
    lower.replace(at, 2, " ");
  }
  return lower;
}

// Numbers, words and signs of a label.
struct Token {
  enum class Kind { kNumber, kWord, kSign } kind;
  std::string text;
};

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    if (is_digit(text[i])) {
      while (i < text.size() && is_digit(text[i])) ++i;
      tokens.push_back({Token::Kind::kNumber, text.substr(start, i - start)});
    } else if (is_letter(text[i])) {
      while (i < text.size() && is_letter(text[i])) ++i;
      tokens.push_back({Token::Kind::kWord, text.substr(start, i - start)});
    } else {
      const std::string sign(1, text[i++]);
      if (std::string_view(" _()[]\"'").find(sign) == std::string_view::npos) {
        tokens.push_back({Token::Kind::kSign, sign});
      }
    }
  }
  return tokens;
}

std::optional<double> month_number(const std::string& word) {
  constexpr std::array kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                  "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (word == kMonths[i]) return static_cast<double>(i + 1);
  }
  return std::nullopt;
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return word == w; });
}

// "y", "years", "old" after or before the numbers say nothing.
void drop_units(std::vector<Token>& tokens) {
  std::erase_if(tokens, [](const Token& token) {
    return token.kind == Token::Kind::kWord &&
           is_one_of(token.text,
                     {"year", "years", "yrs", "yr", "y", "yo", "old", "age", "aged", "ages", "of"});
  });
}

std::optional<AgeBracket> between(double low, double high) {
  if (low > high || high > kMaxAge) return std::nullopt;
  return AgeBracket{low, high};
}

std::optional<AgeBracket> open_from(double low) {
  if (low > kMaxAge) return std::nullopt;
  return AgeBracket{low, {}};
}

// "20 - 29", "20 to 29", "20, 29", and a spreadsheet's date.
std::optional<AgeBracket> closed_bracket(const std::vector<Token>& tokens) {
  if (tokens.size() != 3) return std::nullopt;
  const Token& link = tokens[1];
  const bool linked = link.kind == Token::Kind::kSign ? is_one_of(link.text, {"-", ",", "~"})
                                                      : is_one_of(link.text, {"to", "and"});
  if (!linked) return std::nullopt;
  const auto value = [](const Token& token) {
    return token.kind == Token::Kind::kNumber ? parse_double(token.text) : month_number(token.text);
  };
  const auto first = value(tokens[0]);
  const auto last = value(tokens[2]);
  const bool dated = tokens[0].kind != tokens[2].kind;
  if (!first || !last || (tokens[0].kind == Token::Kind::kWord && !dated)) return std::nullopt;
  return dated ? between(std::min(*first, *last), std::max(*first, *last)) : between(*first, *last);
}

// "70+", ">70", ">=70", "more than 70", "over 70", "70 and over", "70 or older"; "<3", "under 3".
std::optional<AgeBracket> open_bracket(const std::vector<Token>& tokens) {
  std::optional<double> number;
  std::string words;
  for (const Token& token : tokens) {
    if (token.kind == Token::Kind::kNumber) {
      if (number) return std::nullopt;
      number = parse_double(token.text);
      words += "#";
    } else {
      words += token.text;
    }
    words += ' ';
  }
  if (!number) return std::nullopt;
  const std::string form(trim(words));
  if (is_one_of(form, {"# +", "> #", "> = #", "more than #", "over #", "above #", "older than #",
                       "# and over", "# and above", "# and older", "# and more", "# or over",
                       "# or older", "# or more", "# plus", "at least #", "# and up"})) {
    return open_from(*number);
  }
  if (is_one_of(form, {"< #", "under #", "below #", "less than #", "younger than #"}) &&
      *number >= 1.0) {
    return between(0.0, *number - 1.0);
  }
  return std::nullopt;
}

// Sorts brackets by age, then numbers by value, then words.
struct SortKey {
  int kind;
  double number;
  std::string text;
  auto operator<=>(const SortKey&) const = default;
};

SortKey sort_key(const std::string& canonical) {
  if (const auto bracket = parse_age_bracket(canonical)) return {0, bracket->low, canonical};
  if (const auto number = parse_double(canonical)) return {0, *number, canonical};
  return {1, 0.0, canonical};
}

}  // namespace

std::optional<AgeBracket> parse_age_bracket(std::string_view text) {
  auto tokens = tokens_of(simplify(text));
  drop_units(tokens);
  if (const auto closed = closed_bracket(tokens)) return closed;
  return open_bracket(tokens);
}

std::string canonical_label(std::string_view text) {
  if (const auto bracket = parse_age_bracket(text)) {
    return format_double(bracket->low) +
           (bracket->high ? "-" + format_double(*bracket->high) : "+");
  }
  const std::string simple = simplify(text);
  // A number keeps its sign and its point.
  if (const auto number = parse_double(simple)) return format_double(*number);
  std::string canonical;
  for (const char c : simple) {
    const bool gap = std::string_view(" \t_-/.").find(c) != std::string_view::npos;
    if (!gap) {
      canonical += c;
    } else if (!canonical.empty() && canonical.back() != ' ') {
      canonical += ' ';
    }
  }
  const std::string result(trim(canonical));
  // Without its signs it may be a bracket or a number after all ("> 70.", "over/70", "5/").
  return result == simple ? result : canonical_label(result);
}

std::optional<std::string> gender_word(std::string_view canonical) {
  const std::string word(canonical);
  if (is_one_of(word, {"female", "woman", "women", "girl", "girls", "f", "w", "females"})) {
    return "female";
  }
  if (is_one_of(word, {"male", "man", "men", "boy", "boys", "m", "males"})) return "male";
  return std::nullopt;
}

void LabelSet::add(std::string_view spelling, std::size_t times) {
  const std::string canonical = canonical_label(spelling);
  auto label = std::find_if(labels_.begin(), labels_.end(),
                            [&](const Label& l) { return l.canonical == canonical; });
  if (label == labels_.end()) label = labels_.insert(labels_.end(), Label{canonical, {}, {}});
  const std::string text(trim(spelling));
  auto seen = std::find_if(label->spellings.begin(), label->spellings.end(),
                           [&](const Spelling& s) { return s.text == text; });
  if (seen == label->spellings.end()) {
    label->spellings.push_back({text, times});
  } else {
    seen->times += times;
  }
}

void LabelSet::finish() {
  std::stable_sort(labels_.begin(), labels_.end(), [](const Label& a, const Label& b) {
    return sort_key(a.canonical) < sort_key(b.canonical);
  });
  for (Label& label : labels_) {
    const auto most =
        std::max_element(label.spellings.begin(), label.spellings.end(),
                         [](const Spelling& a, const Spelling& b) { return a.times < b.times; });
    label.shown = most->text;
  }
}

std::vector<std::string> LabelSet::names() const {
  std::vector<std::string> names;
  for (const Label& label : labels_) names.push_back(label.shown);
  return names;
}

std::optional<std::size_t> LabelSet::find(std::string_view spelling) const {
  const std::string canonical = canonical_label(spelling);
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i].canonical == canonical) return i;
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> LabelSet::merged() const {
  std::vector<std::pair<std::string, std::string>> merged;
  for (const Label& label : labels_) {
    for (const Spelling& spelling : label.spellings) {
      if (spelling.text != label.shown) merged.emplace_back(spelling.text, label.shown);
    }
  }
  return merged;
}

bool one_edit_apart(std::string_view a, std::string_view b) {
  if (a == b) return false;
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  std::size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  if (a.size() < b.size()) return a.substr(i) == b.substr(i + 1);
  if (a.substr(i + 1) == b.substr(i + 1)) return true;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         a.substr(i + 2) == b.substr(i + 2);
}

}  // namespace dl::assess
