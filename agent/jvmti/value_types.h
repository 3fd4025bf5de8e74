// SPDX-License-Identifier: Apache-2.0
// Names of types, each kept once for the life of the process.
#pragma once

#include <string>

#include "call_journal.h"

namespace dl::jvmti {

// Thread safe. After kMaxValueTypes different ones: one that says "object".
const ValueType* value_type(std::string type, std::string dtype);
inline constexpr std::size_t kMaxValueTypes = 1 << 16;

}  // namespace dl::jvmti
