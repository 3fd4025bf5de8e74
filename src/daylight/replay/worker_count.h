// SPDX-License-Identifier: Apache-2.0
// How many threads to work with.
#pragma once

#include <algorithm>
#include <thread>

namespace dl {

inline constexpr int kMaxWorkers = 1024;

// What was asked for, within reason; where nothing was (0), one for each processor.
inline int worker_count(int asked) {
  if (asked <= 0) asked = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(asked, 1, kMaxWorkers);
}

}  // namespace dl
