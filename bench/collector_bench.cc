// SPDX-License-Identifier: Apache-2.0
// What collecting costs: an agent in a process of its own, a collector here, a run folder.
// Usage: collector_bench [--calls N] [--buffers N] [--noise] [--slow-us N] [--keep FOLDER]
//   a call is enter, argument and leave; --buffers of them carry 150 KB each that no other has
//   (150,528 bytes that zstd shrinks to little, or --noise), the others 12 bytes;
//   --slow-us: the disk takes so much longer for each batch, and agent and collector do not wait;
//   --keep: where the trace is left; without it, it is removed from TMPDIR.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/capture/collector.h"
#include "daylight/capture/wire/folder_sink.h"
#include "daylight/capture/wire/wire_client.h"

namespace {

using namespace dl::capture;

constexpr std::size_t kBufferBytes = 150'528;  // 224 x 224 x 3

struct Options {
  std::uint64_t calls = 1'000'000;
  std::uint64_t buffers = 100'000;
  bool noise = false;
  std::uint64_t slow_us = 0;
  std::filesystem::path keep;
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "0";
    if (flag == "--noise") {
      out.noise = true;
      continue;
    }
    if (flag == "--calls") out.calls = std::strtoull(value, nullptr, 10);
    if (flag == "--buffers") out.buffers = std::strtoull(value, nullptr, 10);
    if (flag == "--slow-us") out.slow_us = std::strtoull(value, nullptr, 10);
    if (flag == "--keep") out.keep = value;
    ++i;
  }
  return out;
}

void require(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "collector_bench: {}\n", what);
  std::exit(1);
}

std::string first_buffer(bool noise) {
  std::mt19937_64 random(1);
  std::string bytes(kBufferBytes, '\0');
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t word = noise ? random() : i / 4096;
    std::memcpy(bytes.data() + i, &word, 8);
  }
  return bytes;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The agent. Exits with 0 if nothing was lost on its side.
int send_all(const WireAddress& address, const Options& options) {
  WireClientOptions client_options;
  if (options.slow_us == 0) client_options.patience = std::chrono::minutes(5);
  WireHello hello;
  hello.source = "bench";
  auto client = WireClient::connect(address, hello, client_options);
  require(client.has_value(), "the agent cannot connect");
  WireClient& wire = **client;
  std::vector<dl::TraceEvent> events(3);
  const auto stamp = [&](dl::TraceEvent& event, std::uint64_t call) {
    event.time_ns = WireClient::now_ns();
    event.pid = wire.pid();
    event.tid = 1;
    event.call = call;
  };
  std::vector<dl::TraceEvent> method(1);
  method[0].payload = dl::TraceMethod{1, dl::TraceMethodKind::kJni, "jni:a/B;.run([B)V", 0, 0, ""};
  stamp(method[0], 0);
  require(wire.write(method), "the method was not sent");
  std::string bytes = first_buffer(options.noise);
  const std::uint64_t every = options.buffers == 0 ? 0 : options.calls / options.buffers;
  for (std::uint64_t call = 1; call <= options.calls; ++call) {
    const bool large = every != 0 && call % every == 0;
    std::memcpy(bytes.data(), &call, sizeof call);
    dl::TraceArgument argument;
    argument.type = "byte[]";
    argument.dtype = "uint8";
    argument.length = large ? kBufferBytes : 12;
    events[0].payload = dl::TraceEnter{1, 0, 0};
    events[1].payload = std::move(argument);
    events[2].payload = dl::TraceLeave{1, dl::TraceOutcome::kReturned, call, {}};
    for (auto& event : events) stamp(event, call);
    const SinkBuffer buffer{
        1, dl::as_bytes(std::string_view(bytes).substr(0, large ? kBufferBytes : 12))};
    wire.write(events, std::span(&buffer, 1));
  }
  wire.close();
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const WireLosses lost = wire.losses();
  fmt::print("agent: {:.1f} s CPU, {:.0f} MB peak, {} calls lost\n",
             seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
             static_cast<double>(usage.ru_maxrss) / 1024, lost.calls);
  std::fflush(stdout);
  return 0;
}

class SlowSink final : public TraceSink {
 public:
  SlowSink(TraceSink& sink, std::uint64_t slow_us) : sink_(sink), slow_us_(slow_us) {}
  using TraceSink::write;
  bool write(std::span<dl::TraceEvent> events, std::span<const SinkBuffer> buffers) override {
    if (slow_us_ != 0) std::this_thread::sleep_for(std::chrono::microseconds(slow_us_));
    return sink_.write(events, buffers);
  }

 private:
  TraceSink& sink_;
  const std::uint64_t slow_us_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const auto root = std::filesystem::temp_directory_path() / "daylight-collector-bench";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root);
  const auto folder = options.keep.empty() ? root / "trace" : options.keep;
  WireAddress address;
  address.path = (root / "socket").string();
  CollectorOptions collect;
  if (options.slow_us == 0) collect.patience = std::chrono::minutes(5);
  if (options.slow_us != 0) collect.patience = std::chrono::milliseconds(10);

  dl::TraceHead head;
  head.source = "bench";
  auto writer = dl::TraceWriter::create(folder, head);
  require(writer.has_value(), "the folder cannot be made");
  FolderSink folder_sink(**writer);
  SlowSink sink(folder_sink, options.slow_us);
  const auto began = std::chrono::steady_clock::now();
  Collector collector(sink, collect);
  require(collector.listen(address).has_value(), "the socket cannot be made");
  const pid_t agent = ::fork();
  if (agent == 0) ::_exit(send_all(address, options));
  const CollectorReport report = collector.run();
  ::waitpid(agent, nullptr, 0);
  require((*writer)->finish(dl::TraceEnding::kFinished).has_value(), "the trace did not end");
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);

  const dl::TraceCounts counts = (*writer)->counts();
  fmt::print(
      "collector: {:.1f} s wall, {:.1f} s CPU, {:.0f} MB peak, {} MB of the queue\n"
      "{} calls kept, {} lost, {} together; {} buffers, {:.2f} GB, {:.2f} GB on the disk\n",
      wall.count(), seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
      static_cast<double>(usage.ru_maxrss) / 1024, report.peak_queue_bytes >> 20U, counts.calls,
      counts.lost.calls, counts.calls + counts.lost.calls, counts.blobs.blobs,
      static_cast<double>(counts.blobs.raw_bytes) / 1e9,
      static_cast<double>(counts.blobs.stored_bytes) / 1e9);
  require(counts.calls + counts.lost.calls == options.calls, "calls are missing");
  require(counts.events + counts.lost.events >= 3 * options.calls, "events are missing");
  auto reader = dl::TraceReader::open(folder);
  dl::TraceEvent event;
  while (reader->next(event)) {
  }
  require(reader->complete() && reader->summary().lost.calls == counts.lost.calls,
          "the trace does not say what it lost");
  std::filesystem::remove_all(root);
}
