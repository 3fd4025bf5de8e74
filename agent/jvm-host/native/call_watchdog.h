// SPDX-License-Identifier: Apache-2.0
// Ends calls into the guest that take too long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "daylight/guest/engine/guest_engine.h"

namespace dl::jvm {

// Only outermost calls are timed: what Java does in between counts too. When one is late, all calls
// of the guest end, since the engine stops as a whole; it goes on once the last of them is out.
// Threads that the guest had made have ended then. Thread safe.
class CallWatchdog {
 public:
  CallWatchdog(guest::GuestEngine& engine, std::chrono::milliseconds limit);
  ~CallWatchdog();
  CallWatchdog(const CallWatchdog&) = delete;
  CallWatchdog& operator=(const CallWatchdog&) = delete;

  // Around one call from Java into the guest.
  class Call {
   public:
    explicit Call(CallWatchdog& watchdog);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    CallWatchdog& watchdog_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  void watch();

  guest::GuestEngine& engine_;
  const std::chrono::milliseconds limit_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::thread::id, Clock::time_point> running_;  // when each outermost call is late
  bool stopped_ = false;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace dl::jvm
