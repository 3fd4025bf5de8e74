// SPDX-License-Identifier: Apache-2.0
// A run folder as a sink: for agents in a jail that write themselves, and behind the collector.
#pragma once

#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/capture/wire/trace_sink.h"

namespace dl::capture {

// The writer must outlive it. What the disk refuses is counted by the writer.
class FolderSink final : public TraceSink {
 public:
  explicit FolderSink(TraceWriter& writer) : writer_(writer) {}
  using TraceSink::write;
  bool write(std::span<TraceEvent> events, std::span<const SinkBuffer> buffers) override;

 private:
  TraceWriter& writer_;
};

}  // namespace dl::capture
