// SPDX-License-Identifier: Apache-2.0
// Signals that arm64 code of a guest causes, delivered as Linux does: on the guest's own stack, to
// its own handler, which may change every register or jump away.
#pragma once

#include <dynarmic/interface/A64/a64.h>

#include <cstdint>

#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// By their numbers on Linux.
inline constexpr int kSignalIllegal = 4;  // SIGILL
inline constexpr int kSignalTrap = 5;     // SIGTRAP

// Puts a frame on the guest's stack and lets it go on in `handler`, which returns to `return_stub`
// and from there to leave_signal(). `pc` is the instruction, `address` what si_addr says. False
// where the stack has no room.
bool enter_signal(Dynarmic::A64::Jit& jit, const GuestArena& arena, int number,
                  std::uint64_t handler, std::uint64_t return_stub, std::uint64_t pc,
                  std::uint64_t address);
// Goes back to what the frame says now. False where it is not readable.
bool leave_signal(Dynarmic::A64::Jit& jit, const GuestArena& arena);

}  // namespace dl::guest
