// SPDX-License-Identifier: Apache-2.0
// A long trace costs its readers no more memory than a short one.
#include <gtest/gtest.h>
#include <malloc.h>

#include "daylight/capture/view/event_text.h"
#include "daylight/capture/view/perfetto_export.h"
#include "daylight/capture/view/trace_statistics.h"
#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::TemporaryFolder;

constexpr std::uint64_t kCalls = 60'000;

// Bytes that are allocated now; 0 under sanitizers, which have an allocator of their own.
std::size_t allocated() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

void write_long_trace(const std::filesystem::path& folder) {
  testing::SampleTrace trace(folder);
  trace.add(0, 1, 0, TraceMethod{1, TraceMethodKind::kJni, "jni:a/B;.c([B)V", 0, 0, ""});
  std::string bytes(100, 'x');
  for (std::uint64_t call = 1; call <= kCalls; ++call) {
    bytes.replace(0, 8, reinterpret_cast<const char*>(&call), 8);
    TraceBuffer buffer{TraceHeld::kInline, bytes.size(), bytes, {}};
    const std::uint64_t us = call * 10;
    trace.add(us, 1, call, TraceEnter{1, 0, 0});
    trace.add(us + 1, 1, call, testing::float_argument(0, TraceDirection::kIn, "i", buffer));
    trace.add(us + 2, 1, call, TraceLeave{1, TraceOutcome::kReturned, 0, ""});
  }
  ASSERT_TRUE(trace.writer().finish(TraceEnding::kFinished));
}

// All readers that stream, each event through each of them.
TEST(TraceLarge, ReadersKeepNothingOfCallsThatAreOver) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  write_long_trace(folder);
  auto reader = TraceReader::open(folder);
  ASSERT_TRUE(reader);
  const auto blobs = reader->blobs();
  BufferBeginnings beginnings(*blobs);
  BufferFlows flows;
  TraceContext context;
  std::uint64_t exported = 0;
  std::uint64_t shown = 0;
  PerfettoExport perfetto(flows, beginnings, [&](std::string_view piece) -> Result<void> {
    exported += piece.size();
    return {};
  });
  std::size_t at_a_tenth = 0;
  TraceEvent event;
  while (reader->next(event)) {
    shown += event_text(event, context.see(event), context.names(), beginnings).size();
    ASSERT_TRUE(perfetto.see(event));
    if (reader->summary().events == 3 * kCalls / 10) at_a_tenth = allocated();
  }
  const std::size_t at_the_end = allocated();
  EXPECT_LT(at_the_end, at_a_tenth + (std::size_t{1} << 20));
  EXPECT_EQ(reader->summary().calls, kCalls);
  EXPECT_GT(exported, kCalls * 100);
  EXPECT_GT(shown, kCalls * 100);
}

// Different buffers are told apart at the price of some bytes each, not of the buffers.
TEST(TraceLarge, StatisticsKeepDigestsOnly) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  write_long_trace(folder);
  auto reader = TraceReader::open(folder);
  ASSERT_TRUE(reader);
  TraceCounter counter;
  const std::size_t before = allocated();
  TraceEvent event;
  while (reader->next(event)) counter.see(event);
  const std::size_t after = allocated();
  EXPECT_LT(after, before + kCalls * 120 + (std::size_t{1} << 20));
  EXPECT_EQ(counter.finish(*reader).distinct_buffers, kCalls);
}

}  // namespace
}  // namespace dl::capture
