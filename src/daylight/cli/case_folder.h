// SPDX-License-Identifier: Apache-2.0
// A case on disk: its files by name, the lock that one run holds, and the journal of what happened
// when.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "daylight/artifact/provenance.h"
#include "daylight/base/blob_store.h"
#include "daylight/base/file.h"
#include "daylight/base/json.h"

namespace dl::cli {

// The names of the files in a case.
inline constexpr const char* kInventoryFile = "inventory.json";
inline constexpr const char* kProbePlanFile = "probe_plan.json";
inline constexpr const char* kPipelineFile = "pipeline.json";
inline constexpr const char* kPredictionsFile = "predictions.replayed.csv";
inline constexpr const char* kCapturedFile = "predictions.captured.csv";
inline constexpr const char* kAssessmentFile = "assessment.json";
inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kJournalFile = "journal.jsonl";
inline constexpr const char* kBlobFolder = "blobs";
inline constexpr const char* kTraceFolder = "trace";

// An open case. The folder has mode 0700; the lock is held until the object ends. Move-only; one
// thread.
class CaseFolder {
 public:
  // Makes the folder where it is absent; an existing one must be empty or a case. kBusy when
  // another run holds it.
  static Result<CaseFolder> open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  BlobStore blobs() const { return BlobStore(folder_ / kBlobFolder); }

  // One line: time, host and user stand here and nowhere else.
  Result<void> journal(const std::string& stage, const std::string& event,
                       Json details = Json::object()) const;
  // Whether the journal knows that this program wrote these bytes, or knows of no write at all.
  bool is_as_written(const std::string& name, const std::string& sha256) const;

  // True if the JSON artifact at `name` was made with exactly this provenance.
  bool is_current(const std::string& name, const std::string& kind,
                  const Provenance& provenance) const;
  // The same for a file with its provenance in <name>.meta.json; the file must have the digest that
  // stands there.
  bool is_current_with_meta(const std::string& name, const std::string& kind,
                            const Provenance& provenance) const;

  Result<Json> read_json(const std::string& name) const;
  Result<void> write_json(const std::string& name, const Json& json) const;
  // Digest of a finished file as an input of the next stage.
  Result<InputDigest> input(const std::string& role, const std::string& name) const;

  // Bytes of all files in the case.
  std::uint64_t size_on_disk() const;

 private:
  CaseFolder(std::filesystem::path folder, FileLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::filesystem::path folder_;
  FileLock lock_;
};

}  // namespace dl::cli
