// SPDX-License-Identifier: Apache-2.0
// Writes a run folder: events into segments that only grow, buffers into the blob store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "daylight/artifact/trace/blob_writer.h"
#include "daylight/artifact/trace/segment_writer.h"
#include "daylight/artifact/trace/trace_event.h"
#include "daylight/artifact/trace/trace_frame.h"
#include "daylight/artifact/trace/trace_head.h"

namespace dl {

struct TraceWriterOptions {
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;  // no segment becomes larger
  std::size_t buffer_bytes = std::size_t{1} << 20;        // events that wait; 0: each is flushed
  std::size_t inline_bytes = 64;  // smaller buffers stand in the event, see keep()
  BlobWriterOptions blobs = {};
  // Stamps the writer's own events (loss, end). Without one they have the largest time so far.
  std::function<std::uint64_t()> clock = {};
};

// What has gone into the trace. `events` counts those that wait in the buffer, too.
struct TraceCounts {
  std::uint64_t events = 0;
  std::uint64_t calls = 0;
  TraceLoss lost = {};  // all that was lost, by sources too; `why` is the last reason
  BlobCounts blobs = {};

  friend bool operator==(const TraceCounts&, const TraceCounts&) = default;
};

// Thread safe. The events of one call of write() stand together, in the order given; otherwise the
// order is that of arrival. An event on the disk never names a blob that is not there, if the blob
// came from keep() before.
//
// What the disk refuses is counted exactly: the trace so far stays valid, and a loss event says
// what is missing as soon as there is room again. One process writes a folder; it does not survive
// fork().
class TraceWriter {
 public:
  // Makes the folder (mode 0700) with trace.json and the first segment. kInvalidArgument if it
  // holds a trace already.
  static Result<std::unique_ptr<TraceWriter>> create(const std::filesystem::path& folder,
                                                     const TraceHead& head,
                                                     const TraceWriterOptions& options = {});
  // Flushes. Without finish() before it, readers see that the trace did not end properly.
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // kLimit or kInvalidArgument: an event cannot be encoded (see append_frame()); it is lost and
  // counted, the others of the call are written. kIo: the disk refused; counted too.
  Result<void> write(const TraceEvent& event) { return write(std::span(&event, 1)); }
  Result<void> write(std::span<const TraceEvent> events);

  // Whole frames that were encoded elsewhere, by append_frame() or another process. All are checked
  // before one is written: kCorrupt, naming the offset, for what is no frame, and for an end event,
  // which is the writer's own.
  Result<void> write_frames(ByteSpan frames);

  // The bytes of a buffer as an event holds them: inline if they are few, else as a blob. Where the
  // disk refuses the blob it is kDropped and counted. Cuts to kMaxBlobBytes.
  TraceBuffer keep(ByteSpan bytes);

  // What was written so far survives the end of this process. kIo as in write().
  Result<void> flush();

  // Writes the loss that is still to be told, the end event and the index of blobs, and waits for
  // the disk. Nothing may be written afterwards. kIo: the trace is valid, but did not end properly.
  Result<void> finish(TraceEnding ending, const std::string& text = {});

  TraceCounts counts() const;

 private:
  TraceWriter(const std::filesystem::path& folder, const TraceWriterOptions& options,
              std::unique_ptr<BlobWriter> blobs);

  Result<void> commit(ByteSpan frames, const FrameCount& count, std::uint64_t latest_ns);
  Result<void> flush_buffer();
  void tell_losses();
  void lose(std::uint64_t calls, std::uint64_t events, std::uint64_t bytes, const std::string& why);
  TraceStamp own_stamp() const;

  const TraceWriterOptions options_;
  const std::unique_ptr<BlobWriter> blobs_;

  mutable std::mutex mutex_;
  SegmentWriter segments_;
  std::string buffer_;   // whole frames for the segments
  FrameCount buffered_;  // in it
  // Lost, and no event says so yet.
  TraceLoss untold_ = {};
  // What the loss event says that stands at the beginning of the buffer, if one does.
  std::optional<TraceLoss> told_in_buffer_ = {};
  FrameCount told_frame_ = {};
  std::uint64_t latest_ns_ = 0;
  TraceCounts counts_ = {};
  bool finished_ = false;
};

}  // namespace dl
