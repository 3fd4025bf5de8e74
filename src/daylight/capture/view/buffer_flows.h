// SPDX-License-Identifier: Apache-2.0
// Buffers that came out of one call and went, byte for byte, into another: how data flowed.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "daylight/artifact/trace/blob_reader.h"
#include "daylight/artifact/trace/trace_event.h"
#include "daylight/capture/view/open_calls.h"

namespace dl::capture {

// No flow where equality says little: buffers below kMinToldBufferBytes, and those that only repeat
// one word of up to 8 bytes (cleared memory, a constant picture). Blobs above kMaxShownBlobBytes
// and those of which only the digest was kept are taken as they are.
//
// Two passes over the trace. Not thread safe. Memory: about 60 bytes for each different buffer that
// a call gave out, kMaxToldBuffers of them; what comes after them has no flow, see cut().
class BufferFlows {
 public:
  // The first pass, every event; then the end of it.
  void look(const TraceEvent& event);
  void end_first_pass(const BlobReader& blobs);

  // The second pass, every argument in order: the flow that it belongs to, never 0. An argument
  // that goes in belongs to one only if another call gave the buffer out before.
  std::optional<std::uint64_t> flow_of(const TraceStamp& stamp, const TraceArgument& argument);

  // Different buffers that flow.
  std::size_t size() const { return flows_.size(); }
  bool cut() const { return cut_; }

 private:
  struct Flow {
    Sha256Bytes digest = {};
    bool in_store = false;
    bool has_giver = false;
    CallKey giver = {};  // of the second pass
  };
  std::unordered_map<std::uint64_t, CallKey> givers_;  // by the digest's first bytes
  std::unordered_map<std::uint64_t, Flow> flows_;
  bool cut_ = false;
};

// Whether the bytes only repeat one word of 1, 2, 4 or 8 bytes.
bool repeats_one_word(ByteSpan bytes);

}  // namespace dl::capture
