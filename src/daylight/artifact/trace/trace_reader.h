// SPDX-License-Identifier: Apache-2.0
// Streams the events of a run folder in order, past damage, in bounded memory.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/trace/blob_reader.h"
#include "daylight/artifact/trace/trace_event.h"
#include "daylight/artifact/trace/trace_frame.h"
#include "daylight/artifact/trace/trace_head.h"

namespace dl {

// Something in the event files that could not be read.
struct TraceDamage {
  std::string file;          // its name in the folder
  std::uint64_t offset = 0;  // in it
  std::uint64_t bytes = 0;   // passed over
  std::string why;

  friend bool operator==(const TraceDamage&, const TraceDamage&) = default;
};
inline constexpr std::size_t kMaxTraceDamage = 1000;  // kept; all are counted
inline constexpr std::size_t kMaxUnknownKinds = 256;  // told apart

// What has been read so far.
struct TraceSummary {
  std::uint64_t events = 0;  // handed out
  std::uint64_t calls = 0;   // enter events
  TraceLoss lost = {};       // sum of the loss events; `why` of the last one
  std::map<std::uint16_t, std::uint64_t> unknown = {};  // events of newer kinds, by kind
  std::vector<TraceDamage> damage = {};                 // the first kMaxTraceDamage
  std::uint64_t damages = 0;
  // Events that were written and are not there or not whole; exact up to the last segment, whose
  // missing events only an end could tell.
  std::uint64_t missing = 0;
  std::optional<TraceEnd> end = {};
};

// Not thread safe; several readers may read one folder, also one that is being written: they see
// the whole events that are there.
class TraceReader {
 public:
  // Reads trace.json. kNotFound if the folder has none, kCorrupt if it is none. Damage further on
  // is no error.
  static Result<TraceReader> open(const std::filesystem::path& folder);

  TraceReader(TraceReader&& other) noexcept;
  TraceReader& operator=(TraceReader&&) = delete;
  ~TraceReader();

  const TraceHead& head() const { return head_; }

  // The next event, in the order of the files; false when there is none. The end event comes as the
  // others do. A frame whose payload is damaged is passed over; where a header is damaged the rest
  // of the segment is, since bytes of the app could pose as frames; both are reported. Memory: two
  // of the largest frames.
  bool next(TraceEvent& event);

  const TraceSummary& summary() const { return summary_; }
  // The trace ended properly and all that its end counts was read. After next() gave false.
  bool complete() const;

  // The blob store of the folder.
  Result<BlobReader> blobs() const;

 private:
  TraceReader(std::filesystem::path folder, TraceHead head);

  bool open_next_segment();
  bool fill(std::size_t wanted);
  void skip_rest(const std::string& why);
  void report(std::uint64_t offset, std::uint64_t bytes, std::string why);
  bool take_frame(const TraceFrame& frame, std::size_t size, TraceEvent& event);
  void close_segment();
  ByteSpan unread() const;

  std::filesystem::path folder_;
  TraceHead head_;
  std::vector<std::uint32_t> segments_;
  std::size_t next_segment_ = 0;  // index in segments_
  int fd_ = -1;
  std::string file_;          // name of the open segment
  std::uint64_t offset_ = 0;  // in it, of the first unread byte
  std::string buffer_;
  std::size_t begin_ = 0;       // of the unread bytes in the buffer
  std::uint64_t position_ = 0;  // number of the next event of the trace
  TraceSummary summary_;
};

}  // namespace dl
