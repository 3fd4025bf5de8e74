// SPDX-License-Identifier: Apache-2.0
// What a processor's exception in guest code was, for people: its fault and its backtrace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "daylight/guest/engine/guest_fault.h"
#include "daylight/guest/engine/host_signals.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Guest code as those read it who look for instructions: without breakpoints of ours. Nothing where
// it is not readable.
class HostCode {
 public:
  HostCode(const GuestArena& arena, const HostBreakpoints& breakpoints)
      : arena_(arena), breakpoints_(breakpoints) {}
  const GuestArena& arena() const { return arena_; }
  template <std::size_t kSize>
  std::optional<std::array<std::uint8_t, kSize>> bytes(std::uint64_t address) const {
    if (!arena_.allows(address, kSize, kPageRead)) return std::nullopt;
    std::array<std::uint8_t, kSize> out{};
    for (std::size_t i = 0; i < kSize; ++i) out[i] = breakpoints_.byte_at(address + i);
    return out;
  }

 private:
  const GuestArena& arena_;
  const HostBreakpoints& breakpoints_;
};

// The fault that a signal stands for; its backtrace is left empty. `guard` bytes below `stack` are
// where an overflow ends.
GuestFault fault_of(const HostSignal& signal, const HostCode& code, std::uint64_t stack,
                    std::uint64_t guard);

// Addresses from the innermost function out: the chain of frame pointers, or, where there is none,
// the words of the stack that point behind calls. Of `stack` only what lies below `stack_end` is
// read.
std::vector<std::uint64_t> host_backtrace(const HostCode& code, std::uint64_t pc,
                                          std::uint64_t stack, std::uint64_t stack_end,
                                          std::uint64_t frame);

}  // namespace dl::guest
