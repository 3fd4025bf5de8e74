// SPDX-License-Identifier: Apache-2.0
// Lines of plain text.
#include "daylight/format/encoding/text_lines.h"

#include "daylight/format/encoding/protobuf.h"

namespace dl {

std::optional<std::string_view> TextLines::next() {
  if (at_ >= text_.size()) return std::nullopt;
  const std::string_view rest = text_.substr(at_, kMaxTextLine);
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos && rest.size() == kMaxTextLine) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  if (!is_plain_text(line, kMaxTextLine)) return std::nullopt;
  at_ += end == std::string_view::npos ? rest.size() : end + 1;
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace dl
