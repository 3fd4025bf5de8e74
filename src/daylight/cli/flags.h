// SPDX-License-Identifier: Apache-2.0
// The command line: every verb and flag declared once, filled into Options.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "daylight/cli/capture_flags.h"
#include "daylight/cli/options.h"

namespace dl::cli {

// What the user asked for: one verb with its options.
struct CommandLine {
  std::string verb;  // "audit", "samples import" ...
  Options options;
  SamplesOptions samples;
  ModelsOptions models;
  GuestFlags guest;
  TraceFlags trace;
  DeviceFlags device;
  CaptureFlags capture;
  std::filesystem::path check_target;
  std::filesystem::path diff_old;
  std::filesystem::path diff_new;
};

// Declares all verbs on `app`; parsing fills `line`, which must outlive the parse.
void declare_flags(CLI::App& app, CommandLine& line);

}  // namespace dl::cli
