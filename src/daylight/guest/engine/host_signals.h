// SPDX-License-Identifier: Apache-2.0
// A processor's exceptions in guest code, where the guest runs on this processor itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "daylight/base/result.h"
#include "daylight/guest/engine/host_switch.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// A signal that interrupted guest code, with the registers that matter.
struct HostSignal {
  int number = 0;  // 0: none came
  int code = 0;
  std::uint64_t address = 0;  // si_addr
  std::uint64_t pc = 0;
  std::uint64_t stack = 0;
  std::uint64_t frame = 0;
  std::uint64_t trap = 0;     // the processor's number of it; x86-64 only
  std::uint64_t details = 0;  // of a page fault; x86-64 only
};

// Handlers for this process: signals of guest code (daylight_host_switch.in_guest) end the guest's
// call and are kept for take_host_signal(); bad memory of host functions leaves by the memory
// escape; all others go to who handled them before. Once; later calls do nothing.
Result<void> install_host_signals();

// Gives this thread a stack for its handlers, if it has none that is large enough.
Result<void> prepare_signal_stack();

// The signal that ended the last guest call of this thread; forgets it.
HostSignal take_host_signal();

// Breakpoints in guest code that are ours.
class HostBreakpoints {
 public:
  virtual ~HostBreakpoints() = default;
  // Guest code on this thread came to a breakpoint at `place`: where it goes on, 0 where its call
  // is given up, nothing where the breakpoint is the guest's own. Runs in a handler, but what it
  // interrupts is guest code, so it may do what host functions do.
  virtual std::optional<std::uint64_t> pass(std::uint64_t place, HostFrameRegisters& registers) = 0;
  // Where code that stopped at `pc` would have stopped without breakpoints of ours.
  virtual std::uint64_t place_of(std::uint64_t pc) const = 0;
  // A byte of code as it is without them.
  virtual std::uint8_t byte_at(std::uint64_t address) const = 0;
};

// The guest's own handlers: asked for a signal that guest code on this thread causes. The guest
// goes on in the handler on its own stack, as the kernel would let it. It must outlive the thread's
// calls; null for none.
struct GuestHandlers {
  const GuestArena& arena;
  HostBreakpoints& breakpoints;
  std::function<std::uint64_t(int number)> handler_of;  // 0 for none
};
void set_guest_handlers(const GuestHandlers* handlers);

// What says that this thread's call is to stop: interrupts that come when it is false do nothing.
// It must outlive the thread's calls; null for none.
void set_stop_flag(const std::atomic<bool>* flag);
// Interrupts guest code on a thread whose flag says so: its call ends. Where the thread runs host
// code, it does not go back into the guest (daylight_host_switch.interrupted).
void interrupt_guest(int thread_id);

}  // namespace dl::guest
