// SPDX-License-Identifier: Apache-2.0
// Where a source of events sends them: a folder of its own, or a collector.
#pragma once

#include <cstddef>
#include <span>

#include "daylight/artifact/trace/trace_event.h"
#include "daylight/base/bytes.h"

namespace dl::capture {

// Bytes that belong to an event's buffer and lie elsewhere: nothing copies them before it must.
struct SinkBuffer {
  std::size_t event = 0;  // its index; an argument, a stimulus's begin or a model in memory
  ByteSpan bytes = {};
};

// Thread safe, unless an implementation says otherwise.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  // Takes the events of one call, or a part of them, together: they stand together in the trace, in
  // this order. The buffers of events that `buffers` names are set here. False if they were lost:
  // all of them, counted, and told by a loss event later.
  virtual bool write(std::span<TraceEvent> events, std::span<const SinkBuffer> buffers) = 0;
  bool write(std::span<TraceEvent> events) { return write(events, {}); }
};

// The buffer of an event that has one, else nullptr.
inline TraceBuffer* buffer_of(TracePayload& payload) {
  if (auto* argument = std::get_if<TraceArgument>(&payload)) return &argument->buffer;
  if (auto* stimulus = std::get_if<TraceStimulusBegin>(&payload)) return &stimulus->buffer;
  if (auto* model = std::get_if<TraceMemoryModel>(&payload)) return &model->buffer;
  return nullptr;
}

}  // namespace dl::capture
