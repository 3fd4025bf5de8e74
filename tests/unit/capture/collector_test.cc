// SPDX-License-Identifier: Apache-2.0
// Clients and a collector over a real socket: what arrives, what is lost, what is forged.
#include "daylight/capture/collector.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "daylight/artifact/trace/trace_check.h"
#include "daylight/artifact/trace/trace_encoding.h"
#include "wire_fixture.h"

namespace dl::capture {
namespace {

using testing::connect_client;
using ::testing::Contains;
using testing::CountingSink;
using testing::define_method;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_trace;
using testing::RunningCollector;
using testing::send_call;
using testing::TemporaryFolder;

// A folder with a collector over it.
struct FolderRun {
  explicit FolderRun(CollectorOptions options = {})
      : folder(temporary.path() / "trace"),
        writer(testing::new_writer(folder)),
        sink(*writer),
        collector(sink, temporary.path(), std::move(options)) {}
  testing::WholeTrace finish() {
    report = collector.finish();
    EXPECT_TRUE(writer->finish(TraceEnding::kFinished));
    EXPECT_THAT(*trace_problems(folder), IsEmpty());
    return read_trace(folder);
  }
  TemporaryFolder temporary;
  std::filesystem::path folder;
  std::unique_ptr<TraceWriter> writer;
  FolderSink sink;
  RunningCollector collector;
  CollectorReport report;
};

template <typename Record>
std::vector<Record> all(const testing::WholeTrace& trace) {
  std::vector<Record> out;
  for (const TraceEvent& event : trace.events) {
    if (const auto* record = std::get_if<Record>(&event.payload)) out.push_back(*record);
  }
  return out;
}

std::vector<std::string> notes(const testing::WholeTrace& trace) {
  std::vector<std::string> out;
  for (const TraceNote& note : all<TraceNote>(trace)) out.push_back(note.text);
  return out;
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

TEST(Collector, EventsAndBuffersArriveAsTheyWereSent) {
  FolderRun run;
  const std::string small = noise(20, 1);
  const std::string inlined = noise(5000, 2);
  const std::string large = noise(5'000'000, 3);  // several chunks
  {
    const auto client = connect_client(run.collector.address());
    EXPECT_TRUE(define_method(*client));
    std::uint64_t call = 0;
    for (const std::string* bytes : {&small, &inlined, &large, &large})
      EXPECT_TRUE(send_call(*client, 5, ++call, as_bytes(*bytes)));
  }
  const auto trace = run.finish();
  EXPECT_TRUE(trace.complete);
  EXPECT_EQ(run.report.clients, 1U);
  EXPECT_EQ(run.report.killed + run.report.cut_off + run.report.refused, 0U);
  EXPECT_EQ(trace.summary.calls, 4U);
  const auto arguments = all<TraceArgument>(trace);
  ASSERT_EQ(arguments.size(), 4U);
  EXPECT_EQ(arguments[0].buffer.bytes, small);
  EXPECT_EQ(arguments[1].buffer.digest, sha256_bytes(as_bytes(inlined)));
  EXPECT_EQ(arguments[2].buffer.digest, sha256_bytes(as_bytes(large)));
  EXPECT_EQ(arguments[3].buffer, arguments[2].buffer);
  const auto blobs = BlobReader::open(run.folder / "blobs");
  EXPECT_EQ(blobs->get(arguments[2].buffer.digest).value(), large);
  EXPECT_EQ(blobs->index().entries.size(), 2U);
  EXPECT_EQ(all<TraceProcess>(trace)[0].name, "com.example.app");
  EXPECT_THAT(notes(trace), IsEmpty());
  for (const TraceEvent& event : trace.events) EXPECT_LT(event.time_ns, 60'000'000'000U);
}

TEST(Collector, AThousandThreadsOfOneClientLoseNothing) {
  FolderRun run;
  {
    WireClientOptions patient;
    patient.patience = std::chrono::seconds(60);
    const auto client = connect_client(run.collector.address(), patient);
    define_method(*client);
    std::vector<std::thread> threads;
    for (std::uint32_t tid = 1; tid <= 1000; ++tid) {
      threads.emplace_back([&client, tid] {
        const std::string bytes = noise(20'000, tid);
        for (std::uint64_t i = 0; i < 5; ++i)
          EXPECT_TRUE(send_call(*client, tid, tid * 10 + i, as_bytes(bytes)));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  const auto trace = run.finish();
  EXPECT_EQ(trace.summary.calls, 5000U);
  EXPECT_EQ(trace.summary.lost.events, 0U);
  EXPECT_EQ(BlobReader::open(run.folder / "blobs")->index().entries.size(), 1000U);
  // Events of one call stand together.
  for (std::size_t i = 0; i + 2 < trace.events.size(); ++i) {
    if (!std::holds_alternative<TraceEnter>(trace.events[i].payload)) continue;
    EXPECT_EQ(trace.events[i].call, trace.events[i + 2].call);
  }
}

// A disk that takes its time: what is kept and what is lost is what was sent.
TEST(Collector, LossesOfASlowDiskAreExact) {
  const TemporaryFolder temporary;
  CountingSink sink([] { std::this_thread::sleep_for(std::chrono::milliseconds(10)); });
  CollectorOptions options;
  options.queue_bytes = 300'000;
  options.patience = std::chrono::milliseconds(2);
  RunningCollector collector(sink, temporary.path(), options);
  constexpr std::uint64_t kCalls = 400;
  WireLosses lost;
  {
    WireClientOptions impatient;
    impatient.patience = std::chrono::milliseconds(1);
    const auto client = connect_client(collector.address(), impatient);
    define_method(*client);
    const std::string bytes = noise(50'000, 1);
    for (std::uint64_t call = 1; call <= kCalls; ++call)
      send_call(*client, 1, call, as_bytes(bytes));
    lost = client->losses();
    client->close();
  }
  const auto report = collector.finish();
  EXPECT_EQ(sink.calls_ + sink.lost_calls_, kCalls);
  EXPECT_EQ(sink.events_ - sink.own_ + sink.lost_events_, 3 * kCalls + 1);  // and the method
  EXPECT_EQ(sink.calls_, sink.leaves_);                                     // whole calls
  EXPECT_GT(sink.lost_calls_, lost.calls);  // some of them here, not in the client
  EXPECT_LE(report.peak_queue_bytes, options.queue_bytes * 3 / 2);
}

// Begin and end of a call are sent apart: where the begin was dropped, so is the end.
TEST(Collector, CallsThatAreSentInTwoPartsAreDroppedWhole) {
  const TemporaryFolder temporary;
  CountingSink sink([] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  CollectorOptions options;
  options.queue_bytes = 20'000;
  options.patience = std::chrono::milliseconds(0);
  RunningCollector collector(sink, temporary.path(), options);
  constexpr std::uint64_t kCalls = 3000;
  {
    WireClientOptions patient;
    patient.patience = std::chrono::seconds(60);
    const auto client = connect_client(collector.address(), patient);
    define_method(*client);
    for (std::uint64_t call = 1; call <= kCalls; ++call) {
      std::vector<TraceEvent> begin = {testing::stamped(*client, 1, call, TraceEnter{1, 0, 0})};
      std::vector<TraceEvent> end = {testing::stamped(*client, 1, call, TraceLeave{1, {}, 0, ""})};
      EXPECT_TRUE(client->write(begin));
      EXPECT_TRUE(client->write(end));
    }
  }
  collector.finish();
  EXPECT_EQ(sink.calls_ + sink.lost_calls_, kCalls);
  EXPECT_EQ(sink.calls_ + sink.leaves_ + sink.lost_events_, 2 * kCalls);
  EXPECT_GT(sink.lost_calls_, 0U);
  EXPECT_LE(sink.leaves_, sink.calls_);  // no end without its begin
}

TEST(Collector, AClientThatIsKilledLeavesAValidTrace) {
  for (const int after_ms : {0, 7, 40}) {
    FolderRun run;
    int working[2];
    ASSERT_EQ(::pipe(working), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto client = WireClient::connect(run.collector.address(), testing::sample_hello());
      if (!client || !define_method(**client)) ::_exit(1);
      const std::string bytes = noise(3'000'000, 1);
      for (std::uint64_t call = 1;; ++call) {
        send_call(**client, 1, call, as_bytes(bytes));
        if (call == 3 && ::write(working[1], "x", 1) != 1) ::_exit(1);
      }
    }
    char byte = 0;
    EXPECT_EQ(::read(working[0], &byte, 1), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(working[0]);
    ::close(working[1]);
    const auto trace = run.finish();
    EXPECT_TRUE(trace.complete);
    EXPECT_GT(trace.summary.calls, 0U);
    EXPECT_EQ(run.report.killed + run.report.cut_off, 1U);
    EXPECT_THAT(notes(trace), Contains(::testing::AnyOf(HasSubstr("without a goodbye"),
                                                        HasSubstr("in the middle of a frame"))));
  }
}

// Sends bytes as they are, behind a good hello and a method.
class RawClient {
 public:
  explicit RawClient(const WireAddress& address) : fd_(*connect_wire(address)) {}
  ~RawClient() { ::close(fd_); }
  void send(const std::string& bytes) {
    EXPECT_GE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  // The collector has hung up.
  void wait() {
    char byte = 0;
    EXPECT_LE(::recv(fd_, &byte, 1, 0), 0);
  }

 private:
  int fd_;
};

std::string greeting(std::uint32_t pid, const std::string& token = testing::kToken) {
  std::string out;
  WireHello hello = testing::sample_hello();
  hello.pid = pid;
  hello.clock_ns = WireClient::now_ns();
  hello.token = token;
  append_hello(hello, out);
  const TraceMethod method{1, TraceMethodKind::kJava, "java:a/B;.c", 0, 0, ""};
  EXPECT_TRUE(append_frame({{hello.clock_ns, pid, 1, 0}, method}, out));
  append_mark(WireKind::kSend, out);
  return out;
}

std::string framed(std::uint32_t pid, TracePayload payload, std::uint64_t call = 1) {
  std::string out;
  EXPECT_TRUE(append_frame({{WireClient::now_ns(), pid, 1, call}, std::move(payload)}, out));
  return out;
}

std::string chunk(const WireChunk& fields) {
  std::string out(kFrameOverheadBytes + kChunkHeadBytes + fields.bytes.size(), '\0');
  auto* const at = reinterpret_cast<std::uint8_t*>(out.data());
  write_chunk_head(fields, at + kFrameHeaderBytes);
  std::memcpy(at + kFrameHeaderBytes + kChunkHeadBytes, fields.bytes.data(), fields.bytes.size());
  seal_frame(at, static_cast<std::uint16_t>(WireKind::kChunk), {},
             kChunkHeadBytes + fields.bytes.size());
  return out;
}

TraceArgument naming(std::uint32_t buffer, std::uint64_t size) {
  TraceArgument argument;
  argument.length = size;
  argument.buffer = {TraceHeld::kBlob, size, {}, wire_reference(buffer)};
  return argument;
}

struct Forgery {
  const char* what;
  std::string bytes;
  const char* note;
};

std::vector<Forgery> forgeries(std::uint32_t pid) {
  std::string flipped = framed(pid, TraceEnter{1, 0, 0});
  flipped[40] = static_cast<char>(flipped[40] ^ 1);
  std::string header = framed(pid, TraceEnter{1, 0, 0});
  header[0] = '\x7f';
  const std::string part = noise(1000, 1);
  TraceArgument digest;
  digest.buffer = {TraceHeld::kDigest, 10, {}, sha256_bytes(as_bytes(part))};
  std::string bye;
  append_mark(WireKind::kBye, bye);
  return {
      {"payload", flipped, "a frame is damaged"},
      {"length", header, "a frame is damaged"},
      {"garbage", noise(5000, 2), "a frame is damaged"},
      {"method", framed(pid, TraceEnter{2, 0, 0}), "method 2, which it did not define"},
      {"module", framed(pid, TraceNative{"a", "b", "()V", 9, 0, {}}), "module 9"},
      {"process", framed(pid + 1, TraceEnter{1, 0, 0}), "of another process"},
      {"end", framed(pid, TraceEnd{}), "ends the trace"},
      {"digest", framed(pid, digest), "a digest of its own"},
      {"no buffer", framed(pid, naming(0, 10)), "a buffer that it did not send"},
      {"half a buffer", chunk({0, 2000, 0, as_bytes(part)}) + framed(pid, naming(0, 2000)),
       "did not send whole"},
      {"other size", chunk({0, 1000, 0, as_bytes(part)}) + framed(pid, naming(0, 999)),
       "did not send whole"},
      {"twice",
       chunk({0, 1000, 0, as_bytes(part)}) + framed(pid, naming(0, 1000)) +
           framed(pid, naming(0, 1000)),
       "twice"},
      {"gap", chunk({0, 3000, 0, as_bytes(part)}) + chunk({0, 3000, 2000, as_bytes(part)}),
       "out of order"},
      {"beyond", chunk({0, 900, 0, as_bytes(part)}), "a chunk is damaged"},
      {"number", chunk({3, 1000, 0, as_bytes(part)}), "out of order"},
      {"hello", greeting(pid), "hello twice"},
      {"after goodbye", bye + framed(pid, TraceEnter{1, 0, 0}), "follows the goodbye"},
  };
}

TEST(Collector, WhatIsForgedEndsItsClientAndNoOther) {
  CollectorOptions options;
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const auto wrong = forgeries(pid);
  options.expected = wrong.size() + 1;
  FolderRun run(options);
  {
    const auto good = connect_client(run.collector.address());
    define_method(*good);
    std::uint64_t call = 0;
    for (const Forgery& each : wrong) {
      RawClient client(run.collector.address());
      client.send(greeting(pid) + each.bytes);
      client.wait();
      EXPECT_TRUE(send_call(*good, 1, ++call, as_bytes(std::string(100, 'x'))));
    }
  }
  const auto trace = run.finish();
  EXPECT_EQ(run.report.cut_off, wrong.size());
  EXPECT_EQ(trace.summary.calls, wrong.size());  // those of the good one
  for (const Forgery& each : wrong)
    EXPECT_THAT(notes(trace), Contains(HasSubstr(each.note))) << each.what;
}

TEST(Collector, OnlyThoseWithTheTokenAreLetIn) {
  CollectorOptions options;
  FolderRun run(options);
  for (const std::string& bytes :
       {greeting(7, "another"), greeting(7, ""), framed(7, TraceEnter{1, 0, 0}), noise(100, 1)}) {
    RawClient client(run.collector.address());
    client.send(bytes);
    client.wait();
  }
  connect_client(run.collector.address());
  const auto trace = run.finish();
  EXPECT_EQ(run.report.refused, 4U);
  EXPECT_EQ(run.report.clients, 1U);
  EXPECT_EQ(trace.summary.calls, 0U);
}

TEST(Collector, ClaimsOfTwoGigabytesAreCutAndCostNothing) {
  CollectorOptions options;
  options.max_buffer_bytes = 1500;
  options.expected = 2;
  FolderRun run(options);
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const std::string part = noise(1000, 1);
  {
    RawClient client(run.collector.address());
    client.send(greeting(pid) + chunk({0, std::uint64_t{2} << 30U, 0, as_bytes(part)}));
  }
  {
    RawClient client(run.collector.address());
    client.send(greeting(pid) + chunk({0, 2000, 0, as_bytes(part)}) +
                chunk({0, 2000, 1000, as_bytes(part)}) + framed(pid, naming(0, 2000)));
    std::string end;
    append_mark(WireKind::kSend, end);
    append_mark(WireKind::kBye, end);
    client.send(end);
    client.wait();
  }
  const auto trace = run.finish();
  const auto arguments = all<TraceArgument>(trace);
  ASSERT_EQ(arguments.size(), 1U);
  EXPECT_EQ(arguments[0].length, 2000U);
  EXPECT_EQ(arguments[0].buffer.captured, 1500U);
  EXPECT_THAT(notes(trace), Contains(HasSubstr("longer than the collector keeps")));
}

TEST(Collector, ProcessesThatClaimOneIdAreKeptApart) {
  CollectorOptions options;
  options.expected = 3;
  FolderRun run(options);
  {
    RawClient jailed(run.collector.address());
    RawClient another(run.collector.address());
    RawClient third(run.collector.address());
    jailed.send(greeting(2));
    another.send(greeting(2));
    third.send(greeting(2));
  }
  const auto trace = run.finish();
  std::set<std::uint32_t> pids;
  for (const TraceEvent& event : trace.events) {
    if (std::holds_alternative<TraceMethod>(event.payload)) pids.insert(event.pid);
  }
  // The kernel's for the first, the claimed one for the second, a free one for the third.
  EXPECT_THAT(pids, ::testing::UnorderedElementsAre(::getpid(), 2, std::uint32_t{1} << 31U));
  EXPECT_THAT(notes(trace), Contains(HasSubstr("says it is process 2; here it is")));
}

TEST(Collector, TimesThatGoBackAreNoted) {
  FolderRun run;
  const auto pid = static_cast<std::uint32_t>(::getpid());
  {
    RawClient client(run.collector.address());
    std::string bytes = greeting(pid);
    ASSERT_TRUE(append_frame({{WireClient::now_ns(), pid, 1, 0}, TraceLog{}}, bytes));
    ASSERT_TRUE(append_frame({{5, pid, 1, 0}, TraceLog{}}, bytes));
    ASSERT_TRUE(append_frame({{UINT64_MAX, pid, 2, 0}, TraceLog{}}, bytes));
    append_mark(WireKind::kSend, bytes);
    client.send(bytes);
  }
  const auto trace = run.finish();
  EXPECT_THAT(notes(trace), Contains(HasSubstr("1 events had times that went back")));
  std::uint64_t last = 0;
  for (const TraceEvent& event : trace.events) {
    EXPECT_LT(event.time_ns, 60'000'000'000U);
    if (event.tid != 1) continue;
    EXPECT_GE(event.time_ns, last);
    last = event.time_ns;
  }
}

TEST(Collector, TcpWorksAlike) {
  CountingSink sink;
  Collector collector(sink, {});
  WireAddress address = parse_wire_address("tcp:127.0.0.1:0").value();
  ASSERT_TRUE(collector.listen(address));
  EXPECT_NE(address.port, 0);
  std::thread agent([&] {
    const auto client = connect_client(address);
    define_method(*client);
    const std::string bytes = noise(1'000'000, 1);
    for (std::uint64_t call = 1; call <= 20; ++call) send_call(*client, 1, call, as_bytes(bytes));
  });
  collector.run();
  agent.join();
  EXPECT_EQ(sink.calls_ + sink.lost_calls_, 20U);
  EXPECT_EQ(sink.bytes_, sink.calls_ * 1'000'000U);
}

}  // namespace
}  // namespace dl::capture
