// SPDX-License-Identifier: Apache-2.0
// Whole run folders: order, segments, threads, equal bytes, memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "random_events.h"
#include "trace_folders.h"

namespace dl {
namespace {

using testing::new_writer;
using testing::RandomEvents;
using testing::read_trace;
using testing::TemporaryFolder;

TEST(TraceRun, ComesBackInOrderWithItsEnd) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  RandomEvents random(1);
  std::vector<TraceEvent> events;
  std::uint64_t calls = 0;
  TraceLoss lost;
  for (int i = 0; i < 2000; ++i) {
    events.push_back(random.event());
    calls += std::holds_alternative<TraceEnter>(events.back().payload) ? 1 : 0;
    if (const auto* loss = std::get_if<TraceLoss>(&events.back().payload)) {
      lost.calls += loss->calls;
      lost.events += loss->events;
    }
  }
  const auto writer = new_writer(folder);
  for (std::size_t i = 0; i < events.size(); i += 7) {
    const std::size_t size = std::min<std::size_t>(7, events.size() - i);
    ASSERT_TRUE(writer->write(std::span(events).subspan(i, size)));
  }
  ASSERT_TRUE(writer->finish(TraceEnding::kStopped, "enough"));
  auto trace = read_trace(folder);
  ASSERT_EQ(trace.events.size(), events.size() + 1);
  const auto end = std::get<TraceEnd>(trace.events.back().payload);
  trace.events.pop_back();
  EXPECT_EQ(trace.events, events);
  EXPECT_EQ(end,
            (TraceEnd{TraceEnding::kStopped, 2000, calls, 0, lost.calls, lost.events, "enough"}));
  EXPECT_TRUE(trace.complete);
  EXPECT_EQ(trace.summary.calls, calls);
  EXPECT_EQ(trace.summary.lost.events, lost.events);
  EXPECT_EQ(TraceReader::open(folder)->head(), testing::sample_head());
}

TEST(TraceRun, AFolderHoldsOneTrace) {
  const TemporaryFolder temporary;
  ASSERT_TRUE(new_writer(temporary.path())->finish(TraceEnding::kFinished));
  const auto second = TraceWriter::create(temporary.path(), testing::sample_head());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(read_trace(temporary.path()).complete);
}

TEST(TraceRun, NothingFollowsTheEnd) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  EXPECT_EQ(writer->write({{}, TraceEnd{}}).error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  EXPECT_FALSE(writer->write({{}, TraceNote{}}));
  EXPECT_FALSE(writer->finish(TraceEnding::kFinished));
  const auto trace = read_trace(temporary.path());
  // The refused end event is a loss that the trace tells.
  EXPECT_EQ(trace.summary.lost.events, 1U);
  EXPECT_TRUE(trace.complete);
}

TEST(TraceRun, SegmentsKeepToTheirSize) {
  const TemporaryFolder temporary;
  TraceWriterOptions options;
  options.segment_bytes = 1000;
  options.buffer_bytes = 5000;
  const auto writer = new_writer(temporary.path(), options);
  std::vector<TraceEvent> events;
  for (std::uint64_t i = 0; i < 500; ++i)
    events.push_back({{i, 1, 2, i}, TraceLog{TraceLevel::kInfo, "tag", std::string(i % 90, 'x')}});
  events.push_back(
      {{}, TraceLog{TraceLevel::kInfo, "one event larger than a segment", std::string(3000, 'y')}});
  events.push_back({{}, TraceLog{}});
  for (const auto& event : events) ASSERT_TRUE(writer->write(event));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto numbers = segment_numbers(temporary.path());
  EXPECT_GT(numbers.size(), 40U);
  int large = 0;
  for (const std::uint32_t number : numbers)
    large += std::filesystem::file_size(segment_path(temporary.path(), number)) > 1000 ? 1 : 0;
  EXPECT_EQ(large, 1);
  auto trace = read_trace(temporary.path());
  EXPECT_TRUE(trace.complete);
  trace.events.pop_back();
  EXPECT_EQ(trace.events, events);
}

TEST(TraceRun, SegmentsOfTheirUsualSizeChange) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  const TraceEvent event{{1, 2, 3, 4}, TraceLog{TraceLevel::kInfo, "", std::string(60'000, 'x')}};
  for (int i = 0; i < 1200; ++i) ASSERT_TRUE(writer->write(event));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  ASSERT_EQ(segment_numbers(temporary.path()).size(), 2U);
  const auto first = std::filesystem::file_size(segment_path(temporary.path(), 0));
  EXPECT_LE(first, std::uint64_t{64} << 20);
  EXPECT_GT(first, (std::uint64_t{64} << 20) - 61'000);
  EXPECT_EQ(read_trace(temporary.path()).summary.events, 1201U);
}

TEST(TraceRun, EqualRunsGiveEqualBytes) {
  const TemporaryFolder temporary;
  const auto run = [&](const char* name) {
    TraceWriterOptions options;
    options.clock = [] { return std::uint64_t{77}; };
    const auto writer = new_writer(temporary.path() / name, options);
    RandomEvents random(5);
    for (int i = 0; i < 300; ++i) {
      TraceEvent event = random.event(TraceKind::kArgument);
      std::get<TraceArgument>(event.payload).buffer = writer->keep(as_bytes(random.text(300)));
      EXPECT_TRUE(writer->write(event));
    }
    EXPECT_TRUE(writer->finish(TraceEnding::kFinished));
  };
  run("a");
  run("b");
  for (const char* file :
       {"trace.json", "events-000000.dlt", "blobs/pack-000000.dlb", "blobs/index.dli"}) {
    const std::string bytes = testing::bytes_of(temporary.path() / "a" / file);
    EXPECT_FALSE(bytes.empty()) << file;
    EXPECT_EQ(bytes, testing::bytes_of(temporary.path() / "b" / file)) << file;
  }
  EXPECT_EQ(read_trace(temporary.path() / "a").events.back().time_ns, 77U);
}

TEST(TraceRun, ThreadsKeepTheirOrderAndTheirBatches) {
  const TemporaryFolder temporary;
  TraceWriterOptions options;
  options.segment_bytes = 20'000;
  options.buffer_bytes = 3000;
  const auto writer = new_writer(temporary.path(), options);
  constexpr std::uint64_t kCalls = 2000;
  const auto work = [&](std::uint32_t tid) {
    for (std::uint64_t call = 1; call <= kCalls; ++call) {
      const std::string data = std::to_string(call) + std::string(call % 200, 'z');
      const std::vector<TraceEvent> batch = {
          {{call, 1, tid, call}, TraceEnter{tid, 0, 0}},
          {{call, 1, tid, call},
           TraceArgument{0,
                         TraceDirection::kIn,
                         "",
                         "byte[]",
                         "",
                         {},
                         0,
                         data.size(),
                         writer->keep(as_bytes(data))}},
          {{call, 1, tid, call}, TraceLeave{tid, TraceOutcome::kReturned, 0, ""}}};
      EXPECT_TRUE(writer->write(batch));
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t tid = 1; tid <= 4; ++tid) threads.emplace_back(work, tid);
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));

  const auto trace = read_trace(temporary.path());
  ASSERT_TRUE(trace.complete);
  ASSERT_EQ(trace.events.size(), 4 * 3 * kCalls + 1);
  std::map<std::uint32_t, std::uint64_t> last_call;
  for (std::size_t i = 0; i + 2 < trace.events.size(); i += 3) {
    const auto tid = trace.events[i].tid;
    EXPECT_EQ(trace.events[i].call, ++last_call[tid]);
    EXPECT_EQ(kind_of(trace.events[i].payload), TraceKind::kEnter);
    EXPECT_EQ(kind_of(trace.events[i + 2].payload), TraceKind::kLeave);
    EXPECT_EQ(trace.events[i + 2].call, last_call[tid]);
  }
  // The same buffers came from all four threads.
  const auto blobs = TraceReader::open(temporary.path())->blobs();
  ASSERT_TRUE(blobs);
  EXPECT_EQ(blobs->index().entries.size(), writer->counts().blobs.blobs);
  EXPECT_EQ(writer->counts().blobs.repeats, 3 * writer->counts().blobs.blobs);
}

TEST(TraceRun, FramesFromElsewhereAreCheckedFirst) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  std::string frames;
  ASSERT_TRUE(append_frame({{5, 1, 1, 1}, TraceEnter{1, 0, 0}}, frames));
  ASSERT_TRUE(
      append_frame({{6, 1, 1, 0}, TraceLoss{2, 6, 100, "the source was too fast"}}, frames));
  ASSERT_TRUE(writer->write_frames(as_bytes(frames)));
  std::string damaged = frames;
  damaged[damaged.size() - 10] ^= 1;
  EXPECT_FALSE(writer->write_frames(as_bytes(damaged)));
  EXPECT_FALSE(writer->write_frames(as_bytes(frames).first(frames.size() - 1)));
  std::string end;
  ASSERT_TRUE(append_frame({{}, TraceEnd{}}, end));
  EXPECT_FALSE(writer->write_frames(as_bytes(end)));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto trace = read_trace(temporary.path());
  ASSERT_EQ(trace.events.size(), 3U);
  EXPECT_EQ(trace.events.back().time_ns, 6U);
  EXPECT_EQ(std::get<TraceEnd>(trace.events.back().payload).lost_calls, 2U);
  EXPECT_TRUE(trace.complete);
}

TEST(TraceRun, KeepChoosesTheForm) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  const TraceBuffer few = writer->keep(as_bytes(std::string_view("twelve bytes")));
  EXPECT_EQ(few, (TraceBuffer{TraceHeld::kInline, 12, "twelve bytes", {}}));
  EXPECT_EQ(writer->keep({}).held, TraceHeld::kInline);
  const std::string many(65, 'm');
  const TraceBuffer blob = writer->keep(as_bytes(many));
  EXPECT_EQ(blob, (TraceBuffer{TraceHeld::kBlob, 65, "", sha256_bytes(as_bytes(many))}));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  EXPECT_EQ(*TraceReader::open(temporary.path())->blobs()->get(blob.digest), many);
}

long peak_kib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(TraceRun, ManyEventsTakeLittleMemory) {
  const TemporaryFolder temporary;
  const long before = peak_kib();
  {
    const auto writer = new_writer(temporary.path());
    TraceEvent event{{1, 1, 1, 1}, TraceLog{TraceLevel::kInfo, "tag", std::string(1000, 'x')}};
    for (int i = 0; i < 100'000; ++i) {
      ++event.time_ns;
      ASSERT_TRUE(writer->write(event));
    }
    ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  }
  auto reader = TraceReader::open(temporary.path());
  ASSERT_TRUE(reader);
  TraceEvent event;
  std::uint64_t read = 0;
  while (reader->next(event)) {
    ++read;
    if (read <= 100'000) {
      ASSERT_EQ(event.time_ns, read + 1);
    }
  }
  EXPECT_EQ(read, 100'001U);
  EXPECT_TRUE(reader->complete());
#ifndef __SANITIZE_ADDRESS__               // the sanitizer keeps what was freed
  EXPECT_LT(peak_kib() - before, 30'000);  // of a trace of 110 MB
#else
  static_cast<void>(before);
#endif
}

}  // namespace
}  // namespace dl
