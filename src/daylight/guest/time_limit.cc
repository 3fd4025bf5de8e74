// SPDX-License-Identifier: Apache-2.0
// A thread that waits.
#include "daylight/guest/time_limit.h"

#include <fmt/format.h>

namespace dl::guest {

TimeLimit::TimeLimit(GuestEngine& engine, std::chrono::milliseconds after)
    : waiting_([this, &engine, after] {
        std::unique_lock lock(mutex_);
        if (ended_early_.wait_for(lock, after, [this] { return ended_; })) return;
        engine.stop(
            fmt::format("takes longer than {:g} s", std::chrono::duration<double>(after).count()));
      }) {}

TimeLimit::~TimeLimit() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  ended_early_.notify_all();
  waiting_.join();
}

}  // namespace dl::guest
