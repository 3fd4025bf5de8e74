// SPDX-License-Identifier: Apache-2.0
// Each frame is checked before anything is believed; a batch finds memory or is dropped whole.
#include "daylight/capture/client_session.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "daylight/artifact/trace/trace_encoding.h"

namespace dl::capture {
namespace {

// What a decoded event takes beside its texts, about.
constexpr std::size_t kEventMemory = 512;
// Bytes that stay with a thread's argument; larger ones become blobs of the trace.
constexpr std::size_t kInlineBytes = 64;

tl::unexpected<Error> refuse(const std::string& what) {
  return fail(ErrorCode::kCorrupt, what, "client");
}

// In the same time for every token of the same length.
bool same_token(const std::string& given, const std::string& wanted) {
  return given.size() == wanted.size() &&
         CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

std::uint32_t module_of(const TracePayload& payload) {
  if (const auto* method = std::get_if<TraceMethod>(&payload)) return method->module;
  if (const auto* native = std::get_if<TraceNative>(&payload)) return native->module;
  return kNoTraceModule;
}

std::optional<std::uint32_t> method_of(const TracePayload& payload) {
  if (const auto* enter = std::get_if<TraceEnter>(&payload)) return enter->method;
  if (const auto* leave = std::get_if<TraceLeave>(&payload)) return leave->method;
  return std::nullopt;
}

bool is_definition(const TracePayload& payload) {
  const TraceKind kind = kind_of(payload);
  return kind == TraceKind::kProcess || kind == TraceKind::kModule || kind == TraceKind::kMethod;
}

}  // namespace

ClientSession::ClientSession(SessionOptions options, MemoryBudget& budget, Deliver deliver)
    : options_(std::move(options)), budget_(budget), deliver_(std::move(deliver)) {}

ClientSession::~ClientSession() { forget_batch(); }

void ClientSession::forget_batch() {
  if (batch_.memory != 0) budget_.give_back(batch_.memory);
  batch_ = {};
  buffers_.clear();
  event_bytes_ = frame_bytes_ = 0;
  defines_ = starved_ = false;
}

Result<std::size_t> ClientSession::feed(ByteSpan bytes) {
  std::size_t taken = 0;
  while (true) {
    const FrameReading reading = read_frame(bytes.subspan(taken));
    if (reading.state == FrameState::kShort) return taken;
    if (reading.state != FrameState::kWhole) return refuse("a frame is damaged");
    if (bye_) return refuse("a frame follows the goodbye");
    TRY_VOID(take_frame(reading.frame));
    taken += reading.size;
  }
}

Result<void> ClientSession::take_frame(const TraceFrame& frame) {
  const auto kind = static_cast<WireKind>(frame.kind);
  if (!pid_) return kind == WireKind::kHello ? take_hello(frame) : refuse("does not say hello");
  switch (kind) {
    case WireKind::kHello:
      return refuse("says hello twice");
    case WireKind::kChunk:
      return take_chunk(frame);
    case WireKind::kSend:
      end_batch();
      return {};
    case WireKind::kBye:
      bye_ = true;
      return {};
  }
  return take_event(frame);
}

Result<void> ClientSession::take_hello(const TraceFrame& frame) {
  const auto hello = decode_hello(frame.payload);
  if (!hello) return refuse("its hello is damaged");
  if (!options_.token.empty() && !same_token(hello->token, options_.token))
    return refuse("has another token than the collector gave");
  hello_ = *hello;
  pid_ = options_.admit(*hello);
  time_offset_ns_ = options_.clock() - hello->clock_ns;
  TraceEvent event{{options_.clock(), *pid_, 0, 0},
                   TraceProcess{hello->name, hello->abi, hello->source}};
  batch_.events.push_back(std::move(event));
  defines_ = true;
  if (*pid_ != hello->pid)
    note(TraceLevel::kInfo, fmt::format("says it is process {}; here it is {}", hello->pid, *pid_));
  return {};
}

Result<void> ClientSession::take_chunk(const TraceFrame& frame) {
  const auto chunk = decode_chunk(frame.payload);
  if (!chunk || chunk->bytes.size() > kMaxChunkBytes) return refuse("a chunk is damaged");
  const bool begins = chunk->buffer == buffers_.size() && chunk->offset == 0;
  if (begins) {
    const bool complete = buffers_.empty() || buffers_.back().seen == buffers_.back().total;
    if (!complete || buffers_.size() >= kMaxBatchBuffers || !batch_.events.empty())
      return refuse("a buffer comes where none may");
    // Its room is reserved at once, so that it is never moved; pages that are not written to are
    // not taken from the machine.
    Buffer buffer{{}, chunk->total, 0, false};
    const auto kept = static_cast<std::size_t>(std::min(chunk->total, options_.max_buffer_bytes));
    buffer.dropped =
        starved_ || !budget_.take(kept, MemoryBudget::For::kNewCall, options_.patience);
    starved_ = buffer.dropped;
    if (!buffer.dropped) batch_.memory += kept;
    if (!buffer.dropped) buffer.bytes.reserve(kept);
    buffers_.push_back(std::move(buffer));
  }
  if (buffers_.empty() || chunk->buffer + 1 != buffers_.size())
    return refuse("a chunk is out of order");
  Buffer& buffer = buffers_.back();
  if (chunk->offset != buffer.seen || chunk->total != buffer.total)
    return refuse("a chunk is out of order");
  buffer.seen += chunk->bytes.size();
  if (buffer.dropped || buffer.bytes.size() >= options_.max_buffer_bytes) return {};
  const auto room = static_cast<std::size_t>(options_.max_buffer_bytes - buffer.bytes.size());
  buffer.bytes.append(as_text(chunk->bytes.first(std::min(room, chunk->bytes.size()))));
  return {};
}

Result<void> ClientSession::take_event(const TraceFrame& frame) {
  if (frame.kind == 0) return refuse("an event has no kind");
  if (batch_.events.size() >= kMaxBatchEvents) return refuse("a batch has too many events");
  auto event = decode_event(frame);
  if (!event && event.error().code == ErrorCode::kUnsupported) {
    ++unknown_kinds_;
    lose({frame.stamp, TraceLog{}}, frame.payload.size());
    return {};
  }
  if (!event) return refuse(event.error().what);
  frame_bytes_ += frame.payload.size();
  if (frame_bytes_ > kMaxBatchBytes) return refuse("a batch has too many bytes");
  TRY_VOID(check(*event));
  event_bytes_ += kEventMemory + frame.payload.size();
  batch_.events.push_back(*std::move(event));
  return {};
}

Result<void> ClientSession::define(std::unordered_set<std::uint32_t>& ids, std::uint32_t id) {
  if (ids.size() >= kMaxSessionIds) return refuse("defines too many methods or modules");
  ids.insert(id);
  return {};
}

Result<void> ClientSession::check(TraceEvent& event) {
  if (event.pid != hello_.pid) return refuse("an event is of another process");
  if (std::holds_alternative<TraceEnd>(event.payload)) return refuse("ends the trace");
  const std::uint32_t module = module_of(event.payload);
  if (module != kNoTraceModule && !modules_.contains(module))
    return refuse(fmt::format("names module {}, which it did not define", module));
  if (const auto method = method_of(event.payload); method && !methods_.contains(*method))
    return refuse(fmt::format("names method {}, which it did not define", *method));
  if (const auto* defined = std::get_if<TraceModule>(&event.payload))
    TRY_VOID(define(modules_, defined->id));
  if (const auto* defined = std::get_if<TraceMethod>(&event.payload))
    TRY_VOID(define(methods_, defined->id));
  defines_ = defines_ || is_definition(event.payload);
  event.pid = *pid_;
  event.time_ns = time_of(event);
  return check_buffer(event);
}

// The bytes of a buffer go to the batch, to become a blob with a digest of our own.
Result<void> ClientSession::check_buffer(TraceEvent& event) {
  TraceBuffer* const buffer = buffer_of(event.payload);
  if (buffer == nullptr) return {};
  if (buffer->held == TraceHeld::kDigest) return refuse("names a digest of its own");
  const std::size_t index = batch_.events.size();
  if (buffer->held == TraceHeld::kInline && buffer->bytes.size() > kInlineBytes) {
    batch_.buffers.emplace_back(index, std::exchange(buffer->bytes, {}));
    *buffer = {};
  }
  if (buffer->held != TraceHeld::kBlob) return {};
  const auto number = buffer_named(buffer->digest);
  if (!number || *number >= buffers_.size()) return refuse("names a buffer that it did not send");
  Buffer& sent = buffers_[*number];
  if (sent.seen != sent.total || buffer->captured != sent.total)
    return refuse("names a buffer that it did not send whole");
  // Each is named once.
  if (sent.total == 0) return refuse("names a buffer twice");
  *buffer = {};
  if (sent.dropped) {
    *buffer = TraceBuffer{TraceHeld::kDropped, 0, {}, {}};
    untold_.bytes += sent.total;
  } else {
    if (sent.bytes.size() < sent.total) ++cut_buffers_;
    batch_.buffers.emplace_back(index, std::move(sent.bytes));
  }
  sent.total = sent.seen = 0;
  return {};
}

std::uint64_t ClientSession::time_of(const TraceStamp& stamp) {
  // Without signs, so that a forged time overflows into nothing worse than a wrong one.
  std::uint64_t time = stamp.time_ns + time_offset_ns_;
  if (time > std::numeric_limits<std::uint64_t>::max() / 2) time = 0;  // before the trace began
  time = std::min(time, options_.clock());
  const auto last = last_ns_.find(stamp.tid);
  if (last == last_ns_.end()) {
    if (last_ns_.size() < kMaxSessionIds) last_ns_.emplace(stamp.tid, time);
    return time;
  }
  if (time < last->second) {
    ++times_went_back_;
    time = last->second;
  }
  last->second = time;
  return time;
}

void ClientSession::end_batch() {
  tell_losses(std::chrono::milliseconds(0));
  drop_dead_calls();
  if (batch_.events.empty()) {
    forget_batch();
    return;
  }
  if (!find_memory()) {
    drop_batch();
    return;
  }
  batch_.memory += event_bytes_;
  deliver_(std::move(batch_));
  batch_ = {};
  forget_batch();
}

// Events of calls whose begin was dropped.
void ClientSession::drop_dead_calls() {
  if (dropped_calls_.empty()) return;
  std::vector<TraceEvent> kept;
  std::vector<std::pair<std::size_t, std::string>> buffers;
  auto buffer = batch_.buffers.begin();
  for (std::size_t i = 0; i < batch_.events.size(); ++i) {
    TraceEvent& event = batch_.events[i];
    const bool dead = event.call != 0 && dropped_calls_.contains(event.call);
    std::uint64_t bytes = 0;
    for (; buffer != batch_.buffers.end() && buffer->first == i; ++buffer) {
      bytes += buffer->second.size();
      if (!dead) buffers.emplace_back(kept.size(), std::move(buffer->second));
    }
    if (!dead) {
      kept.push_back(std::move(event));
      continue;
    }
    lose(event, bytes);
    if (std::holds_alternative<TraceLeave>(event.payload)) dropped_calls_.erase(event.call);
  }
  batch_.events = std::move(kept);
  batch_.buffers = std::move(buffers);
}

// Definitions wait as long as it takes: nothing that comes later could be understood without them.
// They do it without their buffers, which others may wait for.
bool ClientSession::find_memory() {
  const bool begins = std::any_of(
      batch_.events.begin(), batch_.events.end(),
      [](const auto& event) { return std::holds_alternative<TraceEnter>(event.payload); });
  if (starved_ && begins && !defines_) return false;
  const auto what = begins ? MemoryBudget::For::kNewCall : MemoryBudget::For::kOpenCall;
  bool found = budget_.take(event_bytes_, what, options_.patience);
  if (!found && defines_) drop_buffers();
  while (!found && defines_)
    found = budget_.take(event_bytes_, MemoryBudget::For::kOpenCall, options_.patience);
  return found;
}

void ClientSession::drop_buffers() {
  for (const auto& [index, bytes] : batch_.buffers) {
    *buffer_of(batch_.events[index].payload) = TraceBuffer{TraceHeld::kDropped, 0, {}, {}};
    untold_.bytes += bytes.size();
  }
  batch_.buffers.clear();
  buffers_.clear();
  if (batch_.memory != 0) budget_.give_back(std::exchange(batch_.memory, 0));
}

void ClientSession::drop_batch() {
  std::vector<std::uint64_t> bytes(batch_.events.size());
  for (const auto& [index, buffer] : batch_.buffers) bytes[index] += buffer.size();
  for (std::size_t i = 0; i < batch_.events.size(); ++i) {
    const TraceEvent& event = batch_.events[i];
    lose(event, bytes[i]);
    if (std::holds_alternative<TraceEnter>(event.payload) && dropped_calls_.size() < kMaxSessionIds)
      dropped_calls_.insert(event.call);
    if (std::holds_alternative<TraceLeave>(event.payload)) dropped_calls_.erase(event.call);
  }
  forget_batch();
}

void ClientSession::lose(const TraceEvent& event, std::uint64_t bytes) {
  // What a loss event tells stays told.
  if (const auto* loss = std::get_if<TraceLoss>(&event.payload)) {
    untold_.calls += loss->calls;
    untold_.events += loss->events;
    untold_.bytes += loss->bytes;
    return;
  }
  if (std::holds_alternative<TraceEnter>(event.payload)) ++untold_.calls;
  ++untold_.events;
  untold_.bytes += bytes;
}

// Before what comes next, so that a reader sees where the gap is.
void ClientSession::tell_losses(std::chrono::milliseconds patience) {
  if (untold_ == TraceLoss{}) return;
  untold_.why = "the collector had no room";
  const TraceEvent event{{options_.clock(), *pid_, 0, 0}, std::exchange(untold_, {})};
  if (!budget_.take(kEventMemory, MemoryBudget::For::kOpenCall, patience)) {
    lose(event, 0);
    return;
  }
  WireBatch batch;
  batch.memory = kEventMemory;
  batch.events.push_back(event);
  deliver_(std::move(batch));
}

void ClientSession::note(TraceLevel level, const std::string& text) {
  const std::uint32_t pid = pid_.value_or(0);
  batch_.events.push_back(
      {{options_.clock(), pid, 0, 0}, TraceNote{level, fmt::format("client {}", pid), text}});
  event_bytes_ += kEventMemory;
}

void ClientSession::finish(const std::string& error) {
  // A buffer that no event names is nothing; events that came whole are what was seen.
  defines_ = true;  // what is left waits for room
  const auto counted = [&](std::uint64_t count, const char* what) {
    if (count != 0) note(TraceLevel::kWarning, fmt::format("{} {}", count, what));
  };
  counted(times_went_back_, "events had times that went back; they have the time before");
  counted(unknown_kinds_, "events of unknown kinds were left out");
  counted(cut_buffers_, "buffers were longer than the collector keeps, and were cut");
  if (!error.empty()) note(TraceLevel::kError, "was cut off: " + error);
  if (error.empty() && !bye_)
    note(TraceLevel::kWarning, "ended without a goodbye: it was killed, or lost its connection");
  drop_dead_calls();
  while (untold_ != TraceLoss{}) tell_losses(options_.patience);
  end_batch();
}

}  // namespace dl::capture
