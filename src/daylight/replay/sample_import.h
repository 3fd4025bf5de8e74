// SPDX-License-Identifier: Apache-2.0
// From a data set on disk to samples.csv: every picture is opened once, and what cannot be used is
// said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/samples.h"
#include "daylight/base/json.h"
#include "daylight/base/log.h"
#include "daylight/replay/sample_listing.h"

namespace dl {

struct ImportOptions {
  // The table that will be written; empty: default_samples_table(). It may lie anywhere: paths to
  // pictures outside of its folder begin with "..".
  std::filesystem::path out = {};
  std::vector<std::string> folder_attributes = {};  // for kFolders
  int threads = 0;                                  // 0: one for each processor
};

// Samples that show the same picture.
struct DuplicateGroup {
  std::vector<std::string> files;  // as in samples.csv, sorted
  bool labels_differ = false;      // the data set contradicts itself about them
};

struct ImportReport {
  Samples samples;  // with digests, in the data set's order
  std::vector<UnusableRow> unusable;
  std::vector<DuplicateGroup> exact;  // equal bytes
  std::vector<DuplicateGroup>
      perceptual;  // near copies, not equal bytes alone; links join into groups
  std::size_t ignored_files = 0;
};

// Lists the data set and decodes each of its pictures once, on several threads; writes nothing. A
// picture that is missing, cannot be decoded, has another SHA-256 than the data set claims, or is
// the file of an earlier row, is unusable. Duplicates are reported and kept. Fails as
// list_samples() does, where `out` is the table that is read, where no row is usable (the Error
// names the first reason), or with kCancelled.
Result<ImportReport> import_samples(SampleSource source, const std::filesystem::path& place,
                                    const ImportOptions& options, LogSink& log);

// samples.csv in the data set's folder; beside the table where `place` is one.
std::filesystem::path default_samples_table(const std::filesystem::path& place);

// What stands beside the table and in `--json`: unusable[{file, why, line}], duplicates[{kind:
// exact|perceptual, files[], labels_differ}], ignored_files.
Json to_json(const ImportReport& report);

}  // namespace dl
