// SPDX-License-Identifier: Apache-2.0
// Pictures to a process that runs an app, and to the next one where it dies.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daylight/artifact/samples.h"
#include "daylight/base/json.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/capture/jvm/harness_file.h"
#include "daylight/capture/jvm/jvm_capture.h"

namespace dl::capture {

// One process after the other. What ask() gives was said by hostile code.
class PictureProcess {
 public:
  virtual ~PictureProcess() = default;
  virtual Result<void> start() = 0;
  // After an error only kill() and keep_trace() make sense.
  virtual Result<Json> ask(const Json& request, std::chrono::milliseconds limit) = 0;
  virtual Result<void> finish() = 0;
  // How it ended, in words; ends it first.
  virtual std::string kill() = 0;
  // Takes over what the ended process wrote.
  virtual Result<void> keep_trace() = 0;
};

// Each gap once, and not too many of them.
class CaptureNotes {
 public:
  explicit CaptureNotes(std::vector<Gap>& gaps) : gaps_(gaps) {}
  void add(const std::string& where, const std::string& why);

 private:
  std::vector<Gap>& gaps_;
  std::set<std::string> noted_;
};

struct PictureLoopOptions {
  std::vector<HarnessEntry> entries;
  std::uint64_t limit = 0;  // pictures; 0: all
  std::chrono::milliseconds boot_time{};
  std::chrono::milliseconds call_time{};
};

// Shows each sample to each entry that the first process can call. Each of these has a row for each
// sample, whatever becomes of the processes: what was captured stays, what was not shown is a
// crash, and a gap says why. An Error only where the first process does not come up or can call no
// entry (kNotFound), and when interrupted.
Result<void> show_pictures(const PictureLoopOptions& options, const Samples& samples,
                           PictureProcess& process, CaptureNotes& notes, LogSink& log,
                           JvmCapture& out);

}  // namespace dl::capture
