// SPDX-License-Identifier: Apache-2.0
// Filling segments up to their size, and cutting back to whole frames where a write fails.
#include "daylight/artifact/trace/segment_writer.h"

#include <system_error>

#include "daylight/artifact/trace/trace_folder.h"

namespace dl {

Result<void> SegmentWriter::open_next() {
  if (segments_ >= kMaxTraceFiles)
    return fail(ErrorCode::kLimit, "the trace has too many segments", folder_.string());
  const auto path = segment_path(folder_, segments_);
  AppendFile next = TRY(AppendFile::create(path));
  const auto head = encode_file_header({kSegmentMagic, segments_, events_});
  if (auto done = next.append({head}); !done) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return done;
  }
  // The old one stays valid whatever the disk says now; finish() reports what it says in the end.
  if (segment_.is_open()) static_cast<void>(segment_.sync());
  segment_ = std::move(next);
  ++segments_;
  return {};
}

// The first frames of `frames` for the current segment; none if it is full.
ByteSpan SegmentWriter::part_that_fits(ByteSpan frames) const {
  const std::uint64_t room =
      segment_bytes_ > segment_.size() ? segment_bytes_ - segment_.size() : 0;
  if (frames.size() <= room) return frames;
  const std::uint64_t fitting = count_frames(frames.first(static_cast<std::size_t>(room))).bytes;
  if (fitting != 0 || segment_.size() > kTraceFileHeaderBytes)
    return frames.first(static_cast<std::size_t>(fitting));
  // An empty segment takes one frame, however large.
  const std::uint64_t first = std::uint64_t{*load_le<std::uint32_t>(frames, 0)};
  return frames.first(static_cast<std::size_t>(first + kFrameOverheadBytes));
}

Result<void> SegmentWriter::append(ByteSpan frames, FrameCount& kept) {
  kept = {};
  while (!frames.empty()) {
    const ByteSpan part = part_that_fits(frames);
    if (part.empty()) {
      TRY_VOID(open_next());
      continue;
    }
    std::uint64_t bytes = 0;
    const auto whole = [&](std::uint64_t written) {
      return count_frames(part.first(static_cast<std::size_t>(written))).bytes;
    };
    auto done = segment_.append_records(part, whole, bytes);
    const FrameCount count = count_frames(part.first(static_cast<std::size_t>(bytes)));
    kept.frames += count.frames;
    kept.calls += count.calls;
    kept.bytes += count.bytes;
    events_ += count.frames;
    if (!done) return done;
    frames = frames.subspan(part.size());
  }
  return {};
}

}  // namespace dl
