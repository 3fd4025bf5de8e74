// SPDX-License-Identifier: Apache-2.0
// Arguments of a call as an observer sees them.
#pragma once

#include <cstdint>
#include <cstring>

#include "daylight/guest/engine/call_frame.h"

namespace dl::guest {

// An integer argument, as if there were that many; 0 where the stack cannot be read.
inline std::uint64_t observed_argument(const CallFrame& frame, std::size_t i) {
  if (i < frame.integer_registers()) return frame.integer(i);
  std::uint64_t out = 0;
  const auto word = frame.arena().copy(frame.stack() + 8 * (i - frame.integer_registers()), 8);
  if (word) std::memcpy(&out, word->data(), sizeof(out));
  return out;
}

}  // namespace dl::guest
