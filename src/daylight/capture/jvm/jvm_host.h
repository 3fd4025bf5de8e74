// SPDX-License-Identifier: Apache-2.0
// One Java virtual machine with one app in it, in a jail: pictures in, answers out.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/trace/trace_head.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/base/sandbox.h"
#include "daylight/capture/jvm/jvm_conversion.h"
#include "daylight/capture/jvm/jvm_parts.h"

namespace dl::capture {

struct JvmHostOptions {
  JvmParts parts;
  std::filesystem::path apk;
  std::filesystem::path resources;  // what Android's framework reads; empty: the app itself
  std::filesystem::path app_jar;
  std::string package;            // "" where the app does not say
  bool host_libraries = false;    // x86-64 as they are, else arm64
  std::filesystem::path twins;    // a folder with host libraries in place of the app's; or empty
  std::filesystem::path scratch;  // an empty folder; holds `trace` afterwards
  std::vector<std::filesystem::path> pictures;  // folders with them
  TraceHead head;
  std::vector<Gap> notes;  // for the trace: what stands in for what
  // It takes 5 s by itself, and a minute and more where others use the machine.
  std::chrono::milliseconds boot_time{std::chrono::seconds(300)};
  std::chrono::milliseconds call_time{std::chrono::seconds(10)};  // of one native call
  std::chrono::milliseconds wall_time{std::chrono::hours(24)};
  bool without_missing_parts = false;
};

// Not thread safe. What comes back was said by hostile code: JSON, and nothing more is known of it.
class JvmHost {
 public:
  // The name that the app goes by: its own where that can stand in a manifest.
  static std::string package_of(const JvmHostOptions& options);

  // Returns when Android's framework is up. kUnsupported as Sandbox::run_program(), kLimit when it
  // takes longer than boot_time, kCorrupt when the process ends.
  static Result<JvmHost> start(const JvmHostOptions& options);

  // One request, one answer. kLimit when it takes longer, kCorrupt when the process ends or what it
  // says is no answer: then the object is of no more use.
  Result<Json> ask(const Json& request, std::chrono::milliseconds limit);
  // Ends it, when it has written its trace to the end; kCorrupt where it has not.
  Result<void> finish();
  // How the process ended, in words; ends it first. Once, instead of finish().
  std::string kill();

 private:
  explicit JvmHost(Sandbox sandbox) : sandbox_(std::move(sandbox)) {}
  Result<Json> receive(std::chrono::milliseconds limit);

  Sandbox sandbox_;
};

}  // namespace dl::capture
