// SPDX-License-Identifier: Apache-2.0
// An app's own answers to pictures, from its own code on a Java virtual machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/log.h"
#include "daylight/capture/jvm/harness_file.h"
#include "daylight/capture/jvm/jvm_host.h"
#include "daylight/capture/jvm/twin_libraries.h"

namespace dl::capture {

struct JvmCaptureOptions {
  std::filesystem::path apk;
  std::string package;
  std::vector<HarnessEntry> entries;  // those of kind "picture" are called
  std::filesystem::path out;          // gets `trace`, and `trace.2` ... after a crash
  bool host_libraries = false;
  std::filesystem::path twins;  // a folder of AARs: their x86-64 libraries in place of the app's
  std::uint64_t limit = 0;      // pictures; 0: all
  TraceHead head;
  bool without_missing_parts = false;
};

struct JvmCapture {
  std::vector<Prediction> rows;
  std::vector<Gap> gaps;  // entries that cannot be called, code that was not converted
  Json conversion;        // report of it
  std::vector<std::string> traces;
  std::vector<TwinLibrary> twins;  // that ran in place of the app's own
  std::uint64_t pictures = 0;      // shown
  std::uint64_t not_shown = 0;     // because no process was left; they have rows
  std::uint64_t failed = 0;        // with no answer from one of the entries
  double boot_seconds = 0;
  double seconds = 0;  // with pictures
};

// Shows each picture to each entry. A picture on which the process dies or hangs costs its own
// answers: the next one goes to a new process. After three deaths in a row, or where no new process
// comes up, the rest is not shown: its rows are crashes, and a gap says why. An Error only before
// the first picture: kNotFound without any entry that can be called, otherwise as JvmHost::start()
// and convert_app(); and kCancelled.
Result<JvmCapture> capture_with_jvm(const JvmCaptureOptions& options, const Samples& samples,
                                    LogSink& log);

}  // namespace dl::capture
