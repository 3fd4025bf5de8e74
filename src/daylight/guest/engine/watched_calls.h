// SPDX-License-Identifier: Apache-2.0
// Calls of watched functions that have not returned: which of them ends where code goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dl::guest {

// Places that are watched in one guest.
inline constexpr std::size_t kMaxWatches = 65'536;

// Of one thread of a guest; used by that thread only. A call is known by the stack pointer at the
// function's first instruction, where it returns to, and how many calls from the host into the
// guest lie around it.
class WatchedCalls {
 public:
  // A watched function begins. Calls whose stack is gone, left by an exception or a jump, are
  // forgotten.
  void enter(std::uint64_t function, std::uint64_t return_to, std::uint64_t stack,
             std::size_t depth);
  // Code goes on at `return_to` with the stack as it was at the beginning of the calls that return
  // there: their functions, the innermost first. More than one where a function ended in a jump to
  // another one.
  std::vector<std::uint64_t> leave(std::uint64_t return_to, std::uint64_t stack, std::size_t depth);
  // Calls deeper than this have ended, whichever way.
  void drop_deeper(std::size_t depth);
  bool empty() const { return calls_.empty(); }

 private:
  struct Call {
    std::uint64_t function = 0;
    std::uint64_t return_to = 0;
    std::uint64_t stack = 0;
    std::size_t depth = 0;
  };
  std::vector<Call> calls_;
};

}  // namespace dl::guest
