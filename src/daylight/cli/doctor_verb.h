// SPDX-License-Identifier: Apache-2.0
// `daylight doctor`: what this machine offers for running an app's own code, and what works without
// it.
#pragma once

#include <string>

#include "daylight/base/json.h"
#include "daylight/base/sandbox_support.h"

namespace dl::cli {

// A table of the sandbox's parts and the sentences that follow from it, for a terminal.
std::string render_doctor(const SandboxSupport& support);

// {"sandbox": {"complete", "parts": [{"name", "what", "works", "details"}]},
//  "without_sandbox": [verbs]}
Json doctor_to_json(const SandboxSupport& support);

}  // namespace dl::cli
