// SPDX-License-Identifier: Apache-2.0
// Reading segments piece by piece: a length is believed only after its checksum.
#include "daylight/artifact/trace/trace_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/base/file.h"

namespace dl {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::uint64_t kMaxHeadBytes = std::uint64_t{16} << 20;

// The size of an open regular file, or nothing.
std::optional<std::uint64_t> regular_size(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace

TraceReader::TraceReader(std::filesystem::path folder, TraceHead head)
    : folder_(std::move(folder)), head_(std::move(head)), segments_(segment_numbers(folder_)) {}

Result<TraceReader> TraceReader::open(const std::filesystem::path& folder) {
  const auto path = folder / kTraceHeadFile;
  const std::string text = TRY(read_file(path, kMaxHeadBytes));
  const Json json = TRY(parse_json(text, path.string()));
  return TraceReader(folder, TRY(trace_head_from_json(json, path.string())));
}

TraceReader::TraceReader(TraceReader&& other) noexcept
    : folder_(std::move(other.folder_)),
      head_(std::move(other.head_)),
      segments_(std::move(other.segments_)),
      next_segment_(other.next_segment_),
      fd_(std::exchange(other.fd_, -1)),
      file_(std::move(other.file_)),
      offset_(other.offset_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      position_(other.position_),
      summary_(std::move(other.summary_)) {}

TraceReader::~TraceReader() { close_segment(); }

void TraceReader::close_segment() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

ByteSpan TraceReader::unread() const { return as_bytes(buffer_).subspan(begin_); }

Result<BlobReader> TraceReader::blobs() const {
  return BlobReader::open(folder_ / kTraceBlobFolder);
}

bool TraceReader::complete() const {
  return summary_.end && summary_.damages == 0 && summary_.missing == 0 &&
         summary_.end->events + 1 == position_;
}

void TraceReader::report(std::uint64_t offset, std::uint64_t bytes, std::string why) {
  ++summary_.damages;
  if (summary_.damage.size() < kMaxTraceDamage)
    summary_.damage.push_back({file_, offset, bytes, std::move(why)});
}

// Reads until `wanted` unread bytes are in the buffer; false if the segment has no more.
bool TraceReader::fill(std::size_t wanted) {
  if (buffer_.size() - begin_ >= wanted) return true;
  buffer_.erase(0, begin_);
  begin_ = 0;
  while (buffer_.size() < wanted) {
    const std::size_t had = buffer_.size();
    buffer_.resize(std::max(wanted, kPieceBytes));
    const ssize_t got =
        ::pread(fd_, buffer_.data() + had, buffer_.size() - had, static_cast<off_t>(offset_ + had));
    const int code = errno;
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && code == EINTR) continue;
    if (got < 0) report(offset_ + had, 0, std::string("cannot be read: ") + std::strerror(code));
    if (got <= 0) return false;
  }
  return true;
}

// Opens segments until one begins as it should; false if there is none.
bool TraceReader::open_next_segment() {
  while (next_segment_ < segments_.size()) {
    close_segment();
    const std::uint32_t number = segments_[next_segment_];
    const std::uint32_t expected = next_segment_ == 0 ? 0 : segments_[next_segment_ - 1] + 1;
    ++next_segment_;
    const auto path = segment_path(folder_, number);
    file_ = path.filename().string();
    offset_ = 0;
    begin_ = 0;
    buffer_.clear();
    if (number != expected) report(0, 0, "segments before it are missing");
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0 || !regular_size(fd_)) {
      report(0, 0, "cannot be opened as a file");
      continue;
    }
    const bool there = fill(kTraceFileHeaderBytes);
    const auto head = there ? decode_file_header(unread(), kSegmentMagic) : std::nullopt;
    if (!head || head->number != number) {
      skip_rest("does not begin as this segment should");
      continue;
    }
    if (head->first < position_) {
      skip_rest("counts fewer events before it than were read");
      continue;
    }
    summary_.missing += head->first - position_;
    position_ = head->first;
    begin_ += kTraceFileHeaderBytes;
    offset_ += kTraceFileHeaderBytes;
    return true;
  }
  close_segment();
  return false;
}

// Reports all that is left of the segment, and closes it.
void TraceReader::skip_rest(const std::string& why) {
  const std::uint64_t size = regular_size(fd_).value_or(offset_);
  report(offset_, size > offset_ ? size - offset_ : 0, why);
  close_segment();
}

bool TraceReader::next(TraceEvent& event) {
  while (true) {
    if (fd_ < 0 && !open_next_segment()) return false;
    const bool header_there = fill(kFrameHeaderBytes);
    if (!header_there && unread().empty()) {
      close_segment();
      continue;
    }
    FrameReading reading = read_frame(unread());
    if (reading.state == FrameState::kShort && header_there && fill(reading.size))
      reading = read_frame(unread());
    if (reading.state == FrameState::kShort) {
      skip_rest("ends within an event");
      continue;
    }
    if (reading.state == FrameState::kBadHeader) {
      skip_rest("an event's header is damaged");
      continue;
    }
    const bool whole = reading.state == FrameState::kWhole;
    if (!whole) {
      report(offset_, reading.size, "an event's bytes are damaged");
      ++summary_.missing;
    }
    const bool taken = whole && take_frame(reading.frame, reading.size, event);
    begin_ += reading.size;
    offset_ += reading.size;
    ++position_;
    if (taken) return true;
  }
}

// Whether the frame holds an event that can be handed out.
bool TraceReader::take_frame(const TraceFrame& frame, std::size_t size, TraceEvent& event) {
  if (summary_.end) report(offset_, 0, "stands behind the end of the trace");
  auto decoded = decode_event(frame);
  if (!decoded) {
    if (decoded.error().code != ErrorCode::kUnsupported) {
      report(offset_, size, decoded.error().what);
      ++summary_.missing;
    } else if (summary_.unknown.size() < kMaxUnknownKinds ||
               summary_.unknown.contains(frame.kind)) {
      ++summary_.unknown[frame.kind];
    }
    return false;
  }
  event = *std::move(decoded);
  ++summary_.events;
  if (std::holds_alternative<TraceEnter>(event.payload)) ++summary_.calls;
  if (const auto* loss = std::get_if<TraceLoss>(&event.payload)) {
    summary_.lost.calls += loss->calls;
    summary_.lost.events += loss->events;
    summary_.lost.bytes += loss->bytes;
    summary_.lost.why = loss->why;
  }
  if (const auto* end = std::get_if<TraceEnd>(&event.payload)) summary_.end = *end;
  return true;
}

}  // namespace dl
