// SPDX-License-Identifier: Apache-2.0
// `daylight capture`: an app's own code over the samples, on a Java virtual machine.
#pragma once

#include "daylight/base/result.h"
#include "daylight/cli/capture_flags.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Writes predictions.captured.csv and the trace into the case or the folder of --out. kUnsupported,
// with what to install, where this machine cannot run Java code of apps.
Result<ExitCode> run_capture_verb(const CaptureFlags& flags, Terminal& terminal);

}  // namespace dl::cli
