// SPDX-License-Identifier: Apache-2.0
// Reading a trace to its end, for the verbs under `daylight trace`.
#pragma once

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/cli/terminal.h"

namespace dl::cli {

// Warns of what a whole pass found damaged or missing.
void warn_of_gaps(const TraceReader& reader, Terminal& terminal);

// `each(event)` until it says false. kCancelled when the user interrupts.
template <typename Each>
Result<void> read_all(TraceReader& reader, Terminal& terminal, Each each) {
  constexpr std::uint64_t kLookUp = 4096;
  TraceEvent event;
  while (reader.next(event)) {
    if (reader.summary().events % kLookUp == 0 && terminal.cancelled())
      return fail(ErrorCode::kCancelled, "interrupted", "trace");
    if (!each(event)) return {};
  }
  return {};
}

}  // namespace dl::cli
