// SPDX-License-Identifier: Apache-2.0
// `daylight trace export`: a trace in the forms of other programs.
#pragma once

#include <filesystem>

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Writes `flags.out` in `flags.format` (jsonl, perfetto) from the trace in `folder`.
Result<ExitCode> export_trace(const std::filesystem::path& folder, const TraceFlags& flags,
                              Terminal& terminal);

}  // namespace dl::cli
