// SPDX-License-Identifier: Apache-2.0
// Counts down.
#include "daylight/guest/libc/change_budget.h"

#include <cerrno>

namespace dl::guest {
namespace {

constexpr std::size_t kMaxGaps = 100;

}  // namespace

bool ChangeBudget::refuse(const std::string& why) {
  if (gaps_.size() < kMaxGaps) gaps_.insert(why);
  errno = ENOSPC;
  return false;
}

bool ChangeBudget::take_bytes(std::uint64_t bytes, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (bytes > bytes_left_)
    return refuse(path + " is not written on: all files together may hold " +
                  std::to_string(max_bytes_) + " bytes");
  bytes_left_ -= bytes;
  return true;
}

bool ChangeBudget::take_entry(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (entries_left_ == 0)
    return refuse(path + " is not changed: there may be " + std::to_string(max_entries_) +
                  " changes of names");
  --entries_left_;
  return true;
}

std::vector<std::string> ChangeBudget::gaps() const {
  const std::scoped_lock lock(mutex_);
  return {gaps_.begin(), gaps_.end()};
}

}  // namespace dl::guest
