// SPDX-License-Identifier: Apache-2.0
// `daylight capture --frida`: a process of this machine or of a phone, watched by Frida.
#pragma once

#include "daylight/base/result.h"
#include "daylight/cli/capture_flags.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Writes a new trace at --out. Ctrl-C and --seconds unload the agent, and end the trace properly.
Result<ExitCode> run_frida_capture(const CaptureFlags& flags, Terminal& terminal);

}  // namespace dl::cli
