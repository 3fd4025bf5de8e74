// SPDX-License-Identifier: Apache-2.0
// A trace as three Parquet files, for whoever asks it questions in SQL or in a data frame.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/capture/view/buffer_values.h"
#include "daylight/capture/view/duckdb_library.h"
#include "daylight/capture/view/open_calls.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// calls.parquet, arguments.parquet and events.parquet (docs/formats/trace.md says their columns) in
// a folder that appears whole or not at all. A call is one row with its beginning and its end;
// calls stand in the order of their ends, those that never ended at last.
//
// Rows wait in a file beside the folder: memory is DuckDB's 512 MB at the most, and 300 bytes for
// each open call (kMaxOpenCalls; calls beyond it have no end). Not thread safe.
class ParquetExport {
 public:
  // kInvalidArgument where `folder` exists; kUnsupported where DuckDB is not. `beginnings` must
  // outlive this object.
  static Result<std::unique_ptr<ParquetExport>> create(const std::filesystem::path& folder,
                                                       BufferBeginnings& beginnings);
  // Removes what was not finished.
  ~ParquetExport();
  ParquetExport(const ParquetExport&) = delete;
  ParquetExport& operator=(const ParquetExport&) = delete;

  // Every event of the trace in order.
  Result<void> see(const TraceEvent& event);
  // Writes the files. Nothing may be called after it.
  Result<void> finish();

 private:
  struct Call {
    TraceStamp stamp;
    TraceEnter enter;
    std::string name;
    std::string signature;
    std::optional<std::uint64_t> stimulus;
  };

  ParquetExport(std::filesystem::path folder, std::filesystem::path working,
                BufferBeginnings& beginnings)
      : folder_(std::move(folder)), working_(std::move(working)), beginnings_(beginnings) {}
  Result<void> make_tables();
  Result<void> begin_call(const TraceEvent& event, const TraceEnter& enter);
  Result<void> end_call(const TraceEvent& event, const TraceLeave& leave);
  Result<void> write_call(const Call& call, const TraceStamp* end, const TraceLeave* leave);
  Result<void> write_argument(const TraceEvent& event, const TraceArgument& argument);
  Result<void> write_other(const TraceEvent& event);
  void note_stimulus(const TraceEvent& event);
  Call describe(const TraceEvent& event, const TraceEnter& enter) const;

  const std::filesystem::path folder_;
  const std::filesystem::path working_;
  BufferBeginnings& beginnings_;
  TraceNames names_;
  std::map<CallKey, Call> open_;
  std::map<std::uint32_t, std::vector<std::uint64_t>> stimuli_;  // open ones, by process
  std::unique_ptr<DuckDb> database_;
  std::unique_ptr<DuckDb::Rows> calls_;
  std::unique_ptr<DuckDb::Rows> arguments_;
  std::unique_ptr<DuckDb::Rows> events_;
};

}  // namespace dl::capture
