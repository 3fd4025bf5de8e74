// SPDX-License-Identifier: Apache-2.0
// What a reader of a trace remembers to understand the next event: names, and calls under way.
#pragma once

#include <cstddef>
#include <optional>

#include "daylight/capture/view/open_calls.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// An event in its place.
struct SeenEvent {
  std::size_t depth = 0;                          // calls of its thread that it lies in
  std::optional<std::uint64_t> duration_ns = {};  // of a leave event whose enter was seen
};

// Sees every event of a trace in order, those that are not shown too. Not thread safe; bounded by
// kMaxOpenCalls and kMaxNameBytes.
class TraceContext {
 public:
  SeenEvent see(const TraceEvent& event) {
    names_.see(event);
    SeenEvent seen;
    if (std::holds_alternative<TraceLeave>(event.payload)) {
      const auto over = calls_.leave(event);
      if (!over.empty() && event.time_ns >= over.back().enter_ns)
        seen.duration_ns = event.time_ns - over.back().enter_ns;
    }
    seen.depth = calls_.depth(event);
    if (const auto* enter = std::get_if<TraceEnter>(&event.payload))
      calls_.enter(event, enter->method);
    return seen;
  }

  const TraceNames& names() const { return names_; }

 private:
  TraceNames names_;
  OpenCalls calls_;
};

}  // namespace dl::capture
