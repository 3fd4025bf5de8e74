// SPDX-License-Identifier: Apache-2.0
// samples.csv: pictures of people with their attributes, the ground truth of an audit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/provenance.h"

namespace dl {

// What a table of samples may take: about 2 GB of memory.
inline constexpr std::uint64_t kMaxSampleTableBytes = std::uint64_t{1} << 30;
inline constexpr std::size_t kMaxSampleTableCells = 50'000'000;

// One picture. `file` is relative to the folder of samples.csv, with forward slashes. It may begin
// with "../" where `sha256` says which picture is meant: a table from a stranger cannot point at
// pictures that he does not have.
struct Sample {
  std::string file;
  std::vector<std::string> values;  // one for each of Samples::attributes; "" is missing
  std::string sha256 = {};          // of the picture; empty if the table has none
  double weight = 1.0;
};

// Columns with a meaning of their own (identity, edit, cluster, weight, stratum, source,
// truth_kind, sha256, status ...) are not attributes; every other column is one.
struct Samples {
  std::filesystem::path folder;  // what `file` is relative to
  std::vector<std::string> attributes;
  std::map<std::string, std::vector<std::string>> reserved;  // reserved column -> value per sample
  std::vector<Sample> rows;

  std::optional<std::size_t> attribute_index(const std::string& name) const;
};

// Whether a name has a meaning of its own as a column of samples.csv, so that no attribute can have
// it.
bool is_sample_column(std::string_view column);

// Whether samples.csv can hold this path: relative, without control characters, ".." only at its
// beginning.
bool is_sample_file(std::string_view file);

// Whether the path leaves the folder that it is relative to.
bool leaves_folder(std::string_view file);

// Whether it is 64 hexadecimal digits.
bool is_sha256(std::string_view text);

// Reads and checks: the column `file`, at least one row, no duplicate file, is_sample_file(), and a
// digest for each file that leaves the folder; the limits above. Errors name the path, line and
// column, and say what to do. Whether pictures exist and are those with the digest is not checked
// here.
Result<Samples> read_samples(const std::filesystem::path& csv);

// The same for text that would lie in the file `csv`.
Result<Samples> parse_samples(std::string_view text, const std::filesystem::path& csv);

// The CSV text: file, attributes in order, reserved columns that have a value, sha256.
std::string dump_samples(const Samples& samples);

// SHA-256 over the rows' files and digests: what a stage that reads the pictures depends on.
std::string samples_digest(const Samples& samples);

}  // namespace dl
