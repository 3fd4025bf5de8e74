// SPDX-License-Identifier: Apache-2.0
// The result of an audit as a short table for a terminal.
#pragma once

#include <string>

#include "daylight/report/reporter.h"
#include "daylight/report/text_layout.h"

namespace dl {

inline constexpr std::size_t kSummaryWidth = kTextWidth;

// What was found, each head's pipeline in a line, how many people and failures, the main measure by
// group with intervals, and the verdicts. Plain text, lines of at most kSummaryWidth columns (wide
// characters count once), with a final newline. Text of the app is made printable. Parts that are
// absent are left out.
std::string render_summary(const ReportInputs& inputs);

}  // namespace dl
