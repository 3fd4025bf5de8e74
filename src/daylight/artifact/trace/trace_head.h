// SPDX-License-Identifier: Apache-2.0
// trace.json: what made a trace and what it was told to watch. Written before the first event.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/provenance.h"

namespace dl {

// What a run keeps of the pictures and buffers that it sees.
enum class TraceRetain { kNone, kDigests, kAll };

struct TraceHead {
  Provenance provenance;
  std::string source;              // guest, jvmti, jvm-host, frida, import
  std::vector<std::string> rules;  // what is watched: docs/formats/selectors.md
  TraceRetain retain = TraceRetain::kAll;

  friend bool operator==(const TraceHead&, const TraceHead&) = default;
};

Json to_json(const TraceHead& head);
// kCorrupt for a field of a wrong type or a rule that is none.
Result<TraceHead> trace_head_from_json(const Json& json, const std::string& where);

}  // namespace dl
