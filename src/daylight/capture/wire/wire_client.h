// SPDX-License-Identifier: Apache-2.0
// An agent's end of the wire: sends the events of a call together, and never holds the app up for
// long.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "daylight/base/result.h"
#include "daylight/capture/wire/trace_sink.h"
#include "daylight/capture/wire/wire_address.h"
#include "daylight/capture/wire/wire_frames.h"

namespace dl::capture {

struct WireClientOptions {
  // A socket that stays full so long costs the call that wanted to be written.
  std::chrono::milliseconds patience{50};
  // One that stays full in the middle of a call, or before a definition, ends the connection.
  std::chrono::milliseconds stall{10'000};
  std::size_t inline_bytes = std::size_t{16} << 10;  // larger buffers travel as chunks
};

// What a client could not send.
struct WireLosses {
  std::uint64_t calls = 0;  // enter events
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // as they would have travelled

  friend bool operator==(const WireLosses&, const WireLosses&) = default;
};

// Thread safe. Events are stamped by now_ns(), and have the pid of the hello. Frames are made
// outside of the lock, in memory of the thread that is used again; one system call sends a batch.
//
// A batch that holds a definition (process, module, method) is never dropped while the connection
// lives: later events need it. Where a call's first batch was dropped the agent should leave the
// others out (write() said false); the collector would drop them.
//
// After fork() the child's copy sends nothing and says false; its destructor only closes the
// socket.
class WireClient final : public TraceSink {
 public:
  // Connects and says hello; pid and clock_ns of `hello` are set here unless they are given.
  static Result<std::unique_ptr<WireClient>> connect(const WireAddress& address, WireHello hello,
                                                     const WireClientOptions& options = {});
  // As close().
  ~WireClient() override;
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  using TraceSink::write;
  bool write(std::span<TraceEvent> events, std::span<const SinkBuffer> buffers) override;

  // Tells what was lost and says goodbye. Nothing is sent afterwards.
  void close();

  // CLOCK_MONOTONIC.
  static std::uint64_t now_ns();

  bool connected() const { return fd_.load() >= 0; }
  WireLosses losses() const;
  std::uint32_t pid() const { return pid_; }

 private:
  struct Batch;
  enum class Sent { kAll, kNothing, kBroken };
  WireClient(int fd, std::uint32_t pid, const WireClientOptions& options);
  Sent send(Batch& batch, std::chrono::milliseconds first_wait);
  bool send_losses(std::chrono::milliseconds first_wait);
  void lose(const Batch& batch);
  void hang_up();

  const WireClientOptions options_;
  const std::uint32_t pid_;
  const pid_t owner_;  // the process that connected
  std::atomic<int> fd_;
  std::timed_mutex sending_;
  mutable std::mutex losing_;
  WireLosses lost_ = {};
  WireLosses told_ = {};
};

}  // namespace dl::capture
