// SPDX-License-Identifier: Apache-2.0
// Events of every kind with random content, the same for the same seed.
#pragma once

#include <random>
#include <string>
#include <utility>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::testing {

class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

  // Any bytes, control characters and zero included.
  std::string text(std::size_t most = 40) {
    std::string out(pick(most + 1), ' ');
    for (char& c : out) c = static_cast<char>(random_() & 0xffU);
    return out;
  }
  std::uint64_t number() { return random_() >> (random_() % 64); }
  std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
  std::size_t pick(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  template <typename Enum>
  Enum choice(Enum last) {
    return static_cast<Enum>(pick(static_cast<std::size_t>(last) + 1));
  }

  TraceBuffer buffer() {
    TraceBuffer buffer;
    buffer.held = choice(TraceHeld::kDropped);
    buffer.captured = number();
    if (buffer.held == TraceHeld::kInline) {
      buffer.bytes = text(200);
      buffer.captured = buffer.bytes.size();
    }
    if (buffer.held == TraceHeld::kBlob || buffer.held == TraceHeld::kDigest)
      buffer.digest = sha256_bytes(as_bytes(text()));
    return buffer;
  }

  TracePayload payload(TraceKind kind) {
    switch (kind) {
      case TraceKind::kProcess:
        return TraceProcess{text(), text(), text()};
      case TraceKind::kModule:
        return TraceModule{small(), text(), {text(), text()}, text(), number(), number()};
      case TraceKind::kMethod:
        return TraceMethod{
            small(), choice(TraceMethodKind::kConstructor), text(), small(), number(), text()};
      case TraceKind::kEnter:
        return TraceEnter{small(), number(), number()};
      case TraceKind::kLeave:
        return TraceLeave{small(), choice(TraceOutcome::kStopped), number(), text()};
      case TraceKind::kArgument:
        return TraceArgument{static_cast<std::int32_t>(small()),
                             choice(TraceDirection::kOut),
                             text(),
                             text(),
                             text(),
                             {number(), number()},
                             number(),
                             number(),
                             buffer()};
      case TraceKind::kStimulusBegin:
        return TraceStimulusBegin{
            number(), text(), small(), small(), static_cast<double>(number()) / 8, buffer()};
      case TraceKind::kStimulusEnd:
        return TraceStimulusEnd{number(), choice(TraceOutcome::kStopped), text()};
      case TraceKind::kLoss:
        return TraceLoss{pick(100), pick(100), pick(100), text()};
      case TraceKind::kNote:
        return TraceNote{choice(TraceLevel::kFatal), text(), text()};
      case TraceKind::kLog:
        return TraceLog{choice(TraceLevel::kFatal), text(), text()};
      case TraceKind::kLookup:
        return TraceLookup{choice(TraceLookupKind::kLibrary), text(), pick(2) == 1, text()};
      case TraceKind::kNative:
        return TraceNative{text(),  text(),   text(),
                           small(), number(), choice(TraceRoute::kConstructor)};
      case TraceKind::kMemoryModel:
        return TraceMemoryModel{text(), number(), number(), text(), buffer()};
      case TraceKind::kEnd:
        return TraceEnd{
            choice(TraceEnding::kFailed), number(), number(), number(), number(), number(), text()};
    }
    return {};
  }

  TraceEvent event(TraceKind kind) {
    return {{number(), small(), small(), number()}, payload(kind)};
  }
  // Of any kind but the end, which only the writer may write.
  TraceEvent event() {
    return event(static_cast<TraceKind>(1 + pick(std::variant_size_v<TracePayload> - 1)));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace dl::testing
