// SPDX-License-Identifier: Apache-2.0
// Which of a guest's pages it has mapped from a file. The pages are copies; what is kept here is
// what /proc/self/maps says of them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// Thread safe.
class MappedFiles {
 public:
  explicit MappedFiles(GuestMachine&) {}

  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;  // of `begin` in the file
    std::string path;
  };
  // In place of what was there.
  void add(Range range);
  void remove(std::uint64_t begin, std::uint64_t end);
  // The same file elsewhere: [from, from + size) becomes [to, to + size).
  void move(std::uint64_t from, std::uint64_t size, std::uint64_t to);

  // The range that an address lies in.
  std::optional<Range> at(std::uint64_t address) const;
  // Where the next range behind an address begins; the largest number if there is none.
  std::uint64_t next_begin(std::uint64_t address) const;

 private:
  void remove_locked(std::uint64_t begin, std::uint64_t end);

  mutable std::mutex mutex_;               // guards what follows
  std::map<std::uint64_t, Range> ranges_;  // by their beginning; disjoint
};

}  // namespace dl::guest
