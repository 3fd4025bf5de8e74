// SPDX-License-Identifier: Apache-2.0
// What writing and reading a trace costs: events, and buffers that repeat or all differ.
// Usage: trace_bench [--benchmark_...]; TMPDIR says where the traces are written.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/artifact/trace/trace_writer.h"

namespace {

constexpr std::size_t kBufferBytes = 150'528;  // 224 x 224 x 3

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "daylight-trace-bench") {
    std::filesystem::remove_all(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<dl::TraceWriter> new_writer(const Folder& folder) {
  dl::TraceHead head;
  head.source = "bench";
  auto writer = dl::TraceWriter::create(folder.path(), head);
  if (!writer) std::abort();
  return *std::move(writer);
}

// Enter, an argument of 12 bytes and leave, as a source encodes them.
void encode_call(std::uint64_t call, const dl::TraceArgument& argument, const std::string& bytes,
                 std::string& frames) {
  const dl::TraceStamp stamp{call, 1, 2, call};
  bool ok = dl::append_frame({stamp, dl::TraceEnter{1, 0x1000, 0}}, frames).has_value();
  ok = ok && dl::append_argument_frame(stamp, argument, dl::as_bytes(bytes), frames).has_value();
  ok =
      ok && dl::append_frame({stamp, dl::TraceLeave{1, dl::TraceOutcome::kReturned, 0, {}}}, frames)
                .has_value();
  if (!ok) std::abort();
}

dl::TraceArgument twelve_bytes() {
  dl::TraceArgument argument;
  argument.type = "byte[]";
  argument.dtype = "uint8";
  argument.length = 12;
  return argument;
}

// Into memory only.
void encode_calls(benchmark::State& state) {
  const auto argument = twelve_bytes();
  const std::string bytes = "twelve bytes";
  std::string frames;
  std::uint64_t call = 0;
  for (auto step : state) {
    static_cast<void>(step);
    if (frames.size() > 100'000) frames.clear();
    encode_call(++call, argument, bytes, frames);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_calls);

// The three events in one call of the writer, to the disk.
void write_calls(benchmark::State& state) {
  const Folder folder;
  const auto writer = new_writer(folder);
  std::vector<dl::TraceEvent> events(3);
  auto argument = twelve_bytes();
  argument.buffer = {dl::TraceHeld::kInline, 12, "twelve bytes", {}};
  events[0].payload = dl::TraceEnter{1, 0x1000, 0};
  events[1].payload = argument;
  events[2].payload = dl::TraceLeave{1, dl::TraceOutcome::kReturned, 0, {}};
  std::uint64_t call = 0;
  for (auto step : state) {
    static_cast<void>(step);
    ++call;
    for (auto& event : events) event.call = event.time_ns = call;
    if (!writer->write(events)) std::abort();
  }
  if (!writer->finish(dl::TraceEnding::kFinished)) std::abort();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_calls)->Iterations(1'000'000);

void read_calls(benchmark::State& state) {
  const Folder folder;
  {
    const auto writer = new_writer(folder);
    std::string frames;
    for (std::uint64_t call = 1; call <= 100'000; ++call) {
      frames.clear();
      encode_call(call, twelve_bytes(), "twelve bytes", frames);
      if (!writer->write_frames(dl::as_bytes(frames))) std::abort();
    }
    if (!writer->finish(dl::TraceEnding::kFinished)) std::abort();
  }
  std::int64_t events = 0;
  for (auto step : state) {
    static_cast<void>(step);
    auto reader = dl::TraceReader::open(folder.path());
    dl::TraceEvent event;
    while (reader->next(event)) ++events;
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(read_calls)->Unit(benchmark::kMillisecond);

// Pictures: bytes that do not shrink, bytes as a smooth picture has them, their floats.
enum class Content { kNoise, kPicture, kFloats };

std::string buffer_of(Content content, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(kBufferBytes, ' ');
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, 8);
  }
  if (content == Content::kNoise) return bytes;
  double value = 128;
  for (char& c : bytes) {
    value += (static_cast<unsigned char>(c) % 7) - 3;
    value = std::min(255.0, std::max(0.0, value));
    c = static_cast<char>(static_cast<unsigned char>(value));
  }
  if (content == Content::kPicture) return bytes;
  std::string floats(kBufferBytes, ' ');
  for (std::size_t i = 0; i + 4 <= floats.size(); i += 4) {
    const float scaled =
        (static_cast<float>(static_cast<unsigned char>(bytes[i / 4])) - 127.5F) / 127.5F;
    std::memcpy(floats.data() + i, &scaled, 4);
  }
  return floats;
}

// `distinct` buffers in turns; 0: every one differs (its number is written into it).
void keep_buffers(benchmark::State& state, Content content, std::uint64_t distinct) {
  const Folder folder;
  const auto writer = new_writer(folder);
  std::vector<std::string> buffers;
  for (std::uint64_t i = 0; i < (distinct == 0 ? 64 : distinct); ++i)
    buffers.push_back(buffer_of(content, i));
  std::uint64_t count = 0;
  for (auto step : state) {
    static_cast<void>(step);
    std::string& buffer = buffers[count % buffers.size()];
    ++count;
    if (distinct == 0) std::memcpy(buffer.data() + 40'000, &count, 8);
    if (writer->keep(dl::as_bytes(buffer)).held != dl::TraceHeld::kBlob) std::abort();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(count * kBufferBytes));
  const auto blobs = writer->counts().blobs;
  state.counters["stored/raw"] =
      static_cast<double>(blobs.stored_bytes) / static_cast<double>(blobs.raw_bytes);
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["peak MB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}
BENCHMARK_CAPTURE(keep_buffers, repeated_30, Content::kNoise, 30)
    ->Iterations(50'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(keep_buffers, repeated_600, Content::kNoise, 600)
    ->Iterations(20'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(keep_buffers, differ_noise, Content::kNoise, 0)
    ->Iterations(10'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(keep_buffers, differ_picture, Content::kPicture, 0)
    ->Iterations(10'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(keep_buffers, differ_floats, Content::kFloats, 0)
    ->Iterations(10'000)
    ->UseRealTime();

void checksum(benchmark::State& state) {
  const std::string bytes = buffer_of(Content::kNoise, 1);
  for (auto step : state) {
    static_cast<void>(step);
    benchmark::DoNotOptimize(state.range(0) == 0 ? dl::crc32c_portable(dl::as_bytes(bytes))
                                                 : dl::crc32c(dl::as_bytes(bytes)));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(checksum)->ArgName("instruction")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
