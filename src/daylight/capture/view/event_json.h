// SPDX-License-Identifier: Apache-2.0
// One event as JSON: docs/formats/trace.md says which members each kind has.
#pragma once

#include "daylight/base/json.h"
#include "daylight/capture/view/buffer_values.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// Addresses, bits and digests are hexadecimal texts; other numbers are numbers. Reads a blob where
// an argument is one, for its first values.
Json event_json(const TraceEvent& event, const TraceNames& names, BufferBeginnings& beginnings);

}  // namespace dl::capture
