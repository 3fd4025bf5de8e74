// SPDX-License-Identifier: Apache-2.0
// Tables of words, in the order of the values.
#include "daylight/capture/view/trace_words.h"

#include <fmt/format.h>

#include <array>

namespace dl::capture {
namespace {

constexpr std::array<std::string_view, 16> kKinds = {
    "",         "process",        "module",       "method", "enter", "leave",
    "argument", "stimulus-begin", "stimulus-end", "loss",   "note",  "log",
    "lookup",   "native",         "memory-model", "end"};

// Values come from decode_event(), which has checked them; others give "".
template <std::size_t N, typename Enum>
std::string_view pick(const std::array<std::string_view, N>& words, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : std::string_view();
}

}  // namespace

std::string_view word(TraceKind kind) { return pick(kKinds, kind); }

std::string_view word(TraceHeld held) {
  static constexpr std::array<std::string_view, 6> kWords = {"nothing", "inline",     "blob",
                                                             "digest",  "unreadable", "dropped"};
  return pick(kWords, held);
}

std::string_view word(TraceMethodKind kind) {
  static constexpr std::array<std::string_view, 6> kWords = {"java",   "jni",    "export",
                                                             "import", "offset", "constructor"};
  return pick(kWords, kind);
}

std::string_view word(TraceOutcome outcome) {
  static constexpr std::array<std::string_view, 5> kWords = {"returned", "threw", "crashed",
                                                             "unwound", "stopped"};
  return pick(kWords, outcome);
}

std::string_view word(TraceDirection direction) {
  static constexpr std::array<std::string_view, 2> kWords = {"in", "out"};
  return pick(kWords, direction);
}

std::string_view word(TraceLevel level) {
  static constexpr std::array<std::string_view, 6> kWords = {"verbose", "debug", "info",
                                                             "warning", "error", "fatal"};
  return pick(kWords, level);
}

std::string_view word(TraceLookupKind what) {
  static constexpr std::array<std::string_view, 7> kWords = {
      "property", "symbol", "file", "import", "library", "system-call", "setting"};
  return pick(kWords, what);
}

std::string_view word(TraceRoute route) {
  static constexpr std::array<std::string_view, 3> kWords = {"export", "register-natives",
                                                             "constructor"};
  return pick(kWords, route);
}

std::string_view word(TraceEnding ending) {
  static constexpr std::array<std::string_view, 3> kWords = {"finished", "stopped", "failed"};
  return pick(kWords, ending);
}

std::optional<TraceKind> kind_named(std::string_view name) {
  for (std::size_t i = 1; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<TraceKind>(i);
  }
  return std::nullopt;
}

std::string place_of(const TraceArgument& argument) {
  const std::string_view direction = word(argument.direction);
  if (argument.index == kTraceReturnValue) return fmt::format("{} result", direction);
  if (argument.index == kTraceThis) return fmt::format("{} this", direction);
  return fmt::format("{} {}", direction, argument.index);
}

}  // namespace dl::capture
