// SPDX-License-Identifier: Apache-2.0
// `daylight device`: phones that the user connected, and the apps on them.
#pragma once

#include <filesystem>
#include <string>

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// device list, pull.
Result<ExitCode> run_device_verb(const std::string& verb, const DeviceFlags& flags,
                                 Terminal& terminal);

}  // namespace dl::cli
