// SPDX-License-Identifier: Apache-2.0
// Which events of a trace are shown.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::capture {

// A default one lets all pass. Thread safe where it is not changed.
struct TraceFilter {
  std::optional<std::uint64_t> call = {};
  std::optional<std::uint32_t> thread = {};
  std::vector<TraceKind> kinds = {};  // empty: all
  std::uint64_t from_ns = 0;          // both included
  std::uint64_t to_ns = std::numeric_limits<std::uint64_t>::max();

  bool holds(const TraceEvent& event) const {
    return event.time_ns >= from_ns && event.time_ns <= to_ns && (!call || event.call == *call) &&
           (!thread || event.tid == *thread) && holds_kind(kind_of(event.payload));
  }

 private:
  bool holds_kind(TraceKind kind) const {
    for (const TraceKind each : kinds) {
      if (each == kind) return true;
    }
    return kinds.empty();
  }
};

}  // namespace dl::capture
