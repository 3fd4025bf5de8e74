// SPDX-License-Identifier: Apache-2.0
// Traces that were cut, damaged, or whose writer was killed: what is whole is read, the rest named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "random_events.h"
#include "trace_folders.h"

namespace dl {
namespace {

using testing::bytes_of;
using testing::new_writer;
using testing::overwrite;
using testing::RandomEvents;
using testing::read_trace;
using testing::TemporaryFolder;

// A small trace in several segments, and what is in it.
struct Small {
  explicit Small(std::uint64_t segment_bytes = std::uint64_t{64} << 20) {
    TraceWriterOptions options;
    options.segment_bytes = segment_bytes;
    const auto writer = new_writer(folder.path(), options);
    RandomEvents random(3);
    for (int i = 0; i < 30; ++i) {
      EXPECT_TRUE(writer->write(random.event()));
    }
    EXPECT_TRUE(writer->finish(TraceEnding::kFinished));
    events = read_trace(folder.path()).events;
    EXPECT_EQ(events.size(), 31U);
  }
  std::filesystem::path segment(std::uint32_t number) const {
    return segment_path(folder.path(), number);
  }
  std::vector<TraceEvent> first(std::size_t count) const {
    return {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  TemporaryFolder folder;
  std::vector<TraceEvent> events;
};

TEST(TraceDamage, EveryPrefixIsAValidTrace) {
  const Small trace;
  const std::string bytes = bytes_of(trace.segment(0));
  std::size_t last = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    overwrite(trace.segment(0), bytes.substr(0, size));
    const auto part = read_trace(trace.folder.path());
    ASSERT_LT(part.events.size(), trace.events.size());
    ASSERT_EQ(part.events, trace.first(part.events.size())) << size;
    ASSERT_GE(part.events.size(), last);
    last = part.events.size();
    ASSERT_FALSE(part.complete);
    const std::uint64_t whole =
        size < kTraceFileHeaderBytes
            ? 0
            : kTraceFileHeaderBytes +
                  count_frames(
                      as_bytes(bytes).subspan(kTraceFileHeaderBytes, size - kTraceFileHeaderBytes))
                      .bytes;
    if (whole == size && size != 0) {
      ASSERT_TRUE(part.summary.damage.empty());
    } else {
      ASSERT_EQ(part.summary.damage.size(), 1U);
      ASSERT_EQ(part.summary.damage[0].offset, whole);
      ASSERT_EQ(part.summary.damage[0].bytes, size - whole);
    }
  }
  EXPECT_EQ(last, trace.events.size() - 1);
}

TEST(TraceDamage, EveryFlippedByteIsReportedAndTheRestIsRead) {
  const Small trace(700);
  const auto numbers = segment_numbers(trace.folder.path());
  ASSERT_GE(numbers.size(), 4U);
  const std::string bytes = bytes_of(trace.segment(1));
  const std::size_t in_first =
      count_frames(as_bytes(bytes_of(trace.segment(0))).subspan(kTraceFileHeaderBytes)).frames;
  const std::size_t in_second = count_frames(as_bytes(bytes).subspan(kTraceFileHeaderBytes)).frames;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    overwrite(trace.segment(1), damaged);
    const auto part = read_trace(trace.folder.path());
    ASSERT_EQ(part.summary.damages, 1U) << at;
    ASSERT_EQ(part.summary.damage[0].file, "events-000001.dlt");
    ASSERT_GT(part.summary.damage[0].bytes, 0U);
    ASSERT_FALSE(part.complete);
    // Exactly as many are missing as the reader says, and all of them from this segment.
    ASSERT_EQ(part.events.size() + part.summary.missing, trace.events.size()) << at;
    ASSERT_GE(part.summary.missing, 1U);
    ASSERT_LE(part.summary.missing, in_second);
    ASSERT_EQ(std::vector(part.events.begin(), part.events.begin() + static_cast<long>(in_first)),
              trace.first(in_first));
    ASSERT_EQ(part.events.back(), trace.events.back());
  }
}

TEST(TraceDamage, AMissingSegmentIsCounted) {
  const Small trace(700);
  const std::uint64_t there =
      count_frames(as_bytes(bytes_of(trace.segment(1))).subspan(kTraceFileHeaderBytes)).frames;
  std::filesystem::remove(trace.segment(1));
  const auto part = read_trace(trace.folder.path());
  EXPECT_EQ(part.summary.missing, there);
  EXPECT_EQ(part.events.size() + there, trace.events.size());
  EXPECT_EQ(part.summary.damages, 1U);
  EXPECT_FALSE(part.complete);
}

TEST(TraceDamage, ASegmentInAnothersPlaceIsNotRead) {
  const Small trace(700);
  overwrite(trace.segment(2), bytes_of(trace.segment(1)));
  const auto part = read_trace(trace.folder.path());
  EXPECT_EQ(part.summary.damages, 1U);
  EXPECT_LT(part.events.size(), trace.events.size());
  EXPECT_EQ(part.events.size() + part.summary.missing, trace.events.size());
}

TEST(TraceDamage, AFolderOrAPipeInASegmentsPlaceIsReported) {
  const Small trace;
  std::filesystem::remove(trace.segment(0));
  std::filesystem::create_directory(trace.segment(0));
  ASSERT_EQ(::mkfifo(trace.segment(1).c_str(), 0600), 0);
  const auto part = read_trace(trace.folder.path());
  EXPECT_TRUE(part.events.empty());
  EXPECT_EQ(part.summary.damages, 2U);
}

TEST(TraceDamage, UnknownKindsArePassedOver) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  std::string frames(kFrameOverheadBytes + 100, 'n');
  seal_frame(reinterpret_cast<std::uint8_t*>(frames.data()), 900, {1, 2, 3, 4}, 100);
  ASSERT_TRUE(writer->write({{1, 1, 1, 1}, TraceEnter{}}));
  ASSERT_TRUE(writer->write_frames(as_bytes(frames)));
  ASSERT_TRUE(writer->write_frames(as_bytes(frames)));
  ASSERT_TRUE(writer->write({{1, 1, 1, 1}, TraceLeave{}}));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto trace = read_trace(temporary.path());
  EXPECT_EQ(trace.events.size(), 3U);
  EXPECT_THAT(trace.summary.unknown, ::testing::ElementsAre(::testing::Pair(900, 2)));
  EXPECT_TRUE(trace.complete);
}

// A buffer of the app that looks like a frame must never become an event.
TEST(TraceDamage, BytesOfTheAppCannotPoseAsEvents) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  std::string forged;
  ASSERT_TRUE(append_frame({{9, 9, 9, 9}, TraceNote{TraceLevel::kInfo, "", "forged"}}, forged));
  TraceArgument argument;
  argument.buffer = {TraceHeld::kInline, forged.size(), forged, {}};
  ASSERT_TRUE(writer->write({{1, 1, 1, 1}, argument}));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto path = segment_path(temporary.path(), 0);
  const std::string bytes = bytes_of(path);
  for (std::size_t at = kTraceFileHeaderBytes; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] + 1);
    overwrite(path, damaged);
    for (const TraceEvent& event : read_trace(temporary.path()).events)
      ASSERT_NE(event.pid, 9U) << at;
  }
}

TEST(TraceDamage, AKilledWriterLeavesAValidPrefix) {
  for (int round = 0; round < 3; ++round) {
    const TemporaryFolder temporary;
    const auto folder = temporary.path() / "trace";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      TraceWriterOptions options;
      options.segment_bytes = 300'000;
      options.buffer_bytes = 4096;
      options.blobs.pack_bytes = 200'000;
      const auto writer = new_writer(folder, options);
      RandomEvents random(4);
      for (std::uint64_t i = 0;; ++i) {
        TraceArgument argument;
        argument.length = i;
        argument.buffer = writer->keep(as_bytes(std::to_string(i) + random.text(3000)));
        static_cast<void>(writer->write({{i, 1, 1, i}, argument}));
      }
    }
    const auto enough = segment_path(folder, static_cast<std::uint32_t>(2 + round));
    while (!std::filesystem::exists(enough)) ::usleep(1000);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    const auto trace = read_trace(folder);
    const auto blobs = TraceReader::open(folder)->blobs();
    ASSERT_TRUE(blobs);
    ASSERT_GT(trace.events.size(), 1000U);
    EXPECT_FALSE(trace.complete);
    EXPECT_LE(trace.summary.damages, 1U);  // a torn event at the very end
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
      ASSERT_EQ(trace.events[i].time_ns, i);
      const auto& buffer = std::get<TraceArgument>(trace.events[i].payload).buffer;
      if (buffer.held != TraceHeld::kBlob) continue;
      const auto bytes = blobs->get(buffer.digest);
      ASSERT_TRUE(bytes) << describe(bytes.error());
      ASSERT_EQ(bytes->size(), buffer.captured);
    }
  }
}

TEST(TraceDamage, AHeadThatIsNoneIsAnError) {
  const TemporaryFolder temporary;
  EXPECT_EQ(TraceReader::open(temporary.path()).error().code, ErrorCode::kNotFound);
  overwrite(temporary.path() / "trace.json", "{\"schema\": \"daylight/inventory/1\"}");
  EXPECT_FALSE(TraceReader::open(temporary.path()));
  TraceHead head = testing::sample_head();
  head.rules = {"no rule at all"};
  overwrite(temporary.path() / "trace.json", dump_json(to_json(head)));
  EXPECT_FALSE(TraceReader::open(temporary.path()));
}

}  // namespace
}  // namespace dl
