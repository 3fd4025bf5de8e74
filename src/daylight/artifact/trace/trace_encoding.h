// SPDX-License-Identifier: Apache-2.0
// Events as bytes and back, one frame each. Fields by kind: docs/formats/trace.md.
#pragma once

#include <string>

#include "daylight/artifact/trace/trace_frame.h"
#include "daylight/base/result.h"

namespace dl {

// Appends the event as one frame. kLimit, saying what, if a text, a list or the whole is too
// large; kInvalidArgument for a buffer whose parts disagree. `out` is then as before. Thread safe
// on different strings.
Result<void> append_frame(const TraceEvent& event, std::string& out);

// The same for an argument whose bytes lie elsewhere: `bytes` (<= kMaxInlineBytes) stand in the
// event, in place of `argument.buffer`. Allocates nothing once `out` has the capacity: for what is
// called often.
Result<void> append_argument_frame(const TraceStamp& stamp, const TraceArgument& argument,
                                   ByteSpan bytes, std::string& out);

// The event in a whole frame (FrameState::kWhole). kUnsupported for a kind that this version does
// not know, kCorrupt for a payload that does not follow its form. What a newer version put behind
// the known fields is ignored.
Result<TraceEvent> decode_event(const TraceFrame& frame);

}  // namespace dl
