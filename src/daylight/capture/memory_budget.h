// SPDX-License-Identifier: Apache-2.0
// One account of the memory that waits for the disk, for all clients of a collector.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace dl::capture {

// Thread safe. What begins may take up to the limit; what was begun already, half as much again, so
// that a full account tears no call apart.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  enum class For { kNewCall, kOpenCall };
  // Waits at most `patience`. A single demand that is larger than the limit is met when nothing
  // else is taken.
  bool take(std::size_t bytes, For what, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const std::size_t most = what == For::kNewCall ? limit_ : limit_ + limit_ / 2;
    const auto fits = [&] { return taken_ == 0 || (bytes <= most && taken_ <= most - bytes); };
    if (!fits() && !room_.wait_for(lock, patience, fits)) return false;
    taken_ += bytes;
    if (taken_ > peak_) peak_ = taken_;
    return true;
  }
  void give_back(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      taken_ -= bytes;
    }
    room_.notify_all();
  }
  std::size_t peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::size_t taken_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace dl::capture
