// SPDX-License-Identifier: Apache-2.0
// Constant arguments of a call, as far as the instructions right before it show them.
#pragma once

#include <optional>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/program/code/class_index.h"

namespace dl {

// One entry for each parameter of the method called at `pc` of `caller` (the receiver is left out):
// a number, a text, or nothing where the value is not a constant set in the same straight piece of
// code. Empty if there is no call at `pc`.
std::vector<std::optional<Json>> constant_arguments(const program::ClassIndex& index,
                                                    program::MethodId caller, std::uint32_t pc);

}  // namespace dl
