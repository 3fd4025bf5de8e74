// SPDX-License-Identifier: Apache-2.0
// An importer over a new run folder.
#include "daylight/cli/trace_import_verb.h"

#include <fmt/format.h>

#include <cstdio>

#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/base/file.h"
#include "daylight/base/json.h"
#include "daylight/capture/import/trace_import.h"
#include "daylight/capture/wire/folder_sink.h"

namespace dl::cli {
namespace {

Json to_json(const capture::ImportDone& done, const TraceCounts& counts) {
  return {{"format", done.format},
          {"records", done.found.records},
          {"calls", done.found.calls},
          {"events", counts.events},
          {"buffer_bytes", done.found.bytes},
          {"blobs", counts.blobs.blobs},
          {"notes", done.found.notes},
          {"foreign_lines", done.found.foreign},
          {"lost_calls", counts.lost.calls},
          {"lost_events", counts.lost.events},
          {"lost_bytes", counts.lost.bytes}};
}

}  // namespace

Result<ExitCode> import_log(const TraceFlags& flags, Terminal& terminal) {
  capture::ImportOptions options;
  options.format = flags.format;
  options.stop = [&terminal] { return terminal.cancelled(); };
  TraceHead head;
  head.source = "import";
  head.provenance.inputs = {{"log", flags.run.filename().string(), TRY(sha256_of_file(flags.run))}};
  head.provenance.options = {{"format", flags.format}};
  const auto writer = TRY(TraceWriter::create(flags.out, head));
  capture::FolderSink sink(*writer);
  const capture::ImportDone done = TRY(capture::import_trace(flags.run, options, sink));
  TRY_VOID(writer->finish(done.stopped ? TraceEnding::kStopped : TraceEnding::kFinished,
                          done.stopped ? "stopped by the user" : ""));
  const TraceCounts counts = writer->counts();
  if (done.found.notes > 0) {
    terminal.message(
        LogLevel::kWarning,
        fmt::format("{} notes in the trace say what could not be recovered", done.found.notes));
  }
  const std::string text =
      flags.json ? dump_json(to_json(done, counts))
                 : fmt::format(
                       "import  {}: {} calls in {} records, {} events, {} bytes of buffers; "
                       "{} calls and {} events lost\n",
                       done.format, done.found.calls, done.found.records, counts.events,
                       done.found.bytes, counts.lost.calls, counts.lost.events);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

}  // namespace dl::cli
