// SPDX-License-Identifier: Apache-2.0
// CSV tables (RFC 4180): read leniently with row numbers for messages, written so that the same
// rows give the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

inline constexpr std::size_t kMaxTableColumns = 20'000;
inline constexpr std::size_t kMaxTableRows = 50'000'000;
inline constexpr std::size_t kMaxTableFieldBytes = std::size_t{1} << 20;

// What one table may take. A cell takes 32 bytes of memory or more, however short it is in the
// file.
struct TableLimits {
  std::uint64_t bytes = std::uint64_t{1} << 31;
  std::size_t cells = 200'000'000;
};

// A table in memory: header and rows of equal width. Row i of the data is line i + 2 for a reader
// (quoted line breaks aside).
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  // Index of the column, or nothing.
  std::optional<std::size_t> find(std::string_view column) const;
};

// Comma-separated; a header whose line has tabs but no commas is read as tab-separated. UTF-8, a
// byte order mark is dropped. Quotes, CRLF, empty lines at the end are accepted. A row with more or
// fewer fields than the header is an Error naming its line. So are a zero byte (the file is no
// text, or UTF-16), and a field of more than kMaxTableFieldBytes. kLimit names the limit.
Result<Table> parse_csv(std::string_view text, const std::string& where,
                        const TableLimits& limits = {});
Result<Table> read_csv(const std::filesystem::path& path, const TableLimits& limits = {});

// What to do about a table without a column that is needed: `hint`, or, where the header shows that
// a spreadsheet separated the columns by semicolons, to save it with commas.
std::string missing_column_hint(const Table& table, const std::string& hint);

// One CSV line with "\n"; fields are quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields);
std::string dump_csv(const Table& table);

}  // namespace dl
