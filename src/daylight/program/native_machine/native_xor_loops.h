// SPDX-License-Identifier: Apache-2.0
// Loops of native code that XOR what they store: where an app may take a cipher off its own data.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/program/native_code/native_code.h"

namespace dl::program {

// Functions with more code are not looked at: what deciphers a file is small.
inline constexpr std::uint64_t kMaxXorFunctionSize = 16'384;
// Loops that are kept of one library.
inline constexpr std::size_t kMaxXorLoops = 256;

struct NativeXorLoop {
  FunctionId function = kNoFunction;
  std::uint64_t at = 0;  // the exclusive or
};

// Each function once, in id order: those with a branch backwards over an exclusive or of two
// different values and over a store. One pass over the code of small functions.
std::vector<NativeXorLoop> find_xor_loops(const NativeCode& code);

}  // namespace dl::program
