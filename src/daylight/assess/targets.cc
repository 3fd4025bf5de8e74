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
std::vector<std::size_t> columns_named(const std::string& head, const Samples& samples) {
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
  return equal.empty() ? contained : equal;
}

Result<std::vector<Target>> given_targets(const std::vector<std::string>& heads,
                                          const Samples& samples, const AssessOptions& options) {
  std::vector<Target> targets;
  for (const auto& [head, column] : options.targets) {
    if (std::find(heads.begin(), heads.end(), head) == heads.end()) {
      return fail(ErrorCode::kNotFound,
                  "has no head '" + printable(head) + "' (it has: " + listed(heads) + ")",
                  options.predictions_name, "correct --target HEAD=COLUMN");
    }
    const auto index = samples.attribute_index(column);
    if (!index) {
      return fail(
          ErrorCode::kNotFound,
          "has no column '" + printable(column) + "' (it has: " + listed(samples.attributes) + ")",
          options.samples_name, "correct --target HEAD=COLUMN");
    }
    const bool twice = std::any_of(targets.begin(), targets.end(),
                                   [&name = head](const Target& t) { return t.head == name; });
    if (twice) {
      return fail(ErrorCode::kInvalidArgument,
                  "head '" + printable(head) + "' is given two columns", "--target",
                  "give each head one column");
    }
    targets.push_back({head, *index, "given"});
  }
  return targets;
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
  const std::vector<Target> given = TRY(given_targets(heads, samples, options));
  MatchedTargets matched;
  for (const std::string& head : heads) {
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const Target& target) { return target.head == head; });
    if (found != given.end()) {
      matched.targets.push_back(*found);
      continue;
    }
    const auto columns = columns_named(head, samples);
    if (columns.size() == 1) {
      matched.targets.push_back({head, columns.front(), "name"});
      continue;
    }
    matched.limits.push_back(
        {"head " + printable(head),
         columns.empty() ? "no column of " + options.samples_name +
                               " has its name: it is not assessed; name one with --target"
                         : "several columns of " + options.samples_name +
                               " fit its name: it is not assessed; name one with --target"});
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
