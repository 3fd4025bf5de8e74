// SPDX-License-Identifier: Apache-2.0
// Parquet files, read back by pyarrow.
#include "daylight/capture/view/parquet_export.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "daylight/capture/view/event_json.h"
#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::kMain;
using testing::TemporaryFolder;

bool duckdb_is_here(const TemporaryFolder& temporary) {
  return DuckDb::open(temporary.path() / "probe.duckdb").has_value();
}

template <typename Each>
void each_event(const std::filesystem::path& folder, Each each) {
  auto reader = TraceReader::open(folder);
  ASSERT_TRUE(reader);
  TraceEvent event;
  while (reader->next(event)) each(event);
}

void write_lines(const std::filesystem::path& folder, const std::filesystem::path& file) {
  const auto blobs = BlobReader::open(folder / "blobs");
  BufferBeginnings beginnings(*blobs);
  TraceNames names;
  std::ofstream out(file, std::ios::binary);
  each_event(folder, [&](const TraceEvent& event) {
    names.see(event);
    out << dump_json_line(event_json(event, names, beginnings)) << "\n";
  });
}

// What pyarrow says of the tables: empty where they agree with the events.
std::string differences(const std::filesystem::path& trace, const TemporaryFolder& temporary) {
  const auto tables = temporary.path() / "it's tables";
  const auto lines = temporary.path() / "lines.jsonl";
  const auto blobs = BlobReader::open(trace / "blobs");
  BufferBeginnings beginnings(*blobs);
  auto out = ParquetExport::create(tables, beginnings);
  if (!out) return describe(out.error());
  Result<void> seen;
  each_event(trace, [&](const TraceEvent& event) {
    if (seen) seen = (*out)->see(event);
  });
  if (!seen) return describe(seen.error());
  if (const auto done = (*out)->finish(); !done) return describe(done.error());
  write_lines(trace, lines);
  return testing::run_command(
             testing::test_python() + " " +
             testing::project_file("tests/unit/capture/parquet_check.py").string() + " \"" +
             tables.string() + "\" " + lines.string() + " 2>&1")
      .value_or("python could not be run");
}

TEST(ParquetExport, HoldsTheSameCallsArgumentsAndEvents) {
  const TemporaryFolder temporary;
  if (!duckdb_is_here(temporary)) GTEST_SKIP() << "DuckDB is absent: bootstrap.sh --duckdb";
  EXPECT_EQ(differences(testing::write_sample_trace(temporary), temporary), "");
}

TEST(ParquetExport, HostileNamesAreOnlyNames) {
  const TemporaryFolder temporary;
  if (!duckdb_is_here(temporary)) GTEST_SKIP() << "DuckDB is absent: bootstrap.sh --duckdb";
  const auto folder = temporary.path() / "trace";
  testing::SampleTrace trace(folder);
  const std::string hostile("'); DROP TABLE calls; --\"\0\xff\xc3(", 30);
  trace.add(1, kMain, 0, TraceMethod{1, TraceMethodKind::kJava, hostile, 0, 0, hostile});
  trace.add(2, kMain, 9, TraceLeave{1, TraceOutcome::kThrew, 0, hostile});  // of no beginning
  for (const std::uint64_t us : {3, 4}) trace.add(us, kMain, 8, TraceEnter{1, 0, 0});
  TraceArgument argument;
  argument.name = hostile;
  argument.type = hostile;
  argument.shape.assign(kMaxTraceRank, ~std::uint64_t{0});
  argument.address = ~std::uint64_t{0};
  argument.buffer = {TraceHeld::kInline, hostile.size(), hostile, {}};
  trace.add(5, kMain, 8, argument);
  trace.add(6, kMain, 8, TraceLeave{1, TraceOutcome::kReturned, ~std::uint64_t{0}, ""});
  trace.add(7, kMain, 0, TraceLog{TraceLevel::kInfo, hostile, hostile});
  ASSERT_TRUE(trace.writer().finish(TraceEnding::kFinished));
  EXPECT_EQ(differences(folder, temporary), "");
}

TEST(ParquetExport, LeavesNothingBehindWhereItFails) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  const auto blobs = BlobReader::open(folder / "blobs");
  BufferBeginnings beginnings(*blobs);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs
  ASSERT_EQ(setenv("DAYLIGHT_DUCKDB", "/nowhere/libduckdb.so", 1), 0);
  const auto out = ParquetExport::create(temporary.path() / "tables", beginnings);
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  unsetenv("DAYLIGHT_DUCKDB");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(out.error().what, ::testing::HasSubstr("/nowhere/libduckdb.so"));
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(temporary.path()))
    left += entry.path() != folder ? 1 : 0;
  EXPECT_EQ(left, 0U);
  const auto again = ParquetExport::create(folder, beginnings);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace dl::capture
