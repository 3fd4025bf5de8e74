// SPDX-License-Identifier: Apache-2.0
// What of Frida this machine has: a Python with its bindings, our agent, the program that loads it.
#pragma once

#include <filesystem>

#include "daylight/base/result.h"

namespace dl::capture {

struct FridaParts {
  std::filesystem::path python;
  std::filesystem::path host;   // frida_host.py
  std::filesystem::path agent;  // daylight-agent.js
};

// kUnsupported names what is missing and how to get it. A Python that the user's PATH has is tried
// last; that it has the bindings shows when it runs.
Result<FridaParts> find_frida_parts();

}  // namespace dl::capture
