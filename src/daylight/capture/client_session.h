// SPDX-License-Identifier: Apache-2.0
// What a collector believes of one client: frames in, batches of checked events out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/capture/memory_budget.h"
#include "daylight/capture/wire/trace_sink.h"
#include "daylight/capture/wire/wire_frames.h"

namespace dl::capture {

// Events that stand together, with the bytes of their buffers.
struct WireBatch {
  std::vector<TraceEvent> events;
  std::vector<std::pair<std::size_t, std::string>> buffers;  // index of the event, bytes
  std::size_t memory = 0;                                    // taken from the budget
};

struct SessionOptions {
  std::string token;  // that the client must know; empty: none is asked
  // Larger buffers are cut to it.
  std::uint64_t max_buffer_bytes = std::uint64_t{64} << 20;
  // A call that finds no memory for so long is dropped.
  std::chrono::milliseconds patience{1000};
  // Time of the trace now.
  std::function<std::uint64_t()> clock = [] { return std::uint64_t{0}; };
  // The process id that the client has in this trace, given what it says of itself. Ids of methods
  // and calls are those of a process: no two clients may share one.
  std::function<std::uint32_t(const WireHello&)> admit = [](const WireHello& hello) {
    return hello.pid;
  };
};

// Ids of one sort, calls that were dropped, threads: what one client may make the collector
// remember of each.
inline constexpr std::size_t kMaxSessionIds = std::size_t{1} << 20;

// Frames are checked by their checksums and lengths; kinds, ids, buffers and process ids by what
// they may be. Times are moved to those of the trace, and may not go back for a thread: such an
// event gets the time of the one before it, and none is later than its arrival. Not thread safe;
// memory: the budget's, one unfinished batch of kMaxBatchEvents (decoded), and the ids.
class ClientSession {
 public:
  using Deliver = std::function<void(WireBatch&&)>;
  // `budget` must outlive this object; who gets a batch gives its memory back.
  ClientSession(SessionOptions options, MemoryBudget& budget, Deliver deliver);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Takes the whole frames at the beginning of `bytes`: how many bytes they had. An Error ends the
  // client; nothing may be fed afterwards, but finish() belongs to it.
  Result<std::size_t> feed(ByteSpan bytes);
  // The connection of a client that was greeted is over: delivers what came whole, and what was
  // noticed; waits until there is room for it.
  void finish(const std::string& error);

  bool greeted() const { return pid_.has_value(); }
  bool said_goodbye() const { return bye_; }
  // In the middle of a batch: the client should not be silent for long.
  bool in_batch() const { return !batch_.events.empty() || !buffers_.empty(); }

 private:
  // A buffer of the batch, in the making.
  struct Buffer {
    std::string bytes;
    std::uint64_t total = 0;
    std::uint64_t seen = 0;
    bool dropped = false;
  };
  Result<void> take_frame(const TraceFrame& frame);
  Result<void> take_hello(const TraceFrame& frame);
  Result<void> take_chunk(const TraceFrame& frame);
  Result<void> take_event(const TraceFrame& frame);
  Result<void> check(TraceEvent& event);
  Result<void> check_buffer(TraceEvent& event);
  Result<void> define(std::unordered_set<std::uint32_t>& ids, std::uint32_t id);
  std::uint64_t time_of(const TraceStamp& stamp);
  void end_batch();
  void drop_dead_calls();
  bool find_memory();
  void drop_buffers();
  void drop_batch();
  void lose(const TraceEvent& event, std::uint64_t bytes);
  void tell_losses(std::chrono::milliseconds patience);
  void note(TraceLevel level, const std::string& text);
  void forget_batch();

  const SessionOptions options_;
  MemoryBudget& budget_;
  const Deliver deliver_;
  std::optional<std::uint32_t> pid_;
  WireHello hello_;
  std::uint64_t time_offset_ns_ = 0;  // modulo 2^64
  bool bye_ = false;
  WireBatch batch_;
  std::vector<Buffer> buffers_;
  std::size_t event_bytes_ = 0;  // of the batch, in memory
  std::size_t frame_bytes_ = 0;  // of the batch, as they came
  bool defines_ = false;
  bool starved_ = false;  // a buffer of the batch found no memory
  std::unordered_set<std::uint32_t> modules_;
  std::unordered_set<std::uint32_t> methods_;
  std::set<std::uint64_t> dropped_calls_;                     // whose begin is not in the trace
  std::unordered_map<std::uint32_t, std::uint64_t> last_ns_;  // by thread
  TraceLoss untold_;
  std::uint64_t times_went_back_ = 0;
  std::uint64_t unknown_kinds_ = 0;
  std::uint64_t cut_buffers_ = 0;
};

}  // namespace dl::capture
