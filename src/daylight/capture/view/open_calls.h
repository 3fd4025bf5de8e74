// SPDX-License-Identifier: Apache-2.0
// Calls that have begun and not ended, thread by thread: how deep an event lies, how long a call
// took.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::capture {

// Calls that are followed at a time; a trace that opens more is hostile or broken, and the further
// ones have no place in the nesting.
inline constexpr std::size_t kMaxOpenCalls = std::size_t{1} << 18;

using CallKey = std::pair<std::uint32_t, std::uint64_t>;  // process, call
using ThreadKey = std::pair<std::uint32_t, std::uint32_t>;

inline CallKey call_of(const TraceStamp& stamp) { return {stamp.pid, stamp.call}; }
inline ThreadKey thread_of(const TraceStamp& stamp) { return {stamp.pid, stamp.tid}; }

struct OpenCall {
  CallKey key = {};
  ThreadKey thread = {};  // that it began on
  std::uint32_t method = 0;
  std::uint64_t enter_ns = 0;
  std::uint64_t inner_ns = 0;  // spent in calls that were made from it
};

// Not thread safe. Memory: about 150 bytes for each open call.
class OpenCalls {
 public:
  // Open calls of the event's thread.
  std::size_t depth(const TraceStamp& stamp) const;

  // False if it cannot be followed: too many are open, or one of that id is.
  bool enter(const TraceStamp& stamp, std::uint32_t method);
  // The calls that are over when this one ends, innermost first and itself last: those above it on
  // its thread never told their end. Empty if it is not open.
  std::vector<OpenCall> leave(const TraceStamp& stamp);
  // What is still open, innermost first for each thread.
  std::vector<OpenCall> take_all();

  const OpenCall* find(const CallKey& key) const;
  // Begun, but not followed.
  std::uint64_t unfollowed() const { return unfollowed_; }

 private:
  std::map<CallKey, OpenCall> open_;
  std::map<ThreadKey, std::vector<CallKey>> threads_;  // none of them empty
  std::uint64_t unfollowed_ = 0;
};

}  // namespace dl::capture
