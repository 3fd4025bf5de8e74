// SPDX-License-Identifier: Apache-2.0
// `daylight check`: does a file follow its schema, and do the files of a case fit together?
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/result.h"

namespace dl::cli {

// What was found about one file. `problems` is empty when it is valid.
struct CheckedFile {
  std::string file;
  std::string kind;  // schema kind, or "blob", "csv", "page", "journal"
  std::vector<std::string> problems;
};

// Checks one artifact by its content (JSON), or a CSV or page by its .meta.json. The Error is for a
// file that is no artifact.
Result<CheckedFile> check_file(const std::filesystem::path& path);

// Checks every file of a case: schemas, records, digests of the chain from stage to stage, blobs by
// their names, its trace. The Error is for a folder that is no case.
Result<std::vector<CheckedFile>> check_case(const std::filesystem::path& folder);

// Whether the folder holds a trace, by its trace.json.
bool is_trace(const std::filesystem::path& folder);
// Checks trace.json and, where that is good, every event and blob of the run folder. The Error is
// for a folder that is no trace.
Result<std::vector<CheckedFile>> check_trace(const std::filesystem::path& folder);

Json to_json(const std::vector<CheckedFile>& files);

}  // namespace dl::cli
