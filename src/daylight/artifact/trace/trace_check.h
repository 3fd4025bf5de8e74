// SPDX-License-Identifier: Apache-2.0
// Is a run folder whole: does all that its events name exist, and is every byte what it should be?
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// Ids of modules and methods that are remembered; the uses of further ones are not checked, and a
// problem says so.
inline constexpr std::size_t kMaxCheckedIds = 1'000'000;
inline constexpr std::size_t kMaxTraceProblems = 100;  // told; more are counted

// Reads every event and every blob of the trace in `folder`. One problem a line, printable; empty
// if there is none. Problems are: damage and missing events; no end event, or one whose counts do
// not fit; events that name a module, method or blob that does not stand before them or in the
// store; blobs with another digest. Losses that the trace itself tells are none. The Error is for a
// folder that is no trace. Memory: 48 bytes a blob, about 64 an id, and the largest blob twice.
Result<std::vector<std::string>> trace_problems(const std::filesystem::path& folder);

}  // namespace dl
