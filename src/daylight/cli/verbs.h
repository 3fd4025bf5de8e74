// SPDX-License-Identifier: Apache-2.0
// What each verb does once the command line is read.
#pragma once

#include "daylight/base/result.h"
#include "daylight/cli/flags.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Runs the verb; prints results on stdout and talk on stderr; gives the exit code. Errors come back
// for main to print.
Result<ExitCode> run_verb(const CommandLine& line, Terminal& terminal);

// samples import, samples balance.
Result<ExitCode> run_samples_verb(const std::string& verb, const SamplesOptions& options,
                                  Terminal& terminal);

}  // namespace dl::cli
