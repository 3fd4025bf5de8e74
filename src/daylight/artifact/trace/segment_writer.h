// SPDX-License-Identifier: Apache-2.0
// The event files of a run folder, one behind the other: whole frames, and an exact account of
// those that the disk refused.
#pragma once

#include <filesystem>

#include "daylight/artifact/trace/append_file.h"
#include "daylight/artifact/trace/trace_frame.h"

namespace dl {

// Not thread safe.
class SegmentWriter {
 public:
  // Segments of at most `segment_bytes`, unless a single frame needs more.
  SegmentWriter(std::filesystem::path folder, std::uint64_t segment_bytes)
      : folder_(std::move(folder)), segment_bytes_(segment_bytes) {}

  // Makes the next segment, and waits until the disk has the one before. kIo as it is after a
  // failed append().
  Result<void> open_next();

  // Appends `frames` (whole ones), in further segments where one is full. `kept` says which of them
  // are in the files, also after a failure: the first so many. A later call may succeed again.
  Result<void> append(ByteSpan frames, FrameCount& kept);

  Result<void> sync() { return segment_.sync(); }
  // Frames in all segments.
  std::uint64_t events() const { return events_; }

 private:
  ByteSpan part_that_fits(ByteSpan frames) const;

  const std::filesystem::path folder_;
  const std::uint64_t segment_bytes_;
  AppendFile segment_;
  std::uint32_t segments_ = 0;  // opened so far
  std::uint64_t events_ = 0;
};

}  // namespace dl
