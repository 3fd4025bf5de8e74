// SPDX-License-Identifier: Apache-2.0
// A trace in numbers.
#include "daylight/capture/view/trace_statistics.h"

#include <gmock/gmock.h>

#include "daylight/artifact/trace/trace_folder.h"
#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::TemporaryFolder;

TraceStatistics count(const std::filesystem::path& folder) {
  auto reader = TraceReader::open(folder);
  TraceCounter counter;
  TraceEvent event;
  while (reader->next(event)) counter.see(event);
  return counter.finish(*reader);
}

const MethodStatistics* method(const TraceStatistics& statistics, const std::string& name) {
  for (const auto& each : statistics.methods) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

TEST(TraceStatistics, CountsTheSampleExactly) {
  const TemporaryFolder temporary;
  const TraceStatistics found = count(testing::write_sample_trace(temporary));
  EXPECT_EQ(found.events.at(TraceKind::kEnter), 6U);
  EXPECT_EQ(found.events.at(TraceKind::kLeave), 4U);
  EXPECT_EQ(found.threads, 2U);
  EXPECT_EQ(found.processes, 1U);
  const auto* run = method(found, "jni:pkg/Model;.run([F)[F");
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->calls, 2U);
  EXPECT_EQ(run->unended, 1U);
  EXPECT_EQ(run->total_ns, 40'000U);
  EXPECT_EQ(run->self_ns, 30'000U);
  EXPECT_EQ(run->bytes_in, 800U + 4096U);
  EXPECT_EQ(run->bytes_out, 12U);
  const auto* copy = method(found, "import:libx.so!memcpy");
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->outcomes[static_cast<std::size_t>(TraceOutcome::kUnwound)], 1U);
  EXPECT_EQ(copy->unended, 1U);
  EXPECT_EQ(method(found, "so:libx.so!prepare")->outcomes[2], 1U);
  EXPECT_EQ(found.bytes_in, 4896U);
  EXPECT_EQ(found.bytes_out, 4908U);
}

TEST(TraceStatistics, KnowsBuffersThatComeAgain) {
  const TemporaryFolder temporary;
  const TraceStatistics found = count(testing::write_sample_trace(temporary));
  EXPECT_EQ(found.distinct_buffers, 2U);  // of 64 bytes and more
  EXPECT_EQ(found.distinct_bytes, 4896U);
  EXPECT_EQ(found.repeats, 2U);
  ASSERT_EQ(found.repeated.size(), 2U);
  EXPECT_EQ(found.repeated[0].times, 2U);
}

TEST(TraceStatistics, SaysWhatIsMissing) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  TraceStatistics found = count(folder);
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.summary.lost.calls, 2U);
  ASSERT_EQ(found.absent.size(), 1U);
  EXPECT_EQ(found.absent[0].name, "ro.hardware");
  // A byte of the first event's name is another: the rest of the trace is counted.
  const auto segment = segment_path(folder, 0);
  std::string bytes = testing::bytes_of(segment);
  bytes[32 + 36 + 6] = '?';
  testing::overwrite(segment, bytes);
  found = count(folder);
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.summary.damages, 1U);
  EXPECT_EQ(found.events.at(TraceKind::kEnter), 6U);
  EXPECT_EQ(to_json(found)["damages"], 1);
}

TEST(TraceStatistics, TinyAndUnseenBuffersHaveNoIdentity) {
  EXPECT_EQ(identity_of({TraceHeld::kInline, 3, "abc", {}}), std::nullopt);
  EXPECT_EQ(identity_of({TraceHeld::kDropped, 1000, "", {}}), std::nullopt);
  const std::string text(100, 'x');
  EXPECT_EQ(identity_of({TraceHeld::kInline, 100, text, {}}), sha256_bytes(as_bytes(text)));
}

}  // namespace
}  // namespace dl::capture
