// SPDX-License-Identifier: Apache-2.0
// Stacks grow downwards on every processor that we run.
#include "daylight/guest/engine/watched_calls.h"

namespace dl::guest {

void WatchedCalls::enter(std::uint64_t function, std::uint64_t return_to, std::uint64_t stack,
                         std::size_t depth) {
  while (!calls_.empty() && calls_.back().depth == depth && calls_.back().stack < stack)
    calls_.pop_back();
  calls_.push_back({function, return_to, stack, depth});
}

std::vector<std::uint64_t> WatchedCalls::leave(std::uint64_t return_to, std::uint64_t stack,
                                               std::size_t depth) {
  std::vector<std::uint64_t> out;
  while (!calls_.empty() && calls_.back().depth == depth && calls_.back().stack <= stack) {
    const Call call = calls_.back();
    calls_.pop_back();
    if (call.stack == stack && call.return_to == return_to) out.push_back(call.function);
  }
  return out;
}

void WatchedCalls::drop_deeper(std::size_t depth) {
  std::erase_if(calls_, [&](const Call& each) { return each.depth > depth; });
}

}  // namespace dl::guest
