// SPDX-License-Identifier: Apache-2.0
// `daylight trace`: shows, searches, counts and exports what a run left.
#pragma once

#include <filesystem>
#include <string>

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// The folder with trace.json: `run` itself, or its "trace". kNotFound where neither has one.
Result<std::filesystem::path> trace_folder_of(const std::filesystem::path& run);

// trace show, grep, stats, export, import, collect.
Result<ExitCode> run_trace_verb(const std::string& verb, const TraceFlags& flags,
                                Terminal& terminal);

}  // namespace dl::cli
