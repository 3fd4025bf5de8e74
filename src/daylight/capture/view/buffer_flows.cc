// SPDX-License-Identifier: Apache-2.0
// Equal digests; the bytes are looked at only where there is a flow to be doubted.
#include "daylight/capture/view/buffer_flows.h"

#include <cstring>

#include "daylight/capture/view/buffer_values.h"
#include "daylight/capture/view/trace_statistics.h"

namespace dl::capture {
namespace {

std::uint64_t key_of(const Sha256Bytes& digest) { return *load_le<std::uint64_t>(digest, 0); }

bool is_constant(const TraceBuffer& buffer) {
  return buffer.held == TraceHeld::kInline && repeats_one_word(as_bytes(buffer.bytes));
}

}  // namespace

bool repeats_one_word(ByteSpan bytes) {
  constexpr std::size_t kWord = 8;
  if (bytes.size() <= kWord) return true;
  return std::memcmp(bytes.data(), bytes.data() + kWord, bytes.size() - kWord) == 0;
}

void BufferFlows::look(const TraceEvent& event) {
  const auto* argument = std::get_if<TraceArgument>(&event.payload);
  if (argument == nullptr || event.call == 0) return;
  const auto digest = identity_of(argument->buffer);
  if (!digest || is_constant(argument->buffer)) return;
  const std::uint64_t key = key_of(*digest);
  if (key == 0) return;  // no id of a flow
  const auto giver = givers_.find(key);
  if (argument->direction == TraceDirection::kOut) {
    if (giver != givers_.end()) return;
    if (givers_.size() >= kMaxToldBuffers) {
      cut_ = true;
      return;
    }
    givers_.emplace(key, call_of(event));
  } else if (giver != givers_.end() && giver->second != call_of(event)) {
    flows_.try_emplace(key,
                       Flow{*digest, argument->buffer.held == TraceHeld::kBlob, false, CallKey{}});
  }
}

void BufferFlows::end_first_pass(const BlobReader& blobs) {
  givers_.clear();
  std::erase_if(flows_, [&](const auto& entry) {
    if (!entry.second.in_store) return false;
    const auto bytes = blobs.get(entry.second.digest, kMaxShownBlobBytes);
    return bytes && repeats_one_word(as_bytes(*bytes));
  });
}

std::optional<std::uint64_t> BufferFlows::flow_of(const TraceStamp& stamp,
                                                  const TraceArgument& argument) {
  if (stamp.call == 0) return std::nullopt;
  const auto digest = identity_of(argument.buffer);
  if (!digest) return std::nullopt;
  const auto found = flows_.find(key_of(*digest));
  if (found == flows_.end() || found->second.digest != *digest) return std::nullopt;
  Flow& flow = found->second;
  if (argument.direction == TraceDirection::kOut) {
    if (!flow.has_giver) flow.giver = call_of(stamp);
    flow.has_giver = true;
    return found->first;
  }
  if (!flow.has_giver || flow.giver == call_of(stamp)) return std::nullopt;
  return found->first;
}

}  // namespace dl::capture
