// SPDX-License-Identifier: Apache-2.0
// One pass over the trace for each form; two where flows are looked for.
#include "daylight/cli/trace_export.h"

#include <fmt/format.h>

#include "daylight/capture/view/event_json.h"
#include "daylight/capture/view/exported_file.h"
#include "daylight/capture/view/parquet_export.h"
#include "daylight/capture/view/perfetto_export.h"
#include "daylight/cli/trace_passes.h"

namespace dl::cli {
namespace {

using capture::BufferBeginnings;
using capture::ExportedFile;

// The trace must not be written over.
Result<void> refuse_out_in_trace(const std::filesystem::path& folder,
                                 const std::filesystem::path& out) {
  std::error_code error;
  const auto parent =
      std::filesystem::weakly_canonical(std::filesystem::absolute(out), error).parent_path();
  const auto trace = std::filesystem::weakly_canonical(folder, error);
  if (parent != trace && parent != trace / "blobs") return {};
  return fail(ErrorCode::kInvalidArgument, "lies in the folder of the trace", out.string(),
              "write it elsewhere");
}

Result<void> export_lines(TraceReader& reader, const BlobReader& blobs, ExportedFile& file,
                          Terminal& terminal) {
  BufferBeginnings beginnings(blobs);
  capture::TraceNames names;
  Result<void> written;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    names.see(event);
    written = file.write(dump_json_line(event_json(event, names, beginnings)) + "\n");
    return written.has_value();
  }));
  return written;
}

Result<void> export_perfetto(TraceReader& reader, const BlobReader& blobs,
                             const std::filesystem::path& folder, ExportedFile& file,
                             Terminal& terminal) {
  capture::BufferFlows flows;
  auto first = TRY(TraceReader::open(folder));
  TRY_VOID(read_all(first, terminal, [&](const TraceEvent& event) {
    flows.look(event);
    return true;
  }));
  flows.end_first_pass(blobs);
  if (flows.cut())
    terminal.message(LogLevel::kWarning,
                     "more different buffers than are compared: some flows are missing");
  BufferBeginnings beginnings(blobs);
  capture::PerfettoExport out(flows, beginnings,
                              [&](std::string_view piece) { return file.write(piece); });
  Result<void> written;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    written = out.see(event);
    return written.has_value();
  }));
  TRY_VOID(std::move(written));
  return out.finish(reader.summary());
}

Result<void> export_parquet(TraceReader& reader, const BlobReader& blobs,
                            const std::filesystem::path& folder, Terminal& terminal) {
  BufferBeginnings beginnings(blobs);
  const auto out = TRY(capture::ParquetExport::create(folder, beginnings));
  Result<void> written;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    written = out->see(event);
    return written.has_value();
  }));
  TRY_VOID(std::move(written));
  return out->finish();
}

// The forms that are one file.
Result<void> export_file(TraceReader& reader, const BlobReader& blobs,
                         const std::filesystem::path& folder, const TraceFlags& flags,
                         Terminal& terminal) {
  auto file = TRY(ExportedFile::create(flags.out));
  if (flags.format == "perfetto") {
    TRY_VOID(export_perfetto(reader, blobs, folder, file, terminal));
  } else {
    TRY_VOID(export_lines(reader, blobs, file, terminal));
  }
  return file.finish();
}

}  // namespace

Result<ExitCode> export_trace(const std::filesystem::path& folder, const TraceFlags& flags,
                              Terminal& terminal) {
  TRY_VOID(refuse_out_in_trace(folder, flags.out));
  auto reader = TRY(TraceReader::open(folder));
  const BlobReader blobs = TRY(reader.blobs());
  TRY_VOID(flags.format == "parquet" ? export_parquet(reader, blobs, flags.out, terminal)
                                     : export_file(reader, blobs, folder, flags, terminal));
  warn_of_gaps(reader, terminal);
  terminal.message(LogLevel::kInfo,
                   fmt::format("{} events in {}", reader.summary().events, flags.out.string()));
  return kDone;
}

}  // namespace dl::cli
