// SPDX-License-Identifier: Apache-2.0
// The handlers that a guest sets for signals. Nothing from outside is delivered; what the guest
// sends to itself is.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr int kGuestSignals = 64;
inline constexpr std::uint64_t kSignalDefault = 0;  // SIG_DFL
inline constexpr std::uint64_t kSignalIgnored = 1;  // SIG_IGN

// struct sigaction of 64-bit Android.
struct SignalAction {
  std::uint32_t flags = 0;
  std::uint32_t padding = 0;
  std::uint64_t handler = kSignalDefault;
  std::uint64_t mask = 0;
  std::uint64_t restorer = 0;
};
static_assert(sizeof(SignalAction) == 32);
inline constexpr std::uint32_t kSignalInfo = 4;  // SA_SIGINFO: the handler takes three arguments

// Thread safe. Signals are numbered from 1.
class GuestSignals {
 public:
  explicit GuestSignals(GuestMachine&) {}
  SignalAction get(int number) const;
  SignalAction set(int number, const SignalAction& action);  // what was there
  std::uint64_t mask() const;
  std::uint64_t set_mask(std::uint64_t mask);  // what was there
  // The stack for handlers, as stack_t has it: address, flags, size.
  std::array<std::uint64_t, 3> stack{0, 2, 0};

 private:
  mutable std::mutex mutex_;
  std::array<SignalAction, kGuestSignals + 1> actions_{};
  std::uint64_t mask_ = 0;
};

// The guest sends itself a signal on this thread: its handler runs, or the call ends with a fault
// if nobody handles a fatal one. False for a number that is none.
bool deliver_signal(GuestMachine& machine, int number);

}  // namespace dl::guest
