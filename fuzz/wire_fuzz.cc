// SPDX-License-Identifier: Apache-2.0
// A hostile client: what a collector reads from a socket. The first byte says how the bytes are
// cut into pieces, the second what stands before them: 0 nothing, 1 a good hello and definitions;
// 2 the same, and each piece becomes the payload of a frame with right checksums, its first two
// bytes being its kind.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/capture/client_session.h"

namespace {

using namespace dl::capture;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::uint32_t kPid = 7;

std::string greeting() {
  std::string out;
  append_hello({kWireVersion, kPid, 5, "fuzz", "x86_64", "app", "token"}, out);
  const dl::TraceModule module{1, "libx.so", {}, "", 0, 0};
  const dl::TraceMethod method{1, dl::TraceMethodKind::kJava, "java:a/B;.c", 1, 0, ""};
  require(dl::append_frame({{6, kPid, 1, 0}, module}, out).has_value());
  require(dl::append_frame({{6, kPid, 1, 0}, method}, out).has_value());
  append_mark(WireKind::kSend, out);
  return out;
}

// As many frames as there are bytes for: kind, length, payload.
std::string frames_of(dl::ByteSpan bytes) {
  std::string out;
  dl::ByteReader in(bytes);
  while (in.remaining() >= 4) {
    const std::uint16_t kind = in.u16();
    const auto payload = in.take(std::min<std::uint64_t>(in.u16(), in.remaining()));
    const std::size_t at = out.size();
    out.resize(at + dl::kFrameOverheadBytes + payload.size());
    auto* const frame = reinterpret_cast<std::uint8_t*>(out.data()) + at;
    if (!payload.empty())
      std::memcpy(frame + dl::kFrameHeaderBytes, payload.data(), payload.size());
    dl::seal_frame(frame, kind, {7, kPid, 1, 1}, payload.size());
  }
  return out;
}

// What a collector may rely on in every batch.
void check_batch(const WireBatch& batch) {
  require(!batch.events.empty());
  for (const dl::TraceEvent& event : batch.events) {
    std::string frame;
    require(event.pid == kPid && dl::append_frame(event, frame).has_value());
    require(!std::holds_alternative<dl::TraceEnd>(event.payload));
  }
  for (const auto& [event, bytes] : batch.buffers) {
    dl::TraceEvent copy = batch.events.at(event);
    require(buffer_of(copy.payload) != nullptr && bytes.size() <= 4096);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string bytes;
  if (data[1] % 3 != 0) bytes = greeting();
  const dl::ByteSpan rest(data + 2, size - 2);
  bytes += data[1] % 3 == 2 ? frames_of(rest) : std::string(dl::as_text(rest));

  MemoryBudget budget(6'000);  // one buffer fits, two do not
  SessionOptions options;
  options.token = "token";
  options.max_buffer_bytes = 4096;
  options.patience = std::chrono::milliseconds(0);
  options.clock = [] { return std::uint64_t{1000}; };
  ClientSession session(options, budget, [&](WireBatch&& batch) {
    check_batch(batch);
    budget.give_back(batch.memory);
  });
  const std::size_t step = data[0] == 0 ? bytes.size() : data[0];
  std::string pending;
  std::string error;
  for (std::size_t at = 0; at < bytes.size() && error.empty(); at += step) {
    pending.append(bytes, at, step);
    const auto taken = session.feed(dl::as_bytes(pending));
    if (taken) {
      require(*taken <= pending.size());
      pending.erase(0, *taken);
    } else {
      error = taken.error().what;
      require(!error.empty());
    }
  }
  if (session.greeted()) session.finish(error);
  return 0;
}
