// SPDX-License-Identifier: Apache-2.0
// What `daylight detect` does: finds, writes what its flags ask for, and gives what belongs on
// stdout.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"
#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

struct DetectResult {
  Inventory inventory;
  std::string output;          // for stdout
  bool inputs_failed = false;  // a model could not be extracted
};

// Runs detection in the case that the options name, or alone, and writes every other output that is
// asked for. An output that would destroy an input is refused before detection.
Result<DetectResult> detect_verb(const Options& options, Terminal& terminal);

}  // namespace dl::cli
