// SPDX-License-Identifier: Apache-2.0
// Words for what events hold as numbers: the same in tables, JSON and flags.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::capture {

std::string_view word(TraceKind kind);  // "enter", "stimulus-begin"; "kind 900" is not among them
std::string_view word(TraceHeld held);
std::string_view word(TraceMethodKind kind);
std::string_view word(TraceOutcome outcome);
std::string_view word(TraceDirection direction);
std::string_view word(TraceLevel level);
std::string_view word(TraceLookupKind what);
std::string_view word(TraceRoute route);
std::string_view word(TraceEnding ending);

// Of what word() gives, for flags.
std::optional<TraceKind> kind_named(std::string_view name);

// "in 0", "out result", "in this".
std::string place_of(const TraceArgument& argument);

}  // namespace dl::capture
