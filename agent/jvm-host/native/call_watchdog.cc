// SPDX-License-Identifier: Apache-2.0
// One thread that looks at the clock.
#include "native/call_watchdog.h"

#include <fmt/format.h>

#include <algorithm>

namespace dl::jvm {
namespace {

constexpr std::chrono::milliseconds kLook{50};
thread_local int depth = 0;

}  // namespace

CallWatchdog::CallWatchdog(guest::GuestEngine& engine, std::chrono::milliseconds limit)
    : engine_(engine), limit_(limit), thread_([this] { watch(); }) {}

CallWatchdog::~CallWatchdog() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallWatchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, kLook);
    const auto now = Clock::now();
    const bool late = std::any_of(running_.begin(), running_.end(),
                                  [&](const auto& each) { return each.second < now; });
    if (!late || stopped_) continue;
    stopped_ = true;
    engine_.stop(fmt::format("a native call took longer than {} s",
                             static_cast<double>(limit_.count()) / 1000));
  }
}

CallWatchdog::Call::Call(CallWatchdog& watchdog) : watchdog_(watchdog) {
  if (depth++ > 0) return;
  const std::scoped_lock lock(watchdog_.mutex_);
  watchdog_.running_[std::this_thread::get_id()] = Clock::now() + watchdog_.limit_;
}

CallWatchdog::Call::~Call() {
  if (--depth > 0) return;
  const std::scoped_lock lock(watchdog_.mutex_);
  watchdog_.running_.erase(std::this_thread::get_id());
  if (!watchdog_.stopped_ || !watchdog_.running_.empty()) return;
  watchdog_.stopped_ = false;
  watchdog_.engine_.resume();
}

}  // namespace dl::jvm
