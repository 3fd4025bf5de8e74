// SPDX-License-Identifier: Apache-2.0
// A trace in numbers, as tables for a terminal.
#pragma once

#include <string>

#include "daylight/capture/view/trace_statistics.h"

namespace dl::cli {

// Safe to print, with a final newline. Long tables are cut and say so.
std::string render_statistics(const capture::TraceStatistics& statistics);

}  // namespace dl::cli
