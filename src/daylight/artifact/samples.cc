// SPDX-License-Identifier: Apache-2.0
// samples.csv: reading with checks that name the line, writing in one order.
#include "daylight/artifact/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "daylight/artifact/table.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

// Columns with a meaning of their own; all others are attributes of people.
constexpr std::array kReserved = {"identity", "edit",       "cluster", "stratum",
                                  "source",   "truth_kind", "status",  "source_path"};

bool is_reserved(const std::string& column) {
  return std::find(kReserved.begin(), kReserved.end(), column) != kReserved.end();
}

// A relative path that stays inside its folder.
bool is_inside(const std::string& file) {
  if (file.empty() || file.front() == '/') return false;
  if (std::any_of(file.begin(), file.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return false;
  const auto parts = split(file, '/');
  return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

}  // namespace

std::optional<std::size_t> Samples::attribute_index(const std::string& name) const {
  const auto found = std::find(attributes.begin(), attributes.end(), name);
  if (found == attributes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - attributes.begin());
}

Result<Samples> read_samples(const std::filesystem::path& csv) {
  const std::string where = csv.string();
  const Table table = TRY(read_csv(csv));
  const auto file_column = table.find("file");
  if (!file_column) {
    return fail(ErrorCode::kInvalidArgument,
                "has no column 'file' (it has: " + printable(join(table.columns, ", ")) + ")", where,
                "name the column of the pictures' paths 'file'");
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
    if (!is_inside(sample.file)) {
      return fail(ErrorCode::kInvalidArgument,
                  "the file '" + printable(sample.file) + "' is empty, absolute, leaves the folder or holds control characters", line,
                  "give paths relative to the folder of samples.csv, without '..'");
    }
    if (!seen.insert(sample.file).second) {
      return fail(ErrorCode::kInvalidArgument, "the file '" + printable(sample.file) + "' stands twice",
                  line, "keep one row for each picture");
    }
    if (digest_column) sample.sha256 = row[*digest_column];
    if (weight_column && !row[*weight_column].empty()) {
      const auto weight = parse_double(row[*weight_column]);
      if (!weight || *weight < 0) {
        return fail(ErrorCode::kInvalidArgument,
                    "the weight '" + printable(row[*weight_column]) + "' is not a number of zero or more", line);
      }
      sample.weight = *weight;
    }
    for (const std::size_t column : attribute_columns) sample.values.emplace_back(trim(row[column]));
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
    for (const auto& [column, values] : samples.reserved) row.push_back(i < values.size() ? values[i] : "");
    if (weights) row.push_back(format_double(sample.weight));
    if (digests) row.push_back(sample.sha256);
    table.rows.push_back(std::move(row));
  }
  return dump_csv(table);
}

std::string samples_digest(const Samples& samples) {
  Sha256 hash;
  for (const Sample& sample : samples.rows) hash.update(as_bytes(csv_line({sample.file, sample.sha256})));
  return hash.finish_hex();
}

}  // namespace dl
