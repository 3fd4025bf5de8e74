// SPDX-License-Identifier: Apache-2.0
// `daylight trace import`: makes a run folder of what another tool logged.
#pragma once

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Prints what was found. An interrupt ends the trace properly, as stopped.
Result<ExitCode> import_log(const TraceFlags& flags, Terminal& terminal);

}  // namespace dl::cli
