// SPDX-License-Identifier: Apache-2.0
// One line of Android's log, in the shapes that `logcat -v` writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::capture {

// Views into the line.
struct LogcatLine {
  std::optional<std::uint64_t> time_ms;  // since the year began, which the log does not name
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;  // the pid where the shape has none
  TraceLevel level = TraceLevel::kInfo;
  std::string_view tag;
  std::string_view text;
};

// "06-01 13:17:07.703  4321  4390 I tag: text" (threadtime, also with a year or a uid),
// "06-01 13:17:07.703 I/tag( 4321): text" (time), "I/tag( 4321): text" (brief). Nothing for what
// is none: a line that another one was split into, the "--------- beginning of" of a buffer.
std::optional<LogcatLine> parse_logcat_line(std::string_view line);

// Turns the times of the lines into nanoseconds since the first one, over the end of a year too.
class LogcatClock {
 public:
  // Of a line without a time: that of the line before.
  std::uint64_t ns(const LogcatLine& line);

 private:
  std::optional<std::uint64_t> first_ms_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t years_ms_ = 0;
};

}  // namespace dl::capture
