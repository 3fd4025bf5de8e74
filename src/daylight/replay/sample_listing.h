// SPDX-License-Identifier: Apache-2.0
// Which pictures a data set has and what it says about each, before any picture is opened.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// About 1 kB of memory each.
inline constexpr std::size_t kMaxListedFiles = 5'000'000;

// The layouts that people keep face data sets in.
enum class SampleSource { kFairFace, kUtkFace, kFolders, kCsv };
const char* to_string(SampleSource source);
Result<SampleSource> sample_source_from_string(const std::string& text);

// Something that the data set names and that cannot be a sample.
struct UnusableRow {
  std::string file;  // as the data set writes it
  std::string why;
  std::size_t line = 0;  // in its table; 0 where there is none

  friend bool operator==(const UnusableRow&, const UnusableRow&) = default;
};

// A picture that the data set names.
struct ListedSample {
  std::filesystem::path path;  // absolute or relative to the working folder
  std::string name;            // as the data set writes it
  std::size_t line = 0;
  std::vector<std::string> values;  // one for each attribute
  std::map<std::string, std::string> reserved =
      {};                   // columns of samples.csv with a meaning of their own
  std::string sha256 = {};  // where the data set claims one
  std::string weight = {};
};

struct SampleListing {
  std::vector<std::string> attributes;
  std::vector<ListedSample> samples;
  std::vector<UnusableRow> unusable;
  std::size_t ignored_files = 0;                   // that are no pictures by their names
  std::vector<std::filesystem::path> tables = {};  // that were read
};

// Lists a data set; the order is that of its table, or of the names.
//
// kFairFace  fairface_label_*.csv or labels.csv in the folder (or the given table): file, age,
//            gender, race. Labels outside of the data set's own lists make a row unusable; other
//            columns are left out.
// kUtkFace   every picture below the folder, named [age]_[gender]_[race]_[time].jpg.
// kFolders   every picture below the folder; a folder "a=v" says that attribute a is v, the other
//            folders are the values of `folder_attributes` from the outside in (or of "group",
//            "group2" ... where none are given).
// kCsv       the given table, or the only one in the folder beside those that an import wrote: a
//            column `file`, every other column as samples.csv means it.
//
// A row of a table whose path is absolute or leaves the table's folder is unusable; the latter is
// accepted where the table has the picture's SHA-256.
// Fails if the folder or table is absent, has no column that is needed, is over a limit, or lists
// nothing at all; every Error has a hint.
Result<SampleListing> list_samples(SampleSource source, const std::filesystem::path& place,
                                   const std::vector<std::string>& folder_attributes);

}  // namespace dl
