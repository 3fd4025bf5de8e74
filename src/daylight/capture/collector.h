// SPDX-License-Identifier: Apache-2.0
// Receives the events of agents and gives them to one sink: many clients, none of them trusted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/capture/client_session.h"
#include "daylight/capture/wire/wire_address.h"

namespace dl::capture {

inline constexpr std::size_t kMaxClients = 256;  // at the same time

struct CollectorOptions {
  std::string token;           // that clients must know; empty: none
  std::uint64_t expected = 1;  // clients, after whose end the collector ends
  double seconds = 0;          // at the most; 0: no limit
  // Memory that may wait for the sink; calls that were begun may take half as much again.
  std::size_t queue_bytes = std::size_t{192} << 20;
  std::uint64_t max_buffer_bytes = std::uint64_t{64} << 20;  // of one; longer ones are cut
  std::chrono::milliseconds patience{1000};  // a call that finds no room for so long is dropped
  // A client that is silent in the middle of a batch, or does not say hello, is cut off.
  std::chrono::milliseconds silence{30'000};
  std::function<bool()> stop = [] { return false; };  // asked ten times a second; by any thread
};

struct CollectorReport {
  std::uint64_t clients = 0;  // that said hello
  std::uint64_t refused = 0;  // that did not, or were not let in
  std::uint64_t cut_off = 0;  // for what they sent
  std::uint64_t killed = 0;   // ended without goodbye
  std::uint64_t events = 0;   // given to the sink
  std::size_t peak_queue_bytes = 0;
  bool stopped = false;  // before all clients had ended
};

// A thread for each client reads and checks, one writes to the sink. One run() for each object.
class Collector {
 public:
  // `sink` must outlive it; it is called by one thread. Time 0 of the trace is now.
  Collector(TraceSink& sink, CollectorOptions options);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // May be called for several addresses; port 0 is replaced by the one that was chosen.
  Result<void> listen(WireAddress& address);
  // Until all clients have ended, or `stop` or `seconds` end it.
  CollectorReport run();

  // Nanoseconds since time 0.
  std::uint64_t now_ns() const;

 private:
  struct Client;
  void accept_from(int listener);
  void serve(Client& client);
  std::string read_client(Client& client, ClientSession& session);
  std::uint32_t admit(const WireHello& hello, std::uint32_t peer_pid);
  void write_batches();
  void give(WireBatch&& batch);
  void remove_ended();
  bool over(std::chrono::steady_clock::time_point began);

  TraceSink& sink_;
  const CollectorOptions options_;
  const std::chrono::steady_clock::time_point zero_;
  MemoryBudget budget_;
  std::vector<std::pair<int, WireAddress>> listeners_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;  // of what follows
  std::condition_variable filled_;
  std::deque<WireBatch> queue_;
  bool closed_ = false;
  std::set<std::uint32_t> pids_;
  CollectorReport report_;
};

}  // namespace dl::capture
