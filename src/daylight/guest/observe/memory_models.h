// SPDX-License-Identifier: Apache-2.0
// Models that lie in a guest's memory: also those that no file ever held as they are.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daylight/guest/guest.h"

namespace dl::guest {

// Bytes of memory that one search looks at.
inline constexpr std::uint64_t kMaxSearchedMemory = std::uint64_t{4} << 30;

struct MemoryModel {
  std::string format;  // id of the inventory
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string sha256;
  bool in_file = false;  // in the file of a loaded library, as it is
};

// Finds each model once. Not thread safe; not while the guest runs.
class MemoryModels {
 public:
  explicit MemoryModels(Guest& guest) : guest_(guest) {}

  // Models that were not there at the last search, by address. Structure decides, as in files.
  std::vector<MemoryModel> search();
  // Whether everything was looked at.
  bool complete() const { return complete_; }

 private:
  Guest& guest_;
  std::set<std::string> known_;
  bool complete_ = true;
};

}  // namespace dl::guest
