// SPDX-License-Identifier: Apache-2.0
// Batches as lists of memory parts for sendmsg(): frames in one string of the thread, large buffers
// where the app has them.
#include "daylight/capture/wire/wire_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "daylight/artifact/trace/blob_record.h"
#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_encoding.h"

namespace dl::capture {
namespace {

constexpr std::size_t kKeptScratchBytes = std::size_t{256} << 10;
constexpr std::size_t kPartsAtOnce = 512;  // below IOV_MAX

bool is_definition(const TracePayload& payload) {
  const TraceKind kind = kind_of(payload);
  return kind == TraceKind::kProcess || kind == TraceKind::kModule || kind == TraceKind::kMethod;
}

}  // namespace

// One batch while it is made and sent. Its memory is the thread's, used again and again.
struct WireClient::Batch {
  // Bytes at `at`, or in the frames at `offset` where it is nullptr.
  struct Part {
    const std::uint8_t* at = nullptr;
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::string frames;
  std::vector<Part> parts;
  std::vector<iovec> vectors;
  std::size_t begun = 0;  // of the frames, not in a part yet
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
  std::uint64_t refused = 0;  // that cannot be encoded
  std::uint64_t refused_calls = 0;
  std::uint64_t bytes = 0;
  std::uint32_t buffers = 0;
  bool defines = false;

  void clear() {
    if (frames.capacity() > kKeptScratchBytes) std::string().swap(frames);
    frames.clear();
    parts.clear();
    vectors.clear();
    begun = 0;
    calls = events = refused = refused_calls = bytes = 0;
    buffers = 0;
    defines = false;
  }
  void end_part() {
    if (frames.size() > begun) parts.push_back({nullptr, begun, frames.size() - begun});
    begun = frames.size();
  }
  // One chunk: its head and checksum among the frames, its bytes as they lie.
  void add_chunk(const WireChunk& chunk) {
    const std::size_t at = frames.size();
    frames.append(kFrameHeaderBytes + kChunkHeadBytes, '\0');
    auto* const head = reinterpret_cast<std::uint8_t*>(frames.data()) + at;
    std::uint32_t sum = write_frame_header(head, static_cast<std::uint16_t>(WireKind::kChunk), {},
                                           kChunkHeadBytes + chunk.bytes.size());
    write_chunk_head(chunk, head + kFrameHeaderBytes);
    sum = crc32c(ByteSpan(head + kFrameHeaderBytes, kChunkHeadBytes), sum);
    sum = crc32c(chunk.bytes, sum);
    end_part();
    parts.push_back({chunk.bytes.data(), 0, chunk.bytes.size()});
    frames.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  }
  std::uint32_t add_buffer(ByteSpan whole) {
    for (std::size_t at = 0; at < whole.size(); at += kMaxChunkBytes) {
      const std::size_t size = std::min(kMaxChunkBytes, whole.size() - at);
      add_chunk({buffers, whole.size(), at, whole.subspan(at, size)});
    }
    return buffers++;
  }
  void finish(WireKind last = WireKind::kSend) {
    append_mark(last, frames);
    end_part();
    for (const Part& part : parts) {
      const void* at = part.at != nullptr ? static_cast<const void*>(part.at)
                                          : static_cast<const void*>(frames.data() + part.offset);
      vectors.push_back({const_cast<void*>(at), part.size});  // sendmsg only reads
      bytes += part.size;
    }
  }
};

WireClient::WireClient(int fd, std::uint32_t pid, const WireClientOptions& options)
    : options_(options), pid_(pid), owner_(::getpid()), fd_(fd) {}

Result<std::unique_ptr<WireClient>> WireClient::connect(const WireAddress& address, WireHello hello,
                                                        const WireClientOptions& options) {
  const int fd = TRY(connect_wire(address));
  if (hello.pid == 0) hello.pid = static_cast<std::uint32_t>(::getpid());
  if (hello.clock_ns == 0) hello.clock_ns = now_ns();
  std::unique_ptr<WireClient> client(new WireClient(fd, hello.pid, options));
  Batch batch;
  append_hello(hello, batch.frames);
  batch.finish();
  if (client->send(batch, options.stall) != Sent::kAll)
    return fail(ErrorCode::kIo, "hung up at once", print_wire_address(address));
  return client;
}

WireClient::~WireClient() { close(); }

std::uint64_t WireClient::now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

bool WireClient::write(std::span<TraceEvent> events, std::span<const SinkBuffer> buffers) {
  if (::getpid() != owner_) return false;
  static thread_local Batch batch;
  batch.clear();
  if (events.size() > kMaxBatchEvents || buffers.size() > kMaxBatchBuffers) {
    batch.events = events.size();
    for (const TraceEvent& event : events)
      batch.calls += std::holds_alternative<TraceEnter>(event.payload) ? 1 : 0;
    lose(batch);
    return false;
  }
  // Chunks stand before the events that name them.
  for (const SinkBuffer& each : buffers) {
    TraceBuffer* const buffer =
        each.event < events.size() ? buffer_of(events[each.event].payload) : nullptr;
    if (buffer == nullptr) continue;
    const ByteSpan bytes =
        each.bytes.first(std::min<std::size_t>(each.bytes.size(), kMaxBlobBytes));
    *buffer = TraceBuffer{TraceHeld::kInline, bytes.size(), {}, {}};
    if (bytes.size() > std::min(options_.inline_bytes, kMaxInlineBytes)) {
      buffer->held = TraceHeld::kBlob;
      buffer->digest = wire_reference(batch.add_buffer(bytes));
    } else {
      buffer->bytes = as_text(bytes);
    }
  }
  for (const TraceEvent& event : events) {
    const bool enters = std::holds_alternative<TraceEnter>(event.payload);
    if (!append_frame(event, batch.frames)) {
      ++batch.refused;
      if (enters) ++batch.refused_calls;
      continue;
    }
    ++batch.events;
    if (enters) ++batch.calls;
    batch.defines = batch.defines || is_definition(event.payload);
  }
  batch.finish();
  if (batch.frames.size() > kMaxBatchBytes) {
    lose(batch);
    return false;
  }
  if (batch.refused != 0) {
    const std::lock_guard lock(losing_);
    lost_.events += batch.refused;
    lost_.calls += batch.refused_calls;
  }
  std::unique_lock lock(sending_, std::defer_lock);
  const bool mine = batch.defines ? (lock.lock(), true) : lock.try_lock_for(options_.patience);
  if (mine && connected() && send_losses(options_.patience) &&
      send(batch, batch.defines ? options_.stall : options_.patience) == Sent::kAll)
    return batch.refused == 0;
  lose(batch);
  return false;
}

// Under the lock. `first_wait`: how long the socket may be full before anything was sent.
WireClient::Sent WireClient::send(Batch& batch, std::chrono::milliseconds first_wait) {
  std::size_t next = 0;
  bool begun = false;
  while (next < batch.vectors.size()) {
    msghdr message{};
    message.msg_iov = batch.vectors.data() + next;
    message.msg_iovlen = std::min(kPartsAtOnce, batch.vectors.size() - next);
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd full{fd_, POLLOUT, 0};
      const auto wait = begun ? options_.stall : first_wait;
      const int ready = ::poll(&full, 1, static_cast<int>(wait.count()));
      if (ready > 0 || (ready < 0 && errno == EINTR)) continue;
      if (!begun && !batch.defines) return Sent::kNothing;
    }
    if (sent < 0) {
      hang_up();
      return Sent::kBroken;
    }
    begun = true;
    auto left = static_cast<std::size_t>(sent);
    for (; next < batch.vectors.size() && left >= batch.vectors[next].iov_len; ++next)
      left -= batch.vectors[next].iov_len;
    if (left != 0) {
      iovec& part = batch.vectors[next];
      part.iov_base = static_cast<std::uint8_t*>(part.iov_base) + left;
      part.iov_len -= left;
    }
  }
  return Sent::kAll;
}

// Under the lock: a loss event before what comes next. False if there is no room even for it.
bool WireClient::send_losses(std::chrono::milliseconds first_wait) {
  WireLosses untold;
  {
    const std::lock_guard lock(losing_);
    untold = {lost_.calls - told_.calls, lost_.events - told_.events, lost_.bytes - told_.bytes};
  }
  if (untold == WireLosses{}) return true;
  TraceEvent event{{now_ns(), pid_, 0, 0},
                   TraceLoss{untold.calls, untold.events, untold.bytes, "the socket was full"}};
  Batch batch;
  if (!append_frame(event, batch.frames)) return true;
  batch.finish();
  if (send(batch, first_wait) != Sent::kAll) return false;
  const std::lock_guard lock(losing_);
  told_.calls += untold.calls;
  told_.events += untold.events;
  told_.bytes += untold.bytes;
  return true;
}

void WireClient::lose(const Batch& batch) {
  const std::lock_guard lock(losing_);
  lost_.calls += batch.calls;
  lost_.events += batch.events;
  lost_.bytes += batch.bytes;
}

WireLosses WireClient::losses() const {
  const std::lock_guard lock(losing_);
  return lost_;
}

void WireClient::hang_up() {
  const int fd = fd_.exchange(-1);
  if (fd >= 0) ::close(fd);
}

void WireClient::close() {
  // The lock may have been held by a thread that the child does not have.
  if (::getpid() == owner_) {
    const std::lock_guard lock(sending_);
    if (connected() && send_losses(options_.stall)) {
      Batch bye;
      bye.finish(WireKind::kBye);
      static_cast<void>(send(bye, options_.stall));
    }
    hang_up();
    return;
  }
  hang_up();
}

}  // namespace dl::capture
