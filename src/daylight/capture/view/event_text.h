// SPDX-License-Identifier: Apache-2.0
// One event as one line for a person.
#pragma once

#include <string>

#include "daylight/capture/view/buffer_values.h"
#include "daylight/capture/view/trace_context.h"

namespace dl::capture {

// The line above the table.
std::string event_text_title();

// Time, process and thread, and what happened, indented by the calls that it lies in; no newline,
// safe to print. Reads a blob where an argument is one.
std::string event_text(const TraceEvent& event, const SeenEvent& seen, const TraceNames& names,
                       BufferBeginnings& beginnings);

}  // namespace dl::capture
