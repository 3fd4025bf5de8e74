// SPDX-License-Identifier: Apache-2.0
// Matching is greedy from the left, so that its cost is linear in the text for each part.
#include "daylight/artifact/text_pattern.h"

namespace dl {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Spaces too: a selector's ends are trimmed.
bool is_hidden(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

}  // namespace

TextPattern TextPattern::any() {
  TextPattern pattern;
  pattern.parts_ = {"", ""};
  return pattern;
}

TextPattern TextPattern::literal(std::string text) {
  TextPattern pattern;
  pattern.parts_ = {std::move(text)};
  return pattern;
}

Result<TextPattern> TextPattern::parse(std::string_view written) {
  if (written.size() > kMaxPatternBytes)
    return fail(ErrorCode::kLimit, "a pattern is longer than " + std::to_string(kMaxPatternBytes));
  TextPattern pattern;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == '*') {
      // Two wildcards in a row are one.
      if (pattern.parts_.size() == 1 || !pattern.parts_.back().empty())
        pattern.parts_.emplace_back();
      continue;
    }
    if (c != '\\') {
      pattern.parts_.back() += c;
      continue;
    }
    if (++i == written.size())
      return fail(ErrorCode::kCorrupt, "a pattern ends with a backslash", {}, "write \\\\");
    if (written[i] != 'x') {
      pattern.parts_.back() += written[i];
      continue;
    }
    const int high = i + 2 < written.size() ? hex_digit(written[i + 1]) : -1;
    const int low = i + 2 < written.size() ? hex_digit(written[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(ErrorCode::kCorrupt, "\\x must be followed by two hexadecimal digits");
    pattern.parts_.back() += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return pattern;
}

std::string TextPattern::write(std::string_view special) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (i > 0) out += '*';
    for (const char c : parts_[i]) {
      if (is_hidden(c)) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
        continue;
      }
      const bool escaped = c == '*' || c == '\\' || special.find(c) != std::string_view::npos;
      if (escaped) out += '\\';
      out += c;
    }
  }
  return out;
}

bool TextPattern::matches(std::string_view text) const {
  if (is_literal()) return text == parts_.front();
  const std::string& first = parts_.front();
  const std::string& last = parts_.back();
  if (text.size() < first.size() + last.size() || !text.starts_with(first) ||
      !text.ends_with(last)) {
    return false;
  }
  text.remove_prefix(first.size());
  text.remove_suffix(last.size());
  for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
    const std::size_t found = text.find(parts_[i]);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + parts_[i].size());
  }
  return true;
}

}  // namespace dl
