// SPDX-License-Identifier: Apache-2.0
// `daylight check` of a trace: by its schema, event by event, and as a part of a case.
#include <gtest/gtest.h>

#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/base/file.h"
#include "daylight/cli/artifact_check.h"
#include "daylight/cli/case_folder.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

void write_trace(const std::filesystem::path& folder, bool finished) {
  TraceHead head;
  head.source = "guest";
  head.rules = {"import:libx.so!open {in}"};
  const auto writer = TraceWriter::create(folder, head);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write({{}, TraceProcess{"app", "x86_64", "guest"}}));
  if (finished) {
    ASSERT_TRUE((*writer)->finish(TraceEnding::kFinished));
  }
}

std::size_t problems_in(const std::vector<CheckedFile>& files) {
  std::size_t problems = 0;
  for (const CheckedFile& file : files) problems += file.problems.size();
  return problems;
}

TEST(TraceFolderCheck, GoodAndUnfinished) {
  const testing::TemporaryFolder temporary;
  const auto good = temporary.path() / "good";
  write_trace(good, true);
  EXPECT_TRUE(is_trace(good));
  EXPECT_FALSE(is_trace(temporary.path()));
  auto files = check_trace(good);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ(problems_in(*files), 0U);
  const auto cut = temporary.path() / "cut";
  write_trace(cut, false);
  files = check_trace(cut);
  ASSERT_TRUE(files);
  EXPECT_EQ(problems_in(*files), 1U);
}

TEST(TraceFolderCheck, AHeadThatDoesNotFollowTheSchema) {
  const testing::TemporaryFolder temporary;
  write_trace(temporary.path(), true);
  const auto path = temporary.path() / kTraceHeadFile;
  Json json = *parse_json(*read_file(path), "trace");
  json["retain"] = "some";
  ASSERT_TRUE(write_file_atomic(path, dump_json(json)));
  const auto files = check_trace(temporary.path());
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_GE(files->front().problems.size(), 2U);  // by the schema and by the reader
}

TEST(TraceFolderCheck, IsAPartOfTheCase) {
  const testing::TemporaryFolder temporary;
  const auto folder = temporary.path() / "case";
  { ASSERT_TRUE(CaseFolder::open(folder)); }
  ASSERT_TRUE(append_to_file(folder / kJournalFile, "{}\n"));
  write_trace(folder / kTraceFolder, false);
  const auto files = check_case(folder);
  ASSERT_TRUE(files);
  EXPECT_EQ(problems_in(*files), 1U);
  EXPECT_EQ(files->back().file, "trace/events and blobs");
}

}  // namespace
}  // namespace dl::cli
