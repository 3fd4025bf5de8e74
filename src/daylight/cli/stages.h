// SPDX-License-Identifier: Apache-2.0
// The stages of a case as a table (name, reads, writes), and the one place where they are wired
// together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/samples.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/options.h"
#include "daylight/cli/stage_report.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl::cli {

// One run on one case: holds the lock, opens the app once, keeps the samples that were read. One
// thread.
class Session {
 public:
  Session(CaseFolder folder, Options options, LogSink& log);

  const CaseFolder& folder() const { return folder_; }
  const Options& options() const { return options_; }
  LogSink& log() const { return log_; }

  // Opened at the first call.
  Result<const program::AppPackage*> app();
  // The app's code, read at the first call.
  Result<const program::AppCode*> code();
  // Read at the first call, every picture hashed; a missing picture is an Error that names it.
  Result<const Samples*> samples();

 private:
  CaseFolder folder_;
  Options options_;
  LogSink& log_;
  std::unique_ptr<program::AppPackage> app_;
  std::unique_ptr<const program::AppCode> code_;  // points into app_
  std::optional<Samples> samples_;
};

// One row of the table. `run` skips the work when the artifact is up to date.
struct Stage {
  const char* name;
  const char* reads;
  const char* writes;
  const char* purpose;
  Result<StageReport> (*run)(Session& session);
};

// detect, plan, capture, rebuild, replay, assess, report: in order.
const std::vector<Stage>& stages();

// Runs the stages from the first to `last`, journals each, and talks about each on the log.
Result<std::vector<StageReport>> run_stages(Session& session, const std::string& first,
                                            const std::string& last);

}  // namespace dl::cli
