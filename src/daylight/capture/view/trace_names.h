// SPDX-License-Identifier: Apache-2.0
// What the ids of methods and modules stand for, as far as a trace has been read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::capture {

// Texts of a trace that are kept at a time; what comes after them has no name.
inline constexpr std::size_t kMaxNameBytes = std::size_t{128} << 20;

// Not thread safe.
class TraceNames {
 public:
  // Learns from the events that define something; ignores the others.
  void see(const TraceEvent& event);

  // Nothing if it was not defined, or there was no room.
  const TraceMethod* method(std::uint32_t pid, std::uint32_t id) const;
  const TraceModule* module(std::uint32_t pid, std::uint32_t id) const;
  // As the app wrote it: not safe to print. "method 17" without one.
  std::string method_name(std::uint32_t pid, std::uint32_t id) const;

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;
  bool take_room(std::size_t bytes);

  std::map<Key, TraceMethod> methods_;
  std::map<Key, TraceModule> modules_;
  std::size_t bytes_ = 0;
};

}  // namespace dl::capture
