// SPDX-License-Identifier: Apache-2.0
// `daylight trace collect`: receives the events of agents into a run folder.
#pragma once

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Prints where it listens, and the token that agents must show, as one line of JSON on stdout; then
// collects until all clients have ended, the time is over, or the user interrupts (which is no
// error: the trace ends properly).
Result<ExitCode> collect_trace(const TraceFlags& flags, Terminal& terminal);

}  // namespace dl::cli
