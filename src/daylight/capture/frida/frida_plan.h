// SPDX-License-Identifier: Apache-2.0
// What the agent for Frida is told to watch, resolved from rules: docs/formats/frida_plan.md.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/base/json.h"

namespace dl::capture {

// The runtimes whose tensors the agent finds by itself.
std::vector<std::string> frida_recipes();

// kUnsupported for a rule of a kind that native code does not show (java:, jni:, sig:), or whose
// pins name a file: the agent sees libraries by their names.
Result<Json> frida_plan(const std::vector<CaptureRule>& rules,
                        const std::vector<std::string>& recipes);

}  // namespace dl::capture
