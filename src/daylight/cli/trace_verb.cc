// SPDX-License-Identifier: Apache-2.0
// Passes over a trace, each event printed as it is read.
#include "daylight/cli/trace_verb.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/base/text.h"
#include "daylight/capture/view/event_json.h"
#include "daylight/capture/view/event_text.h"
#include "daylight/capture/view/trace_filter.h"
#include "daylight/capture/view/trace_search.h"
#include "daylight/capture/view/trace_words.h"
#include "daylight/cli/trace_collect.h"
#include "daylight/cli/trace_export.h"
#include "daylight/cli/trace_import_verb.h"
#include "daylight/cli/trace_passes.h"
#include "daylight/cli/trace_tables.h"

namespace dl::cli {
namespace {

using capture::BufferBeginnings;
using capture::TraceContext;
using capture::TraceFilter;
using capture::TraceSearch;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Result<std::uint64_t> nanoseconds(double ms, const char* flag) {
  constexpr double kMostMs = 1e12;  // 31 years
  if (ms >= 0 && ms <= kMostMs) return static_cast<std::uint64_t>(std::llround(ms * 1e6));
  return fail(ErrorCode::kInvalidArgument, "is no time in a trace", flag, "give milliseconds");
}

Result<TraceFilter> filter_of(const TraceFlags& flags) {
  TraceFilter filter;
  filter.call = flags.call;
  filter.thread = flags.thread;
  if (flags.from_ms) filter.from_ns = TRY(nanoseconds(*flags.from_ms, "--from"));
  if (flags.to_ms) filter.to_ns = TRY(nanoseconds(*flags.to_ms, "--to"));
  for (const std::string& name : flags.kinds) {
    const auto kind = capture::kind_named(name);
    if (!kind) {
      return fail(ErrorCode::kInvalidArgument, "there is no kind '" + printable(name) + "'",
                  "--kind", "kinds: docs/formats/trace.md");
    }
    filter.kinds.push_back(*kind);
  }
  return filter;
}

// The table or the JSON lines on stdout, up to the limit.
class EventPrinter {
 public:
  EventPrinter(const TraceFlags& flags, const BlobReader& blobs)
      : json_(flags.json), left_(flags.limit), beginnings_(blobs) {
    if (!json_) print(capture::event_text_title() + "\n");
  }
  void show(const TraceEvent& event, const capture::SeenEvent& seen,
            const capture::TraceNames& names) {
    if (left_) --*left_;
    print((json_ ? dump_json_line(capture::event_json(event, names, beginnings_))
                 : capture::event_text(event, seen, names, beginnings_)) +
          "\n");
  }
  // Also where nobody reads any more, or the disk is full: main says so.
  bool full() const { return left_ == 0 || std::ferror(stdout) != 0; }

 private:
  const bool json_;
  std::optional<std::uint64_t> left_;
  BufferBeginnings beginnings_;
};

Result<ExitCode> show(const std::filesystem::path& folder, const TraceFlags& flags,
                      Terminal& terminal) {
  const TraceFilter filter = TRY(filter_of(flags));
  auto reader = TRY(TraceReader::open(folder));
  const BlobReader blobs = TRY(reader.blobs());
  EventPrinter printer(flags, blobs);
  TraceContext context;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    if (printer.full()) return false;
    const auto seen = context.see(event);
    if (filter.holds(event)) printer.show(event, seen, context.names());
    return true;
  }));
  if (!printer.full()) warn_of_gaps(reader, terminal);
  return kDone;
}

Result<void> find_calls(const std::filesystem::path& folder, TraceSearch& search,
                        Terminal& terminal) {
  auto reader = TRY(TraceReader::open(folder));
  capture::TraceNames names;
  Result<void> found;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    names.see(event);
    found = search.look(event, names);
    return found.has_value();
  }));
  search.end_first_pass();
  return found;
}

Result<ExitCode> grep(const std::filesystem::path& folder, const TraceFlags& flags,
                      Terminal& terminal) {
  TraceSearch search = TRY(TraceSearch::parse(flags.pattern));
  const TraceFilter filter = TRY(filter_of(flags));
  if (search.needs_first_pass()) TRY_VOID(find_calls(folder, search, terminal));
  auto reader = TRY(TraceReader::open(folder));
  const BlobReader blobs = TRY(reader.blobs());
  EventPrinter printer(flags, blobs);
  TraceContext context;
  std::uint64_t found = 0;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    if (printer.full()) return false;
    const auto seen = context.see(event);
    if (!filter.holds(event) || !search.matches(event, context.names())) return true;
    printer.show(event, seen, context.names());
    ++found;
    return true;
  }));
  if (!printer.full()) warn_of_gaps(reader, terminal);
  terminal.message(LogLevel::kInfo, fmt::format("{} events found", found));
  return kDone;
}

Result<ExitCode> stats(const std::filesystem::path& folder, const TraceFlags& flags,
                       Terminal& terminal) {
  auto reader = TRY(TraceReader::open(folder));
  capture::TraceCounter counter;
  TRY_VOID(read_all(reader, terminal, [&](const TraceEvent& event) {
    counter.see(event);
    return true;
  }));
  const capture::TraceStatistics statistics = counter.finish(reader);
  print(flags.json ? dump_json(to_json(statistics)) : render_statistics(statistics));
  return kDone;
}

}  // namespace

Result<std::filesystem::path> trace_folder_of(const std::filesystem::path& run) {
  std::error_code error;
  for (const auto& folder : {run, run / "trace"}) {
    if (std::filesystem::is_regular_file(folder / kTraceHeadFile, error)) return folder;
  }
  return fail(ErrorCode::kNotFound, "holds no trace", run.string(),
              "name the folder with trace.json, a case, or what 'guest trace --out' wrote");
}

Result<ExitCode> run_trace_verb(const std::string& verb, const TraceFlags& flags,
                                Terminal& terminal) {
  if (verb == "trace collect") return collect_trace(flags, terminal);
  if (verb == "trace import") return import_log(flags, terminal);
  const std::filesystem::path folder = TRY(trace_folder_of(flags.run));
  if (verb == "trace show") return show(folder, flags, terminal);
  if (verb == "trace grep") return grep(folder, flags, terminal);
  if (verb == "trace export") return export_trace(folder, flags, terminal);
  return stats(folder, flags, terminal);
}

}  // namespace dl::cli
