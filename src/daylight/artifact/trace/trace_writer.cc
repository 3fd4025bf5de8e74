// SPDX-License-Identifier: Apache-2.0
// Events are encoded outside of the lock, wait in one buffer, and are counted when they are lost.
#include "daylight/artifact/trace/trace_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/base/file.h"

namespace dl {
namespace {

// A thread's scratch that has become larger is given back.
constexpr std::size_t kKeptScratchBytes = std::size_t{256} << 10;

std::string& scratch_of_this_thread() {
  static thread_local std::string scratch;
  if (scratch.capacity() > kKeptScratchBytes) std::string().swap(scratch);
  scratch.clear();
  return scratch;
}

void add(TraceLoss& sum, const TraceLoss& more) {
  sum.calls += more.calls;
  sum.events += more.events;
  sum.bytes += more.bytes;
  if (!more.why.empty()) sum.why = more.why;
}

void add(FrameCount& sum, const FrameCount& more) {
  sum.frames += more.frames;
  sum.calls += more.calls;
  sum.bytes += more.bytes;
}

bool is_something(const TraceLoss& loss) {
  return loss.calls != 0 || loss.events != 0 || loss.bytes != 0;
}

// A text that is surely short enough for an event.
std::string clipped(const std::string& text) {
  return text.substr(0, std::min(text.size(), kMaxTraceTextBytes));
}

}  // namespace

TraceWriter::TraceWriter(const std::filesystem::path& folder, const TraceWriterOptions& options,
                         std::unique_ptr<BlobWriter> blobs)
    : options_(options), blobs_(std::move(blobs)), segments_(folder, options.segment_bytes) {}

Result<std::unique_ptr<TraceWriter>> TraceWriter::create(const std::filesystem::path& folder,
                                                         const TraceHead& head,
                                                         const TraceWriterOptions& options) {
  TRY_VOID(make_private_folder(folder));
  std::error_code error;
  if (std::filesystem::exists(folder / kTraceHeadFile, error) || !segment_numbers(folder).empty()) {
    return fail(ErrorCode::kInvalidArgument, "holds a trace already", folder.string(),
                "choose another folder");
  }
  auto blobs = TRY(BlobWriter::create(folder / kTraceBlobFolder, options.blobs));
  TRY_VOID(write_file_atomic(folder / kTraceHeadFile, dump_json(to_json(head))));
  std::unique_ptr<TraceWriter> writer(new TraceWriter(folder, options, std::move(blobs)));
  TRY_VOID(writer->segments_.open_next());
  return writer;
}

TraceWriter::~TraceWriter() {
  const std::lock_guard lock(mutex_);
  if (!finished_) static_cast<void>(flush_buffer());
}

Result<void> TraceWriter::write(std::span<const TraceEvent> events) {
  std::string& frames = scratch_of_this_thread();
  FrameCount count;
  std::uint64_t latest_ns = 0;
  TraceLoss told;  // by sources
  TraceLoss unwritten;
  std::optional<Error> first_error;
  for (const TraceEvent& event : events) {
    const bool enters = std::holds_alternative<TraceEnter>(event.payload);
    auto done = std::holds_alternative<TraceEnd>(event.payload)
                    ? fail(ErrorCode::kInvalidArgument, "the writer itself ends the trace", "trace")
                    : append_frame(event, frames);
    if (!done) {
      add(unwritten, {enters ? 1U : 0U, 1, 0, done.error().what});
      if (!first_error) first_error = std::move(done).error();
      continue;
    }
    ++count.frames;
    if (enters) ++count.calls;
    latest_ns = std::max(latest_ns, event.time_ns);
    if (const auto* loss = std::get_if<TraceLoss>(&event.payload)) add(told, *loss);
  }
  count.bytes = frames.size();
  const std::lock_guard lock(mutex_);
  add(counts_.lost, told);
  if (first_error) lose(unwritten.calls, unwritten.events, unwritten.bytes, unwritten.why);
  TRY_VOID(commit(as_bytes(frames), count, latest_ns));
  if (first_error) return tl::unexpected(*std::move(first_error));
  return {};
}

Result<void> TraceWriter::write_frames(ByteSpan frames) {
  FrameCount count;
  std::uint64_t latest_ns = 0;
  TraceLoss told;
  while (count.bytes < frames.size()) {
    const FrameReading reading = read_frame(frames.subspan(static_cast<std::size_t>(count.bytes)));
    const auto kind = static_cast<TraceKind>(reading.frame.kind);
    if (reading.state != FrameState::kWhole || kind == TraceKind::kEnd) {
      return fail(ErrorCode::kCorrupt, "is no frame that may be added to a trace",
                  fmt::format("frames at {}", count.bytes));
    }
    if (kind == TraceKind::kLoss) {
      const TraceEvent event = TRY(decode_event(reading.frame));
      add(told, std::get<TraceLoss>(event.payload));
    }
    if (kind == TraceKind::kEnter) ++count.calls;
    ++count.frames;
    count.bytes += reading.size;
    latest_ns = std::max(latest_ns, reading.frame.stamp.time_ns);
  }
  const std::lock_guard lock(mutex_);
  add(counts_.lost, told);
  return commit(frames, count, latest_ns);
}

TraceBuffer TraceWriter::keep(ByteSpan bytes) {
  TraceBuffer buffer;
  if (bytes.size() > kMaxBlobBytes) bytes = bytes.first(kMaxBlobBytes);
  buffer.captured = bytes.size();
  if (bytes.size() <= std::min(options_.inline_bytes, kMaxInlineBytes)) {
    buffer.held = TraceHeld::kInline;
    buffer.bytes = as_text(bytes);
    return buffer;
  }
  const auto digest = blobs_->put(bytes);
  if (digest) {
    buffer.held = TraceHeld::kBlob;
    buffer.digest = *digest;
    return buffer;
  }
  buffer.held = TraceHeld::kDropped;
  const std::lock_guard lock(mutex_);
  lose(0, 0, bytes.size(), describe(digest.error()));
  return buffer;
}

Result<void> TraceWriter::commit(ByteSpan frames, const FrameCount& count,
                                 std::uint64_t latest_ns) {
  if (finished_) {
    return fail(ErrorCode::kInvalidArgument, "the trace has ended", "trace",
                "write events before finish()");
  }
  latest_ns_ = std::max(latest_ns_, latest_ns);
  Result<void> flushed;
  if (!buffer_.empty() && buffer_.size() + frames.size() > options_.buffer_bytes)
    flushed = flush_buffer();
  if (buffer_.empty()) tell_losses();
  buffer_.append(as_text(frames));
  add(buffered_, count);
  counts_.events += count.frames;
  counts_.calls += count.calls;
  if (buffer_.size() >= options_.buffer_bytes) {
    auto done = flush_buffer();
    if (!done) return done;
  }
  return flushed;
}

// Begins the empty buffer with what was lost and is not told yet.
void TraceWriter::tell_losses() {
  if (!is_something(untold_)) return;
  TraceEvent event{own_stamp(), untold_};
  std::get<TraceLoss>(event.payload).why = clipped(untold_.why);
  if (!append_frame(event, buffer_)) return;
  told_in_buffer_ = std::exchange(untold_, {});
  told_frame_ = {1, 0, buffer_.size()};
  add(buffered_, told_frame_);
  ++counts_.events;
}

Result<void> TraceWriter::flush_buffer() {
  if (buffer_.empty()) return {};
  FrameCount kept;
  auto done = segments_.append(as_bytes(buffer_), kept);
  FrameCount gone{buffered_.frames - kept.frames, buffered_.calls - kept.calls,
                  buffered_.bytes - kept.bytes};
  counts_.events -= gone.frames;
  counts_.calls -= gone.calls;
  if (told_in_buffer_ && kept.frames == 0 && !done) {
    // The loss event is no loss itself: what it said is untold again.
    add(untold_, *told_in_buffer_);
    gone.frames -= told_frame_.frames;
    gone.bytes -= told_frame_.bytes;
  }
  told_in_buffer_.reset();
  buffer_.clear();
  buffered_ = {};
  if (!done) lose(gone.calls, gone.frames, gone.bytes, describe(done.error()));
  return done;
}

void TraceWriter::lose(std::uint64_t calls, std::uint64_t events, std::uint64_t bytes,
                       const std::string& why) {
  const TraceLoss loss{calls, events, bytes, why};
  add(untold_, loss);
  add(counts_.lost, loss);
}

TraceStamp TraceWriter::own_stamp() const {
  return {options_.clock ? options_.clock() : latest_ns_, 0, 0, 0};
}

Result<void> TraceWriter::flush() {
  const std::lock_guard lock(mutex_);
  if (buffer_.empty()) tell_losses();
  return flush_buffer();
}

Result<void> TraceWriter::finish(TraceEnding ending, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (finished_) return fail(ErrorCode::kInvalidArgument, "the trace has ended already", "trace");
  auto flushed = flush_buffer();
  if (is_something(untold_)) {
    tell_losses();
    flushed = flush_buffer();
  }
  finished_ = true;
  if (!flushed) return flushed;
  counts_.blobs = blobs_->counts();
  const TraceEnd end{ending,
                     counts_.events,
                     counts_.calls,
                     counts_.blobs.blobs,
                     counts_.lost.calls,
                     counts_.lost.events,
                     clipped(text)};
  TRY_VOID(append_frame({own_stamp(), end}, buffer_));
  FrameCount kept;
  TRY_VOID(segments_.append(as_bytes(buffer_), kept));
  buffer_.clear();
  TRY_VOID(blobs_->finish());
  return segments_.sync();
}

TraceCounts TraceWriter::counts() const {
  const std::lock_guard lock(mutex_);
  TraceCounts counts = counts_;
  counts.blobs = blobs_->counts();
  return counts;
}

}  // namespace dl
