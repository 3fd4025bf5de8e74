// SPDX-License-Identifier: Apache-2.0
// A process watched by the agent for Frida, into a sink: a collector here, a program of ours beside
// it that loads the agent.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/capture/collector.h"
#include "daylight/capture/frida/frida_parts.h"

namespace dl::capture {

struct FridaOptions {
  FridaParts parts;
  Json plan;
  std::string token;
  std::filesystem::path scratch;  // a folder of mode 0700: the socket lies there
  // One of: a program with its arguments, which begins under watch; a process that runs.
  std::vector<std::string> program;
  std::uint32_t pid = 0;
  // Of adb; the program is then the name of a package. The phone reaches us by `adb reverse`.
  std::string device;
  double seconds = 0;  // after which the agent is unloaded; 0: when the process ends
  std::function<bool()> stop = [] { return false; };
};

struct FridaCapture {
  CollectorReport collected;
  std::uint64_t hooks = 0;  // when the process began; libraries that came later added theirs
  std::string ended;        // how, as Frida says it
};

// Blocks until the process ends, `seconds` are over, or `stop` says so; the process goes on
// afterwards, without the agent. kUnsupported: Frida is not there or refuses the process. What the
// agent could not watch stands in the trace as notes. The process is not jailed: that is the
// caller's to ask the user.
Result<FridaCapture> capture_with_frida(const FridaOptions& options, TraceSink& sink, LogSink& log);

}  // namespace dl::capture
