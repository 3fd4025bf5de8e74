// SPDX-License-Identifier: Apache-2.0
// A probe plan as a table for a terminal: probes by role, entry points, gaps.
#pragma once

#include <string>

#include "daylight/artifact/probe_plan.h"

namespace dl {

// Rows of one section that are shown; the last line counts the others.
inline constexpr std::size_t kMaxPlanRows = 40;

// Plain text in lines of at most kTextWidth columns with a final newline. Text of the app is made
// printable; a selector that is too long loses its beginning.
std::string render_plan_table(const ProbePlan& plan);

}  // namespace dl
