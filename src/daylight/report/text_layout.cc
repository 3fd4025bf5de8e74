// SPDX-License-Identifier: Apache-2.0
// Measuring and laying out of plain text.
#include "daylight/report/text_layout.h"

#include <algorithm>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr const char* kEllipsis = "\u2026";
constexpr std::size_t kColumnGap = 2;

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }

std::string cell_text(const TextColumn& column, const std::string& text) {
  return column.keep_end ? fit_text_end(text, column.limit) : fit_text(text, column.limit);
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::size_t text_columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string fit_text(const std::string& text, std::size_t width) {
  if (text_columns(text) <= width) return text;
  std::string out;
  std::size_t used = 0;
  for (const char c : text) {
    if (starts_code_point(c) && ++used == width) break;
    out += c;
  }
  return out + kEllipsis;
}

std::string fit_text_end(const std::string& text, std::size_t width) {
  const std::size_t all = text_columns(text);
  if (all <= width || width == 0) return text;
  std::size_t skipped = 0;
  std::size_t at = 0;
  while (at < text.size() && skipped <= all - width) {
    ++at;
    if (at == text.size() || starts_code_point(text[at])) ++skipped;
  }
  return kEllipsis + text.substr(at);
}

std::string pad_text(const std::string& text, std::size_t width) {
  const std::size_t used = text_columns(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

std::string pad_text_left(const std::string& text, std::size_t width) {
  const std::size_t used = text_columns(text);
  return used < width ? std::string(width - used, ' ') + text : text;
}

std::string wrap_text(const std::string& label, const std::string& text, std::size_t indent) {
  std::string out = pad_text(label, indent);
  std::size_t used = text_columns(out);
  bool first = true;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t needed = text_columns(word) + (first ? 0 : 1);
    if (!first && used + needed > kTextWidth) {
      out += "\n" + std::string(indent, ' ');
      used = indent;
      first = true;
    }
    const std::string piece = fit_text(word, kTextWidth - indent);
    out += (first ? "" : " ") + piece;
    used += text_columns(piece) + (first ? 0 : 1);
    first = false;
  }
  return out + "\n";
}

std::string text_table(const std::vector<TextColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows, std::size_t indent) {
  if (rows.empty()) return "";
  std::vector<TextColumn> fitted = columns;
  std::vector<std::size_t> widths;
  std::size_t used = indent;
  for (std::size_t i = 0; i < fitted.size(); ++i) {
    TextColumn& column = fitted[i];
    // The last column gets what the others leave, and is cut at its own end of choice.
    const bool last = i + 1 == fitted.size();
    if (last && used < kTextWidth) column.limit = std::min(column.limit, kTextWidth - used);
    std::size_t width = text_columns(column.title);
    for (const auto& row : rows) {
      if (i < row.size()) width = std::max(width, text_columns(cell_text(column, row[i])));
    }
    widths.push_back(width);
    used += width + kColumnGap;
  }
  const auto line_of = [&](const std::vector<std::string>& cells) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < fitted.size(); ++i) {
      const std::string text = i < cells.size() ? cell_text(fitted[i], cells[i]) : "";
      if (i > 0) line += std::string(kColumnGap, ' ');
      line += fitted[i].right ? pad_text_left(text, widths[i]) : pad_text(text, widths[i]);
    }
    return fit_text(without_trailing_spaces(std::move(line)), kTextWidth) + "\n";
  };
  std::vector<std::string> titles;
  titles.reserve(columns.size());
  for (const TextColumn& column : columns) titles.push_back(column.title);
  std::string out = line_of(titles);
  for (const auto& row : rows) out += line_of(row);
  return out;
}

}  // namespace dl
