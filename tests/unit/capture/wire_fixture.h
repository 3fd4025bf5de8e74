// SPDX-License-Identifier: Apache-2.0
// A collector in this process over a folder or a sink of the test, and clients for it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "daylight/capture/collector.h"
#include "daylight/capture/wire/folder_sink.h"
#include "daylight/capture/wire/wire_client.h"
#include "unit/artifact/trace/trace_folders.h"

namespace dl::testing {

inline constexpr const char* kToken = "0123456789abcdef";

// Counts what it is given; `before` runs for each batch: a slow disk.
class CountingSink final : public capture::TraceSink {
 public:
  explicit CountingSink(std::function<void()> before = [] {}) : before_(std::move(before)) {}
  using TraceSink::write;
  bool write(std::span<TraceEvent> events, std::span<const capture::SinkBuffer> buffers) override {
    before_();
    for (const TraceEvent& event : events) {
      ++events_;
      if (std::holds_alternative<TraceEnter>(event.payload)) ++calls_;
      if (std::holds_alternative<TraceLeave>(event.payload)) ++leaves_;
      if (const auto* loss = std::get_if<TraceLoss>(&event.payload)) {
        lost_calls_ += loss->calls;
        lost_events_ += loss->events;
        ++own_;
      }
      if (std::holds_alternative<TraceNote>(event.payload)) ++own_;
      if (std::holds_alternative<TraceProcess>(event.payload)) ++own_;
    }
    for (const auto& buffer : buffers) bytes_ += buffer.bytes.size();
    return true;
  }
  std::uint64_t events_ = 0, calls_ = 0, leaves_ = 0, lost_calls_ = 0, lost_events_ = 0, bytes_ = 0;
  std::uint64_t own_ = 0;  // of the collector: processes, notes, losses

 private:
  std::function<void()> before_;
};

// Runs from its making until finish().
class RunningCollector {
 public:
  RunningCollector(capture::TraceSink& sink, const std::filesystem::path& folder,
                   capture::CollectorOptions options = {}) {
    options.token = kToken;
    options.stop = [this] { return stop_.load(); };
    collector_ = std::make_unique<capture::Collector>(sink, options);
    address_.path = (folder / "socket").string();
    const auto done = collector_->listen(address_);
    EXPECT_TRUE(done) << describe(done.error());
    thread_ = std::thread([this] { report_ = collector_->run(); });
  }
  ~RunningCollector() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void stop() { stop_ = true; }
  // Once all clients have ended.
  capture::CollectorReport finish() {
    thread_.join();
    return report_;
  }
  const capture::WireAddress& address() const { return address_; }

 private:
  std::atomic<bool> stop_{false};
  std::unique_ptr<capture::Collector> collector_;
  capture::WireAddress address_;
  std::thread thread_;
  capture::CollectorReport report_;
};

inline capture::WireHello sample_hello() {
  capture::WireHello hello;
  hello.source = "jvmti";
  hello.abi = "x86_64";
  hello.name = "com.example.app";
  hello.token = kToken;
  return hello;
}

inline std::unique_ptr<capture::WireClient> connect_client(
    const capture::WireAddress& address, const capture::WireClientOptions& options = {}) {
  auto client = capture::WireClient::connect(address, sample_hello(), options);
  if (!client) {
    ADD_FAILURE() << describe(client.error());
    std::abort();
  }
  return *std::move(client);
}

inline TraceEvent stamped(const capture::WireClient& client, std::uint32_t tid, std::uint64_t call,
                          TracePayload payload) {
  return {{capture::WireClient::now_ns(), client.pid(), tid, call}, std::move(payload)};
}

inline bool define_method(capture::WireClient& client) {
  std::vector<TraceEvent> events = {stamped(
      client, 1, 0, TraceMethod{1, TraceMethodKind::kJni, "jni:pkg/Model;.run([B)[F", 0, 0, ""})};
  return client.write(events);
}

// Enter, an argument with these bytes, leave.
inline bool send_call(capture::WireClient& client, std::uint32_t tid, std::uint64_t call,
                      ByteSpan bytes) {
  TraceArgument argument;
  argument.type = "byte[]";
  argument.length = bytes.size();
  std::vector<TraceEvent> events = {
      stamped(client, tid, call, TraceEnter{1, 0, 0}), stamped(client, tid, call, argument),
      stamped(client, tid, call, TraceLeave{1, TraceOutcome::kReturned, call, ""})};
  const capture::SinkBuffer buffer{1, bytes};
  return client.write(events, std::span(&buffer, 1));
}

}  // namespace dl::testing
