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

// Functions that one library's gates stand in front of.
inline constexpr std::uint64_t kMaxWatchGates = 16'384;

// Entries [0, count) that stand in front of functions. Each asks `host`, a bound host function,
// with its number and the address of the eight integer arguments (x86-64: six), and goes on where
// that answers, with all arguments as they were.
struct WatchGates {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  static constexpr std::uint64_t kEntrySize = 16;
  std::uint64_t entry(std::uint64_t i) const { return begin + i * kEntrySize; }
};
// At most kMaxWatchGates.
Result<WatchGates> put_watch_gates(GuestArena& arena, GuestEngine& engine, ElfMachine machine,
                                   std::uint64_t host, std::uint64_t count);

}  // namespace dl::guest
