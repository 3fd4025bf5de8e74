// SPDX-License-Identifier: Apache-2.0
// samples.csv: pictures of people with their attributes, the ground truth of an audit.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/provenance.h"

namespace dl {

// One picture. `file` is relative to the folder of samples.csv, with forward slashes.
struct Sample {
  std::string file;
  std::vector<std::string> values;  // one for each of Samples::attributes; "" is missing
  std::string sha256 = {};          // of the picture; empty if the table has none
  double weight = 1.0;
};

// Columns with a meaning of their own (identity, edit, cluster, weight, stratum, source, truth_kind, sha256, status ...)
// are not attributes; every other column is one.
struct Samples {
  std::filesystem::path folder;  // what `file` is relative to
  std::vector<std::string> attributes;
  std::map<std::string, std::vector<std::string>> reserved;  // reserved column -> value per sample
  std::vector<Sample> rows;

  std::optional<std::size_t> attribute_index(const std::string& name) const;
};

// Reads and checks: the column `file`, at least one row, no duplicate file, no absolute path or "..".
// Errors name the path, line and column, and say what to do. Whether pictures exist is not checked here.
Result<Samples> read_samples(const std::filesystem::path& csv);

// The CSV text: file, attributes in order, reserved columns that have a value, sha256.
std::string dump_samples(const Samples& samples);

// SHA-256 over the rows' files and digests: what a stage that reads the pictures depends on.
std::string samples_digest(const Samples& samples);

}  // namespace dl
