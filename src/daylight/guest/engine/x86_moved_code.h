// SPDX-License-Identifier: Apache-2.0
// One x86-64 instruction that runs at another place than where it stands.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl::guest {

inline constexpr std::size_t kLongestX86Instruction = 15;
// Room for the instruction, what leads back, and two addresses.
inline constexpr std::size_t kMovedCodeSize = 64;

struct MovedX86Code {
  std::array<std::uint8_t, kMovedCodeSize> code{};
  // Of the instruction where it stands.
  std::uint8_t length = 0;
  // The code begins with the instruction itself, byte for byte but for the distance to its data:
  // where the processor stops inside it says where it would have stopped.
  bool whole = false;
};

// Code for `to` that does what the instruction at the beginning of `bytes` does at `from`, and goes
// on where that would: calls push the address behind the original one, distances from the
// instruction pointer are kept, branches lead to the same places. No flag and no register changes
// that the instruction does not change. kInvalidArgument where no instruction begins, kUnsupported
// for one that cannot be moved (far calls, transactions, data further than 2 GiB from `to`).
Result<MovedX86Code> move_x86_code(ByteSpan bytes, std::uint64_t from, std::uint64_t to);

}  // namespace dl::guest
