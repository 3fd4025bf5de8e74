// SPDX-License-Identifier: Apache-2.0
// CSV reading and writing.
#include "daylight/artifact/table.h"

#include <fmt/format.h>

#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

// Splits CSV text into records of fields; knows the line each record started at.
class RecordReader {
 public:
  RecordReader(std::string_view text, char separator) : text_(text), separator_(separator) {}

  // The next record, or false at the end. Blank lines are passed over.
  bool next(std::vector<std::string>& fields, std::size_t& line) {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
    if (at_ >= text_.size()) return false;
    line = line_;
    fields.clear();
    while (true) {
      fields.push_back(field());
      if (at_ >= text_.size()) return true;
      const char c = text_[at_++];
      if (c == separator_) {
        if (at_ >= text_.size()) fields.emplace_back();
        continue;
      }
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return true;
    }
  }

  bool unterminated() const { return unterminated_; }

 private:
  std::string field() {
    std::string out;
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c != '"') {
          if (c == '\n') ++line_;
          out.push_back(c);
        } else if (at_ < text_.size() && text_[at_] == '"') {
          out.push_back('"');
          ++at_;
        } else {
          append_plain(out);
          return out;
        }
      }
      unterminated_ = true;
      return out;
    }
    append_plain(out);
    return out;
  }

  void append_plain(std::string& out) {
    const auto end = text_.find_first_of(separator_ == '\t' ? "\t\r\n" : ",\r\n", at_);
    const auto stop = end == std::string_view::npos ? text_.size() : end;
    out += text_.substr(at_, stop - at_);
    at_ = stop;
  }

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool unterminated_ = false;
};

}  // namespace

std::optional<std::size_t> Table::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == column) return i;
  }
  return std::nullopt;
}

Result<Table> parse_csv(std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto first_line = text.substr(0, text.find('\n'));
  const bool tabs = first_line.find('\t') != std::string_view::npos &&
                    first_line.find(',') == std::string_view::npos;
  RecordReader reader(text, tabs ? '\t' : ',');
  Table table;
  std::size_t line = 0;
  if (!reader.next(table.columns, line)) {
    return fail(ErrorCode::kCorrupt, "is empty", where, "it needs a header line and at least one row");
  }
  if (table.columns.size() > kMaxTableColumns) return fail(ErrorCode::kLimit, "has too many columns", where);
  for (std::string& column : table.columns) column = std::string(trim(column));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (*table.find(table.columns[i]) != i) {
      return fail(ErrorCode::kCorrupt, "has two columns named '" + printable(table.columns[i]) + "'",
                  where, "rename one of them");
    }
  }
  std::vector<std::string> fields;
  while (reader.next(fields, line)) {
    if (fields.size() != table.columns.size()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("has {} fields where the header has {}", fields.size(), table.columns.size()),
                  fmt::format("{}:{}", where, line), "quote fields that hold commas");
    }
    if (table.rows.size() >= kMaxTableRows) return fail(ErrorCode::kLimit, "has too many rows", where);
    table.rows.push_back(fields);
  }
  if (reader.unterminated()) {
    return fail(ErrorCode::kCorrupt, "a quoted field never ends", fmt::format("{}:{}", where, line));
  }
  return table;
}

Result<Table> read_csv(const std::filesystem::path& path) {
  const auto text = TRY(read_file(path));
  return parse_csv(text, path.string());
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line.push_back(',');
    const std::string& field = fields[i];
    const bool lone_empty = fields.size() == 1 && field.empty();
    if (!lone_empty && field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line.push_back('"');
    for (const char c : field) {
      if (c == '"') line.push_back('"');
      line.push_back(c);
    }
    line.push_back('"');
  }
  line.push_back('\n');
  return line;
}

std::string dump_csv(const Table& table) {
  std::string text = csv_line(table.columns);
  for (const auto& row : table.rows) text += csv_line(row);
  return text;
}

}  // namespace dl
