// SPDX-License-Identifier: Apache-2.0
// Instructions that the translator does not know, as guest code of ones that it knows: libraries
// run them in their innermost loops, where leaving the guest for each would cost more than the
// loop.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Places that are written so in one guest; others are run one by one (arm64_missing_instructions).
inline constexpr std::size_t kMaxHotSites = 262'144;

// Sites of sqrshl and uqrshl of vectors. The guest's text stays as it is: only the processor reads
// a branch there, to code of the same effect that branches back. That code keeps two registers on
// the guest's stack meanwhile. Thread safe. The arena must outlive it.
class Arm64HotSites {
 public:
  explicit Arm64HotSites(GuestArena& arena) : arena_(arena) {}

  // What the processor is to read at `address` instead of `word`, which stands there; nothing for
  // other instructions, and where code of ours cannot be reached by a branch or there are too many.
  std::optional<std::uint32_t> branch_for(std::uint64_t address, std::uint32_t word);
  std::size_t size() const;

 private:
  struct Site {
    std::uint32_t word = 0;
    std::uint64_t code = 0;  // 0 where none could be made
  };
  std::uint64_t write_code(std::uint64_t address, std::uint32_t word);
  std::uint64_t take_room();

  GuestArena& arena_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, Site> sites_;
  std::uint64_t page_ = 0;
  std::uint64_t used_ = kGuestPage;
};

}  // namespace dl::guest
