// SPDX-License-Identifier: Apache-2.0
// Random bytes and the time, as a guest gets them: this machine's, or fixed ones of the profile so
// that a run can be repeated.
#pragma once

#include <cstdint>
#include <ctime>
#include <mutex>
#include <random>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// The process that a guest believes to be: an ordinary app's.
inline constexpr int kGuestProcess = 10'123;
// Who started it, and the user that Android gives to an app.
inline constexpr int kGuestParent = 999;
inline constexpr int kGuestUser = 10'123;

// Thread safe.
class GuestChance {
 public:
  explicit GuestChance(GuestMachine& machine);
  void fill(void* to, std::uint64_t size);
  std::uint64_t number();

 private:
  bool fixed_;
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

// Thread safe.
class GuestClock {
 public:
  explicit GuestClock(GuestMachine& machine);
  // Of a clock by Linux's number; false with errno for none. A fixed clock goes on by a step with
  // each look.
  bool now(int clock, timespec& to);
  // Time that the guest slept.
  void advance(std::int64_t nanoseconds);
  // The real time on CLOCK_MONOTONIC at which the guest's `clock` reaches `time`.
  timespec deadline(int clock, const timespec& time);
  bool fixed() const { return step_ > 0; }

 private:
  std::int64_t start_ = 0;  // nanoseconds since 1970
  std::int64_t step_ = 0;   // 0: this machine's clocks
  std::mutex mutex_;
  std::int64_t passed_ = 0;
};

}  // namespace dl::guest
