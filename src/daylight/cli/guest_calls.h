// SPDX-License-Identifier: Apache-2.0
// Functions of a library, called as the user named them, and traced.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/cli/native_call_line.h"
#include "daylight/cli/options.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/library_files.h"

namespace dl::cli {

// Calls the method of `line`, or without one flags.function of the library, which is loaded: its
// result (of a function in both kinds of register), or the fault that it ended with.
Result<Json> call_function(guest::Guest& guest, const guest::LibraryFiles& files,
                           const GuestFlags& flags, const NativeCallLine* line);

// The rules of --watch and --plan.
Result<std::vector<CaptureRule>> capture_rules_of(const GuestFlags& flags);

// Loading, the call if one is named, and a search of memory after each, into a trace in
// `folder`/trace, models in `folder`/models and what the guest wrote in `folder`/files. In a jailed
// child. A JSON text: events, calls, lost events, result, models, faults, files, gaps.
Result<std::string> run_trace(const guest::GuestOptions& base, const guest::LibraryFiles& files,
                              const GuestFlags& flags, const NativeCallLine* line,
                              std::vector<CaptureRule> rules, const std::filesystem::path& folder);

}  // namespace dl::cli
