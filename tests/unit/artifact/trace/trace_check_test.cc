// SPDX-License-Identifier: Apache-2.0
// What the check of a whole trace says, and that it says nothing of a good one.
#include "daylight/artifact/trace/trace_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "trace_folders.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::new_writer;
using testing::TemporaryFolder;

std::string large_buffer() { return std::string(3000, 'b') + "end"; }

// A trace in which everything that is named exists.
std::vector<TraceEvent> good_events(TraceWriter& writer) {
  TraceArgument argument;
  argument.buffer = writer.keep(as_bytes(large_buffer()));
  return {{{0, 7, 7, 0}, TraceProcess{"app", "arm64-v8a", "guest"}},
          {{1, 7, 7, 0}, TraceModule{1, "libx.so", {"x.apk", "lib/arm64-v8a/libx.so"}, "", 0, 0}},
          {{2, 7, 7, 0}, TraceMethod{1, TraceMethodKind::kExport, "so:libx.so!f", 1, 64, "()"}},
          {{3, 7, 7, 1}, TraceEnter{1, 0, 0}},
          {{4, 7, 7, 1}, argument},
          {{5, 7, 7, 1}, TraceLeave{1, TraceOutcome::kReturned, 0, ""}}};
}

std::vector<std::string> problems_of(const std::filesystem::path& folder) {
  auto problems = trace_problems(folder);
  if (!problems) return {"error: " + describe(problems.error())};
  return *std::move(problems);
}

TEST(TraceCheck, AGoodTraceHasNone) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  ASSERT_TRUE(writer->write(good_events(*writer)));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  EXPECT_THAT(problems_of(temporary.path()), IsEmpty());
}

TEST(TraceCheck, NamesThatNothingDefines) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  ASSERT_TRUE(writer->write(good_events(*writer)));
  TraceArgument argument;
  argument.buffer = {TraceHeld::kBlob, 3, "", sha256_bytes(as_bytes(std::string_view("abc")))};
  ASSERT_TRUE(writer->write({{6, 7, 7, 2}, TraceEnter{2, 0, 0}}));
  // Another process has no methods yet.
  ASSERT_TRUE(writer->write({{7, 8, 8, 2}, TraceEnter{1, 0, 0}}));
  ASSERT_TRUE(writer->write({{8, 7, 7, 2}, argument}));
  ASSERT_TRUE(writer->write({{9, 7, 7, 2}, TraceNative{"A", "f", "()V", 9, 0, {}}}));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  EXPECT_THAT(problems_of(temporary.path()),
              ElementsAre(HasSubstr("event 6 (process 7): names method 2"),
                          HasSubstr("event 7 (process 8): names method 1"),
                          HasSubstr("names blob ba7816bf"), HasSubstr("names module 9")));
}

TEST(TraceCheck, ATraceWithoutItsEnd) {
  const TemporaryFolder temporary;
  {
    const auto writer = new_writer(temporary.path());
    ASSERT_TRUE(writer->write(good_events(*writer)));
  }
  EXPECT_THAT(problems_of(temporary.path()),
              ElementsAre(HasSubstr("does not end properly after 6 events")));
}

TEST(TraceCheck, AnEndThatStatesOtherCounts) {
  const TemporaryFolder temporary;
  {
    const auto writer = new_writer(temporary.path());
    ASSERT_TRUE(writer->write(good_events(*writer)));
  }
  const auto path = segment_path(temporary.path(), 0);
  std::string bytes = testing::bytes_of(path);
  ASSERT_TRUE(append_frame({{}, TraceEnd{TraceEnding::kFinished, 7, 2, 3, 4, 5, ""}}, bytes));
  testing::overwrite(path, bytes);
  EXPECT_THAT(problems_of(temporary.path()),
              ElementsAre(HasSubstr("another number of events"), HasSubstr("2 calls, there are 1"),
                          HasSubstr("4 lost calls"), HasSubstr("5 lost events"),
                          HasSubstr("3 blobs, there are 1")));
}

TEST(TraceCheck, DamagedBlobsAndEvents) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  ASSERT_TRUE(writer->write(good_events(*writer)));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto pack = pack_path(temporary.path() / kTraceBlobFolder, 0);
  std::string bytes = testing::bytes_of(pack);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  testing::overwrite(pack, bytes);
  const auto segment = segment_path(temporary.path(), 0);
  bytes = testing::bytes_of(segment);
  bytes[kTraceFileHeaderBytes + kFrameHeaderBytes] ^= 1;
  testing::overwrite(segment, bytes);
  EXPECT_THAT(problems_of(temporary.path()),
              ElementsAre(HasSubstr("events-000000.dlt at 32"), HasSubstr("1 events are missing"),
                          HasSubstr("the blob's bytes are damaged")));
}

TEST(TraceCheck, HostileNamesAndManyProblemsStayShort) {
  const TemporaryFolder temporary;
  const auto writer = new_writer(temporary.path());
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_TRUE(writer->write({{}, TraceEnter{i, 0, 0}}));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto problems = problems_of(temporary.path());
  ASSERT_EQ(problems.size(), kMaxTraceProblems + 1);
  EXPECT_EQ(problems.back(), "and 900 more");
}

TEST(TraceCheck, AFolderThatIsNoTraceIsAnError) {
  const TemporaryFolder temporary;
  EXPECT_FALSE(trace_problems(temporary.path()));
}

}  // namespace
}  // namespace dl
