// SPDX-License-Identifier: Apache-2.0
// Perfetto files, read back by Perfetto's own protos; and which buffers count as a flow.
#include "daylight/capture/view/perfetto_export.h"

#include <gmock/gmock.h>

#include <fstream>

#include "daylight/capture/view/event_json.h"
#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::float_argument;
using testing::kMain;
using testing::kPid;
using testing::TemporaryFolder;

template <typename Each>
TraceSummary each_event(const std::filesystem::path& folder, Each each) {
  auto reader = TraceReader::open(folder);
  EXPECT_TRUE(reader);
  TraceEvent event;
  while (reader->next(event)) each(event);
  return reader->summary();
}

std::string perfetto_of(const std::filesystem::path& folder) {
  const auto blobs = BlobReader::open(folder / "blobs");
  BufferFlows flows;
  each_event(folder, [&](const TraceEvent& event) { flows.look(event); });
  flows.end_first_pass(*blobs);
  BufferBeginnings beginnings(*blobs);
  std::string bytes;
  PerfettoExport out(flows, beginnings, [&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  });
  const auto summary = each_event(folder, [&](const TraceEvent& e) { EXPECT_TRUE(out.see(e)); });
  EXPECT_TRUE(out.finish(summary));
  return bytes;
}

std::string lines_of(const std::filesystem::path& folder) {
  const auto blobs = BlobReader::open(folder / "blobs");
  BufferBeginnings beginnings(*blobs);
  TraceNames names;
  std::string lines;
  each_event(folder, [&](const TraceEvent& event) {
    names.see(event);
    lines += dump_json_line(event_json(event, names, beginnings)) + "\n";
  });
  return lines;
}

// What perfetto_check.py says: its output, and whether it was content.
struct Verdict {
  int code = -1;
  std::string output;
};
Verdict check(const std::filesystem::path& folder, const std::filesystem::path& files,
              const std::string& excepted) {
  std::ofstream(files / "t.pftrace", std::ios::binary) << perfetto_of(folder);
  std::ofstream(files / "t.jsonl", std::ios::binary) << lines_of(folder);
  const std::string command =
      testing::test_python() + " " +
      testing::project_file("tests/unit/capture/perfetto_check.py").string() + " " +
      (files / "t.pftrace").string() + " " + (files / "t.jsonl").string() + " " + excepted +
      "; echo $?";
  Verdict verdict;
  verdict.output = testing::run_command(command).value_or("");
  const auto end = verdict.output.find_last_of('\n', verdict.output.size() - 2);
  verdict.code = std::atoi(verdict.output.c_str() + (end == std::string::npos ? 0 : end + 1));
  return verdict;
}

TEST(PerfettoExport, DecodesToTheSameCallsInstantsAndFlows) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  const auto verdict = check(folder, temporary.path(), sha256_hex(std::string(4096, '\0')));
  if (verdict.code == 77) GTEST_SKIP() << verdict.output;
  EXPECT_EQ(verdict.code, 0) << verdict.output;
  EXPECT_THAT(verdict.output, ::testing::HasSubstr("7 slices, 4 instants, 1 flows"));
}

// Threads, calls that end elsewhere or never, ids that come again, arguments at odd moments.
TEST(PerfettoExport, DecodesWhereNothingIsInOrder) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  {
    testing::SampleTrace trace(folder);
    trace.add(0, kMain, 0, TraceMethod{1, TraceMethodKind::kJava, "java:a/\x1b[0m;.b", 0, 0, ""});
    const TraceBuffer buffer = trace.writer().keep(as_bytes(testing::picture_bytes()));
    for (std::uint64_t call = 1; call <= 300; ++call) {
      const auto tid = static_cast<std::uint32_t>(1 + call % 7);
      trace.add(call * 10, tid, call, TraceEnter{1, 0, 0});
      trace.add(call * 10 + 1, tid, call, float_argument(0, TraceDirection::kIn, "i", buffer));
      trace.add(call * 10 + 2, tid, 0, TraceLog{TraceLevel::kInfo, "t", "x"});
      trace.add(call * 10 + 3, tid, call, float_argument(1, TraceDirection::kIn, "late", buffer));
      trace.add(call * 10 + 4, tid, call, float_argument(2, TraceDirection::kOut, "o", buffer));
      if (call % 3 == 0)
        trace.add(call * 10 + 5, tid, call - 2, TraceLeave{1, TraceOutcome::kThrew, 0, "e"});
    }
    ASSERT_TRUE(trace.writer().finish(TraceEnding::kStopped));
  }
  const auto verdict = check(folder, temporary.path(), "");
  if (verdict.code == 77) GTEST_SKIP() << verdict.output;
  EXPECT_EQ(verdict.code, 0) << verdict.output;
}

TEST(PerfettoExport, ASinkThatFailsEndsIt) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  const auto blobs = BlobReader::open(folder / "blobs");
  BufferFlows flows;
  BufferBeginnings beginnings(*blobs);
  int written = 0;
  PerfettoExport out(flows, beginnings, [&](std::string_view) -> Result<void> {
    if (++written > 5) return fail(ErrorCode::kIo, "full", "out");
    return {};
  });
  bool failed = false;
  each_event(folder, [&](const TraceEvent& event) { failed = !out.see(event) || failed; });
  EXPECT_TRUE(failed);
  EXPECT_EQ(written, 6);  // nothing more is tried
}

std::size_t flows_of(const std::vector<std::pair<TraceDirection, std::string>>& passed) {
  BufferFlows flows;
  std::uint64_t call = 0;
  for (const auto& [direction, bytes] : passed) {
    TraceBuffer buffer{TraceHeld::kInline, bytes.size(), bytes, {}};
    flows.look({{1, kPid, kMain, ++call}, float_argument(0, direction, "", buffer)});
  }
  const TemporaryFolder none;
  flows.end_first_pass(*BlobReader::open(none.path()));
  return flows.size();
}

TEST(BufferFlows, TinyConstantAndUnmatchedBuffersDoNotFlow) {
  const auto out = TraceDirection::kOut;
  const auto in = TraceDirection::kIn;
  const std::string picture = testing::picture_bytes();
  EXPECT_EQ(flows_of({{out, picture}, {in, picture}}), 1U);
  EXPECT_EQ(flows_of({{in, picture}, {out, picture}}), 0U);
  EXPECT_EQ(flows_of({{in, picture}, {in, picture}}), 0U);
  EXPECT_EQ(flows_of({{out, "tiny but not constant"}, {in, "tiny but not constant"}}), 0U);
  std::string ones;
  for (int i = 0; i < 100; ++i) ones += testing::float_bytes({1.0F});
  EXPECT_EQ(flows_of({{out, ones}, {in, ones}}), 0U);
  EXPECT_EQ(flows_of({{out, ones + "x"}, {in, ones + "x"}}), 1U);
}

TEST(BufferFlows, ABlobIsLookedAtBeforeItFlows) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  BufferFlows flows;
  each_event(folder, [&](const TraceEvent& event) { flows.look(event); });
  EXPECT_EQ(flows.size(), 2U);  // the picture and the zeros
  flows.end_first_pass(*BlobReader::open(folder / "blobs"));
  EXPECT_EQ(flows.size(), 1U);
}

}  // namespace
}  // namespace dl::capture
