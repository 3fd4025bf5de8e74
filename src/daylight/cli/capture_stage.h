// SPDX-License-Identifier: Apache-2.0
// The capture stage of a case: the app's own answers, or why there are none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/probe_plan.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/log.h"
#include "daylight/capture/jvm/jvm_capture.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/stage_report.h"

namespace dl::cli {

// Who asked for a capture, as its provenance says it: what a user asked for is not made again.
inline constexpr const char* kAskedByUser = "capture";
inline constexpr const char* kAskedByAudit = "audit";

// predictions.captured.csv and its meta file: the rows of a capture, and its gaps. `open_case` is
// null outside of a case.
Result<void> write_captured(const std::filesystem::path& folder, const capture::JvmCapture& done,
                            const Provenance& provenance, const CaseFolder* open_case);

// What an audit captures.
struct CaptureWork {
  std::filesystem::path app;
  std::string app_sha256;
  std::string package;  // "" where the app does not say
};

// Shows every sample to the entries of the case's plan. Where that does not work (nothing here runs
// Java code, no entry, a crash), the table is empty and the reason a gap of its meta file; an Error
// only when interrupted, or where the case cannot be written. Up to date where the inputs are the
// same and this machine can do what it could then; a table that `daylight capture` made of this app
// and these pictures stays.
Result<StageReport> capture_into_case(const CaseFolder& folder, const CaptureWork& work,
                                      const Samples& samples, const std::string& samples_name,
                                      LogSink& log);

// The gaps of the case's capture; none without one, or where it is of another app or other files
// than `app_sha256` names.
std::vector<Gap> capture_gaps(const CaseFolder& folder, const std::string& app_sha256);

}  // namespace dl::cli
