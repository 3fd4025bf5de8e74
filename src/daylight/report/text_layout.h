// SPDX-License-Identifier: Apache-2.0
// Plain text in columns for a terminal: measuring, cutting, padding and wrapping UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// The widest line that we print.
inline constexpr std::size_t kTextWidth = 100;

// Code points of UTF-8 text; our own text has no wide or combining characters.
std::size_t text_columns(std::string_view text);
// The first `width` code points, the last replaced by an ellipsis if any were cut.
std::string fit_text(const std::string& text, std::size_t width);
// The last `width` code points, the first replaced by an ellipsis if any were cut: the end of a
// path says more than its beginning.
std::string fit_text_end(const std::string& text, std::size_t width);
// With spaces behind (before) up to `width`; text that is longer stays whole.
std::string pad_text(const std::string& text, std::size_t width);
std::string pad_text_left(const std::string& text, std::size_t width);
// Words of `text` in lines of kTextWidth, the first after `label`, the others below it, each
// indented by `indent` columns; with a final newline. A word that is longer than a line is cut.
std::string wrap_text(const std::string& label, const std::string& text, std::size_t indent);

// One column of a table of text. `limit`: columns that it may take; a longer cell is cut.
struct TextColumn {
  std::string title;
  std::size_t limit = kTextWidth;
  bool right = false;     // numbers
  bool keep_end = false;  // cut at the beginning
};

// Rows under their titles, each column as wide as its widest cell (within its limit), two spaces
// between columns, `indent` spaces before each line. Lines end without spaces and are cut at
// kTextWidth. Rows that have fewer cells than there are columns are padded. Empty for no rows.
std::string text_table(const std::vector<TextColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows, std::size_t indent);

}  // namespace dl
