// SPDX-License-Identifier: Apache-2.0
// `daylight guest`: an app's own native code, run without a phone.
#pragma once

#include <string>

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// guest natives, guest exports, guest call, guest tflite.
Result<ExitCode> run_guest_verb(const std::string& verb, const GuestFlags& flags,
                                Terminal& terminal);

}  // namespace dl::cli
