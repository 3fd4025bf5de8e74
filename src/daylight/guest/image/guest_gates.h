// SPDX-License-Identifier: Apache-2.0
// Code of the guest's own kind through which the host is asked without a trace in any register:
// where the guest does not know that it calls.
#pragma once

#include <cstdint>

#include "daylight/base/result.h"
#include "daylight/format/code/elf.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// The function that TLS descriptors name. `host` is the address of a bound host function that takes
// the descriptor's second word and gives the variable's address. kUnsupported where this processor
// cannot save its registers.
Result<std::uint64_t> put_descriptor_gate(GuestArena& arena, GuestEngine& engine,
                                          ElfMachine machine, std::uint64_t host);

// Numbers of gates are below this.
inline constexpr std::uint64_t kMaxWatchGates = 65'536;
// Bytes from one gate to the next.
inline constexpr std::uint64_t kWatchGateSize = 16;

// Gates number first, first + 1, ... that stand in front of functions; the address of the first
// one. Each asks `host`, a bound host function, with its number and the address of the integer
// arguments (arm64: eight, x86-64: six), and goes on where that answers, with all arguments as they
// were. kLimit for numbers that no gate has.
Result<std::uint64_t> put_watch_gates(GuestArena& arena, GuestEngine& engine, ElfMachine machine,
                                      std::uint64_t host, std::uint64_t first, std::uint64_t count);

}  // namespace dl::guest
