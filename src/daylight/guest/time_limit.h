// SPDX-License-Identifier: Apache-2.0
// Ends what a guest does after a time: its calls then say where they were.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "daylight/guest/engine/guest_engine.h"

namespace dl::guest {

// Stops the engine `after` from now, unless it is destroyed before. The engine must outlive it.
class TimeLimit {
 public:
  TimeLimit(GuestEngine& engine, std::chrono::milliseconds after);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_early_;
  bool ended_ = false;
  std::thread waiting_;
};

}  // namespace dl::guest
