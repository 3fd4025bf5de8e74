// SPDX-License-Identifier: Apache-2.0
// samples.csv: reading with checks that name the line, writing in one order.
#include "daylight/artifact/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "daylight/artifact/table.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

// Columns that come back as they are; `file`, `sha256` and `weight` are read into the rows. All
// others are attributes of people.
constexpr std::array<std::string_view, 8> kReserved = {
    "identity", "edit", "cluster", "stratum", "source", "truth_kind", "status", "source_path"};

bool is_reserved(std::string_view column) {
  return std::find(kReserved.begin(), kReserved.end(), column) != kReserved.end();
}

// What is wrong with a row's path, and what to do.
Result<void> check_file(const Sample& sample, const std::string& line) {
  if (!is_sample_file(sample.file)) {
    return fail(ErrorCode::kInvalidArgument,
                "the file '" + printable(sample.file) +
                    "' is empty, absolute, has '..' inside or holds control characters",
                line, "give paths relative to the folder of samples.csv");
  }
  if (leaves_folder(sample.file) && !is_sha256(sample.sha256)) {
    return fail(
        ErrorCode::kInvalidArgument,
        "the file '" + printable(sample.file) +
            "' lies outside of the table's folder and has no sha256",
        line,
        "give its digest, as 'daylight samples import' does, or put the table beside the pictures");
  }
  return {};
}

}  // namespace

bool is_sample_column(std::string_view column) {
  return column == "file" || column == "sha256" || column == "weight" || is_reserved(column);
}

bool leaves_folder(std::string_view file) { return file == ".." || file.starts_with("../"); }

bool is_sample_file(std::string_view file) {
  if (file.empty() || file.front() == '/') return false;
  if (std::any_of(file.begin(), file.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  while (file.starts_with("../")) file.remove_prefix(3);
  if (file.empty()) return false;
  const auto parts = split(file, '/');
  return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::optional<std::size_t> Samples::attribute_index(const std::string& name) const {
  const auto found = std::find(attributes.begin(), attributes.end(), name);
  if (found == attributes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - attributes.begin());
}

Result<Samples> read_samples(const std::filesystem::path& csv) {
  const auto file = TRY(MappedFile::open(csv));
  return parse_samples(as_text(file.bytes()), csv);
}

Result<Samples> parse_samples(std::string_view text, const std::filesystem::path& csv) {
  const std::string where = csv.string();
  const Table table = TRY(parse_csv(text, where, {kMaxSampleTableBytes, kMaxSampleTableCells}));
  const auto file_column = table.find("file");
  if (!file_column) {
    return fail(ErrorCode::kInvalidArgument,
                "has no column 'file' (it has: " + printable(join(table.columns, ", ")) + ")",
                where, missing_column_hint(table, "name the column of the pictures' paths 'file'"));
  }
  if (table.rows.empty()) {
    return fail(ErrorCode::kInvalidArgument, "has a header but no rows", where,
                "add one row for each picture, or run 'daylight samples import'");
  }
  Samples samples;
  samples.folder = csv.has_parent_path() ? csv.parent_path() : std::filesystem::path(".");
  const auto digest_column = table.find("sha256");
  const auto weight_column = table.find("weight");
  std::vector<std::size_t> attribute_columns;
  std::vector<std::size_t> reserved_columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i == *file_column || i == digest_column || i == weight_column) continue;
    if (is_reserved(table.columns[i])) {
      reserved_columns.push_back(i);
      samples.reserved[table.columns[i]] = {};
    } else {
      attribute_columns.push_back(i);
      samples.attributes.push_back(table.columns[i]);
    }
  }
  std::set<std::string> seen;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    const std::string line = fmt::format("{}:{}", where, r + 2);
    Sample sample;
    sample.file = row[*file_column];
    if (digest_column) sample.sha256 = row[*digest_column];
    TRY_VOID(check_file(sample, line));
    if (!seen.insert(sample.file).second) {
      return fail(ErrorCode::kInvalidArgument,
                  "the file '" + printable(sample.file) + "' stands twice", line,
                  "keep one row for each picture");
    }
    if (weight_column && !row[*weight_column].empty()) {
      const auto weight = parse_double(row[*weight_column]);
      if (!weight || *weight < 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the weight '" + printable(row[*weight_column]) + "' is not a number of zero or more",
            line, "write a number, or leave the cell empty for 1");
      }
      sample.weight = *weight;
    }
    for (const std::size_t column : attribute_columns)
      sample.values.emplace_back(trim(row[column]));
    for (const std::size_t column : reserved_columns) {
      samples.reserved[table.columns[column]].push_back(row[column]);
    }
    samples.rows.push_back(std::move(sample));
  }
  return samples;
}

std::string dump_samples(const Samples& samples) {
  const bool digests = std::any_of(samples.rows.begin(), samples.rows.end(),
                                   [](const Sample& row) { return !row.sha256.empty(); });
  const bool weights = std::any_of(samples.rows.begin(), samples.rows.end(),
                                   [](const Sample& row) { return row.weight != 1.0; });
  Table table;
  table.columns = {"file"};
  table.columns.insert(table.columns.end(), samples.attributes.begin(), samples.attributes.end());
  for (const auto& [column, values] : samples.reserved) table.columns.push_back(column);
  if (weights) table.columns.emplace_back("weight");
  if (digests) table.columns.emplace_back("sha256");
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    const Sample& sample = samples.rows[i];
    std::vector<std::string> row = {sample.file};
    row.insert(row.end(), sample.values.begin(), sample.values.end());
    for (const auto& [column, values] : samples.reserved)
      row.push_back(i < values.size() ? values[i] : "");
    if (weights) row.push_back(format_double(sample.weight));
    if (digests) row.push_back(sample.sha256);
    table.rows.push_back(std::move(row));
  }
  return dump_csv(table);
}

std::string samples_digest(const Samples& samples) {
  Sha256 hash;
  for (const Sample& sample : samples.rows)
    hash.update(as_bytes(csv_line({sample.file, sample.sha256})));
  return hash.finish_hex();
}

}  // namespace dl
