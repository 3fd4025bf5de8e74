// SPDX-License-Identifier: Apache-2.0
// Tables by text_table().
#include "daylight/cli/trace_tables.h"

#include <fmt/format.h>

#include "daylight/base/text.h"
#include "daylight/capture/view/trace_words.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

using capture::TraceStatistics;
using capture::word;

constexpr std::size_t kShownRows = 40;

using Rows = std::vector<std::vector<std::string>>;

std::string ms(std::uint64_t ns) { return fmt::format("{:.3f}", static_cast<double>(ns) / 1e6); }

std::string headed(const std::string& title, const std::vector<TextColumn>& columns, Rows rows,
                   std::size_t all) {
  if (rows.empty()) return "";
  std::string out = "\n" + title + "\n" + text_table(columns, rows, 2);
  if (rows.size() < all)
    out += fmt::format("  and {} more: --json lists them\n", all - rows.size());
  return out;
}

std::string events_text(const TraceStatistics& statistics) {
  std::string out;
  for (const auto& [kind, count] : statistics.events)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, word(kind));
  for (const auto& [kind, count] : statistics.summary.unknown)
    out += fmt::format("{}{} of unknown kind {}", out.empty() ? "" : ", ", count, kind);
  return wrap_text("events: ", out.empty() ? "none" : out, 8);
}

std::string methods_text(const TraceStatistics& statistics) {
  Rows rows;
  for (const auto& method : statistics.methods) {
    if (rows.size() == kShownRows) break;
    std::string ends;
    for (std::size_t i = 1; i < method.outcomes.size(); ++i) {
      if (method.outcomes[i] != 0)
        ends += fmt::format("{} {} ", method.outcomes[i], word(static_cast<TraceOutcome>(i)));
    }
    if (method.unended != 0) ends += fmt::format("{} unended", method.unended);
    rows.push_back({std::to_string(method.calls), ms(method.total_ns), ms(method.self_ns),
                    std::to_string(method.bytes_in), std::to_string(method.bytes_out),
                    printable(method.name, 200), std::string(trim(ends))});
  }
  return headed("calls by method (times in ms)",
                {{"calls", 10, true},
                 {"total", 14, true},
                 {"self", 14, true},
                 {"bytes in", 14, true},
                 {"bytes out", 14, true},
                 {"method", 40, false, true},
                 {"not returned", 20}},
                rows, statistics.methods.size());
}

std::string buffers_text(const TraceStatistics& statistics) {
  Rows rows;
  for (const auto& buffer : statistics.repeated)
    rows.push_back({std::to_string(buffer.times), std::to_string(buffer.bytes),
                    to_hex(buffer.digest).substr(0, 12)});
  const std::string sums = fmt::format(
      "\nbuffers of {} bytes and more: {} different ({} bytes), {} times one that was there "
      "before\n"
      "bytes into calls: {}, out of calls: {}\n",
      capture::kMinToldBufferBytes, statistics.distinct_buffers, statistics.distinct_bytes,
      statistics.repeats, statistics.bytes_in, statistics.bytes_out);
  return sums + headed("buffers that came again",
                       {{"times", 10, true}, {"bytes", 14, true}, {"sha256", 12}}, rows,
                       rows.size());
}

std::string absent_text(const TraceStatistics& statistics) {
  Rows rows;
  for (const auto& lookup : statistics.absent) {
    if (rows.size() == kShownRows) break;
    rows.push_back({std::to_string(lookup.times), std::string(word(lookup.what)),
                    printable(lookup.name, 200)});
  }
  return headed("asked for and not there", {{"times", 10, true}, {"what", 12}, {"name", 70}}, rows,
                statistics.absent.size());
}

std::string gaps_text(const TraceStatistics& statistics) {
  const TraceSummary& summary = statistics.summary;
  std::string out = fmt::format("\nlost: {} calls, {} events, {} bytes", summary.lost.calls,
                                summary.lost.events, summary.lost.bytes);
  if (!summary.lost.why.empty()) out += " (" + printable(summary.lost.why) + ")";
  out +=
      fmt::format("\ndamaged places: {}, missing events: {}\n", summary.damages, summary.missing);
  for (const TraceDamage& damage : summary.damage)
    out += fmt::format("  {} at {}: {} ({} bytes)\n", printable(damage.file), damage.offset,
                       printable(damage.why), damage.bytes);
  out += statistics.complete ? "the trace is complete\n" : "the trace is NOT complete\n";
  if (statistics.cut) out += "more methods, buffers or lookups than are told apart\n";
  return out;
}

}  // namespace

std::string render_statistics(const TraceStatistics& statistics) {
  return events_text(statistics) +
         fmt::format("time: {} to {} ms; {} processes, {} threads\n", ms(statistics.first_ns),
                     ms(statistics.last_ns), statistics.processes, statistics.threads) +
         methods_text(statistics) + buffers_text(statistics) + absent_text(statistics) +
         gaps_text(statistics);
}

}  // namespace dl::cli
