// SPDX-License-Identifier: Apache-2.0
// Text with wildcards, as selectors and recipes use it: `*` stands for any run of bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// Bytes of one pattern, written.
inline constexpr std::size_t kMaxPatternBytes = 8192;

// Immutable. Two patterns are equal if they match the same texts. A default one matches nothing but
// the empty text.
class TextPattern {
 public:
  TextPattern() = default;
  static TextPattern any();
  static TextPattern literal(std::string text);
  // `*` is a wildcard; a backslash takes the next byte as it is, `\xHH` is one byte. kCorrupt for a
  // backslash at the end or a broken \x; kLimit beyond kMaxPatternBytes.
  static Result<TextPattern> parse(std::string_view written);

  // The written form: `*`, backslash, control characters, spaces and the bytes of `special` are
  // escaped. parse() of it gives the same pattern.
  std::string write(std::string_view special = {}) const;

  bool matches(std::string_view text) const;
  bool is_literal() const { return parts_.size() == 1; }
  bool is_any() const { return parts_.size() == 2 && parts_[0].empty() && parts_[1].empty(); }
  // The text before the first wildcard; all of a literal.
  const std::string& head() const { return parts_.front(); }
  // The literal texts between the wildcards, in their order; at least one.
  const std::vector<std::string>& parts() const { return parts_; }

  friend bool operator==(const TextPattern&, const TextPattern&) = default;

 private:
  // The literal texts between wildcards; inner ones are never empty.
  std::vector<std::string> parts_ = {""};
};

}  // namespace dl
