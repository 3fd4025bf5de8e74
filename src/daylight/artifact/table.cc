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
    if (at_ >= text_.size() || too_long_) return false;
    line = line_;
    fields.clear();
    while (true) {
      fields.push_back(field());
      if (fields.size() > kMaxTableColumns) too_wide_ = true;
      if (at_ >= text_.size() || too_long_ || too_wide_) return true;
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
  bool too_long() const { return too_long_; }
  bool too_wide() const { return too_wide_; }

 private:
  std::string field() {
    std::string out;
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (out.size() >= kMaxTableFieldBytes) {
          too_long_ = true;
          return out;
        }
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
    if (stop - at_ > kMaxTableFieldBytes - out.size()) {
      too_long_ = true;
    } else {
      out += text_.substr(at_, stop - at_);
    }
    at_ = stop;
  }

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool unterminated_ = false;
  bool too_long_ = false;
  bool too_wide_ = false;
};

// A tab where the header has tabs and no commas; what stands in quotes is no separator and no line
// end.
char separator_of(std::string_view text) {
  bool quoted = false;
  bool tabs = false;
  char before = ',';
  for (const char c : text) {
    // A quote inside of a field that began without one is a letter.
    if (c == '"' && (quoted || before == ',' || before == '\t' || before == '"')) quoted = !quoted;
    before = c;
    if (quoted) continue;
    if (c == ',') return ',';
    if (c == '\t') tabs = true;
    if (c == '\n' || c == '\r') break;
  }
  return tabs ? '\t' : ',';
}

// What makes text no table at all.
Result<void> check_text(std::string_view text, const std::string& where,
                        const TableLimits& limits) {
  if (text.size() > limits.bytes) {
    return fail(ErrorCode::kLimit, fmt::format("is larger than {} bytes", limits.bytes), where,
                "split the table");
  }
  if (text.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::kCorrupt, "holds zero bytes, so it is no CSV text", where,
                "save it as CSV in UTF-8");
  }
  return {};
}

Result<void> check_record(const RecordReader& reader, const std::string& where, std::size_t line) {
  if (reader.too_long()) {
    return fail(ErrorCode::kLimit,
                fmt::format("a field is longer than {} bytes", kMaxTableFieldBytes),
                fmt::format("{}:{}", where, line), "look for a quote that is never closed");
  }
  if (reader.too_wide()) {
    return fail(ErrorCode::kLimit, fmt::format("has more than {} columns", kMaxTableColumns),
                fmt::format("{}:{}", where, line), "keep the columns that are needed");
  }
  return {};
}

}  // namespace

std::optional<std::size_t> Table::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == column) return i;
  }
  return std::nullopt;
}

Result<Table> parse_csv(std::string_view text, const std::string& where,
                        const TableLimits& limits) {
  TRY_VOID(check_text(text, where, limits));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  RecordReader reader(text, separator_of(text));
  Table table;
  std::size_t line = 0;
  if (!reader.next(table.columns, line)) {
    return fail(ErrorCode::kCorrupt, "is empty", where,
                "it needs a header line and at least one row");
  }
  TRY_VOID(check_record(reader, where, line));
  for (std::string& column : table.columns) column = std::string(trim(column));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (*table.find(table.columns[i]) != i) {
      return fail(ErrorCode::kCorrupt,
                  "has two columns named '" + printable(table.columns[i]) + "'", where,
                  "rename one of them");
    }
  }
  std::vector<std::string> fields;
  while (reader.next(fields, line)) {
    TRY_VOID(check_record(reader, where, line));
    if (fields.size() != table.columns.size()) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("has {} fields where the header has {}", fields.size(), table.columns.size()),
          fmt::format("{}:{}", where, line), "quote fields that hold commas");
    }
    if (table.rows.size() >= kMaxTableRows ||
        (table.rows.size() + 1) * fields.size() > limits.cells) {
      return fail(ErrorCode::kLimit,
                  fmt::format("has more than {} rows or {} cells", kMaxTableRows, limits.cells),
                  where, "split the table, or leave out columns");
    }
    table.rows.push_back(fields);
  }
  if (reader.unterminated()) {
    return fail(ErrorCode::kCorrupt, "a quoted field never ends", fmt::format("{}:{}", where, line),
                "close the quote, or write a quote in a field as two");
  }
  return table;
}

Result<Table> read_csv(const std::filesystem::path& path, const TableLimits& limits) {
  const auto file = TRY(MappedFile::open(path));
  return parse_csv(as_text(file.bytes()), path.string(), limits);
}

std::string missing_column_hint(const Table& table, const std::string& hint) {
  if (table.columns.size() != 1 || table.columns.front().find(';') == std::string::npos)
    return hint;
  return "the columns are separated by semicolons (;): save the table with commas";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line.push_back(',');
    const std::string& field = fields[i];
    const bool lone_empty = fields.size() == 1 && field.empty();
    if (!lone_empty && field.find_first_of(",\t\"\r\n") == std::string::npos) {
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
