// SPDX-License-Identifier: Apache-2.0
// A stack for each thread over one table of calls, since a call may end on another thread.
#include "daylight/capture/view/open_calls.h"

#include <algorithm>

namespace dl::capture {

std::size_t OpenCalls::depth(const TraceStamp& stamp) const {
  const auto found = threads_.find(thread_of(stamp));
  return found == threads_.end() ? 0 : found->second.size();
}

bool OpenCalls::enter(const TraceStamp& stamp, std::uint32_t method) {
  if (open_.size() >= kMaxOpenCalls ||
      !open_
           .try_emplace(call_of(stamp),
                        OpenCall{call_of(stamp), thread_of(stamp), method, stamp.time_ns, 0})
           .second) {
    ++unfollowed_;
    return false;
  }
  threads_[thread_of(stamp)].push_back(call_of(stamp));
  return true;
}

std::vector<OpenCall> OpenCalls::leave(const TraceStamp& stamp) {
  std::vector<OpenCall> over;
  const auto found = open_.find(call_of(stamp));
  if (found == open_.end()) return over;
  const auto thread = threads_.find(found->second.thread);
  std::vector<CallKey>& stack = thread->second;
  while (over.empty() || over.back().key != call_of(stamp)) {
    const auto inner = open_.find(stack.back());
    over.push_back(inner->second);
    open_.erase(inner);
    stack.pop_back();
  }
  const std::uint64_t took = stamp.time_ns - std::min(stamp.time_ns, over.back().enter_ns);
  if (!stack.empty()) open_.at(stack.back()).inner_ns += took;
  if (stack.empty()) threads_.erase(thread);
  return over;
}

std::vector<OpenCall> OpenCalls::take_all() {
  std::vector<OpenCall> over;
  for (const auto& [thread, stack] : threads_) {
    for (auto key = stack.rbegin(); key != stack.rend(); ++key) over.push_back(open_.at(*key));
  }
  open_.clear();
  threads_.clear();
  return over;
}

const OpenCall* OpenCalls::find(const CallKey& key) const {
  const auto found = open_.find(key);
  return found == open_.end() ? nullptr : &found->second;
}

}  // namespace dl::capture
