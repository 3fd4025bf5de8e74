// SPDX-License-Identifier: Apache-2.0
// Warnings of a reader's summary.
#include "daylight/cli/trace_passes.h"

#include <fmt/format.h>

namespace dl::cli {

void warn_of_gaps(const TraceReader& reader, Terminal& terminal) {
  const TraceSummary& summary = reader.summary();
  for (const TraceDamage& damage : summary.damage)
    terminal.message(LogLevel::kWarning,
                     fmt::format("{} at {}: {} ({} bytes passed over)", damage.file, damage.offset,
                                 damage.why, damage.bytes));
  if (summary.missing != 0)
    terminal.message(LogLevel::kWarning, fmt::format("{} events are missing", summary.missing));
  if (!summary.end)
    terminal.message(LogLevel::kWarning,
                     "the trace does not end properly: its writer was stopped, or still writes");
}

}  // namespace dl::cli
