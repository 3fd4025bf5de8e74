// SPDX-License-Identifier: Apache-2.0
// Buffers first: an event never names a blob that is not there.
#include "daylight/capture/wire/folder_sink.h"

namespace dl::capture {

bool FolderSink::write(std::span<TraceEvent> events, std::span<const SinkBuffer> buffers) {
  for (const SinkBuffer& each : buffers) {
    if (each.event >= events.size()) continue;
    if (TraceBuffer* buffer = buffer_of(events[each.event].payload))
      *buffer = writer_.keep(each.bytes);
  }
  return writer_.write(events).has_value();
}

}  // namespace dl::capture
