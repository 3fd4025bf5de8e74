// SPDX-License-Identifier: Apache-2.0
// Lines of model formats that are plain text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dl {

// Bytes of one line; a longer one ends the reading.
inline constexpr std::size_t kMaxTextLine = 16U << 20U;

// One line after another, without their ends. Ends at the end of the text and at a line that is too
// long or no plain text; `offset` is then the beginning of what was not read. Not thread safe.
class TextLines {
 public:
  explicit TextLines(std::string_view text) : text_(text) {}

  std::optional<std::string_view> next();
  std::size_t offset() const { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace dl
