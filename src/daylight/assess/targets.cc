// SPDX-License-Identifier: Apache-2.0
// Matches heads with columns by what the user said, then by name.
#include "daylight/assess/targets.h"

#include <algorithm>
#include <optional>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

std::string listed(const std::vector<std::string>& names) { return printable(join(names, ", ")); }

// Words with the same meaning become one.
std::string root_word(const std::string& word) {
  if (word == "sex") return "gender";
  if (word == "ethnicity" || word == "ethnic") return "race";
  if (word == "ages") return "age";
  return word;
}

std::vector<std::string> root_words(const std::string& name) {
  std::vector<std::string> words = words_of(name);
  for (std::string& word : words) word = root_word(word);
  return words;
}

// The columns whose words all stand together in the head's name; equal names only where there is
// one.
struct NamedColumns {
  std::vector<std::size_t> columns;
  bool equal = false;
};

NamedColumns columns_named(const std::string& head, const Samples& samples) {
  std::vector<std::size_t> equal;
  std::vector<std::size_t> contained;
  const auto head_words = root_words(head);
  for (std::size_t c = 0; c < samples.attributes.size(); ++c) {
    const auto column_words = root_words(samples.attributes[c]);
    if (column_words.empty()) continue;
    if (column_words == head_words) equal.push_back(c);
    if (std::search(head_words.begin(), head_words.end(), column_words.begin(),
                    column_words.end()) != head_words.end()) {
      contained.push_back(c);
    }
  }
  if (!equal.empty()) return {std::move(equal), true};
  return {std::move(contained), false};
}

// What the user said: heads with their columns, and heads that are not assessed.
struct GivenTargets {
  std::vector<Target> targets;
  std::vector<std::string> left_out;

  const Target* find(const std::string& head) const {
    const auto found = std::find_if(targets.begin(), targets.end(),
                                    [&](const Target& target) { return target.head == head; });
    return found == targets.end() ? nullptr : &*found;
  }
  bool leaves_out(const std::string& head) const {
    return std::find(left_out.begin(), left_out.end(), head) != left_out.end();
  }
};

Result<GivenTargets> given_targets(const std::vector<std::string>& heads, const Samples& samples,
                                   const AssessOptions& options) {
  GivenTargets given;
  for (const auto& [head, column] : options.targets) {
    if (std::find(heads.begin(), heads.end(), head) == heads.end()) {
      return fail(ErrorCode::kNotFound,
                  "has no head '" + printable(head) + "' (it has: " + listed(heads) + ")",
                  options.predictions_name, "correct --target HEAD=COLUMN");
    }
    if (given.find(head) != nullptr || given.leaves_out(head)) {
      return fail(ErrorCode::kInvalidArgument,
                  "head '" + printable(head) + "' is given two columns", "--target",
                  "give each head one column");
    }
    if (column.empty()) {
      given.left_out.push_back(head);
      continue;
    }
    const auto index = samples.attribute_index(column);
    if (!index) {
      return fail(
          ErrorCode::kNotFound,
          "has no column '" + printable(column) + "' (it has: " + listed(samples.attributes) + ")",
          options.samples_name, "correct --target HEAD=COLUMN");
    }
    given.targets.push_back({head, *index, "given"});
  }
  return given;
}

// The first head that was given this column or whose very name is the column's.
std::optional<std::string> owner_of(std::size_t column, const std::vector<std::string>& heads,
                                    const Samples& samples, const GivenTargets& given) {
  for (const Target& target : given.targets) {
    if (target.column == column) return target.head;
  }
  for (const std::string& head : heads) {
    if (given.find(head) != nullptr || given.leaves_out(head)) continue;
    const NamedColumns named = columns_named(head, samples);
    if (named.equal && named.columns == std::vector<std::size_t>{column}) return head;
  }
  return std::nullopt;
}

// The head's column by its name, or why it has none.
struct NameMatch {
  std::optional<std::size_t> column;
  std::string why;
};

NameMatch match_by_name(const std::string& head, const std::vector<std::string>& heads,
                        const Samples& samples, const GivenTargets& given,
                        const AssessOptions& options) {
  const NamedColumns named = columns_named(head, samples);
  const std::string remedy = ": it is not assessed; name one with --target";
  if (named.columns.empty()) {
    return {std::nullopt, "no column of " + options.samples_name + " has its name" + remedy};
  }
  if (named.columns.size() > 1) {
    return {std::nullopt, "several columns of " + options.samples_name + " fit its name" + remedy};
  }
  const std::size_t column = named.columns.front();
  if (!named.equal) {
    if (const auto owner = owner_of(column, heads, samples, given)) {
      return {std::nullopt, "its name only contains that of column " +
                                printable(samples.attributes[column]) +
                                ", which is the truth of head " + printable(*owner) + remedy};
    }
  }
  return {column, ""};
}

}  // namespace

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : to_lower(name) + " ") {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (inside) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

Result<MatchedTargets> match_targets(const std::vector<std::string>& heads, const Samples& samples,
                                     const AssessOptions& options) {
  const GivenTargets given = TRY(given_targets(heads, samples, options));
  MatchedTargets matched;
  for (const std::string& head : heads) {
    if (given.leaves_out(head)) {
      matched.limits.push_back(
          {"head " + printable(head), "it is not assessed: --target gives it no column"});
      continue;
    }
    if (const Target* target = given.find(head)) {
      matched.targets.push_back(*target);
      continue;
    }
    const NameMatch match = match_by_name(head, heads, samples, given, options);
    if (match.column) {
      matched.targets.push_back({head, *match.column, "name"});
    } else {
      matched.limits.push_back({"head " + printable(head), match.why});
    }
  }
  if (matched.targets.empty()) {
    return fail(ErrorCode::kNotFound,
                "no head (" + listed(heads) + ") has the name of a column of " +
                    options.samples_name + " (" + listed(samples.attributes) + ")",
                options.predictions_name, "say which belong together with --target HEAD=COLUMN");
  }
  return matched;
}

}  // namespace dl::assess
