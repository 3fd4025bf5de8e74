// SPDX-License-Identifier: Apache-2.0
// The frames that only the wire has: who speaks, buffers in chunks, the end of a batch.
// docs/formats/wire.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daylight/artifact/trace/trace_frame.h"

namespace dl::capture {

inline constexpr std::uint16_t kWireVersion = 1;

// Beyond what any event will ever be.
enum class WireKind : std::uint16_t {
  kHello = 0xf001,
  kChunk = 0xf002,
  kSend = 0xf003,  // what came since the last one stands together
  kBye = 0xf004,   // the client ends as it wanted to
};

// The first frame of a connection.
struct WireHello {
  std::uint16_t version = kWireVersion;
  std::uint32_t pid = 0;
  std::uint64_t clock_ns = 0;  // the client's clock now; its events are stamped by it
  std::string source;          // jvmti, frida ...
  std::string abi;
  std::string name;   // of the process
  std::string token;  // that the collector gave the agent

  friend bool operator==(const WireHello&, const WireHello&) = default;
};
// Of one batch; a client that sends more is cut off.
inline constexpr std::size_t kMaxBatchEvents = std::size_t{1} << 16;
inline constexpr std::size_t kMaxBatchBuffers = 4096;
inline constexpr std::size_t kMaxBatchBytes = std::size_t{16} << 20;  // of its events, as frames
inline constexpr std::size_t kMaxHelloText = 4096;
// Texts that are longer are cut.
void append_hello(const WireHello& hello, std::string& out);
// Nothing if the payload is none. One of a newer version is read as far as this one knows it.
std::optional<WireHello> decode_hello(ByteSpan payload);

// A part of a buffer, before the events of its batch. Buffers are numbered from 0 in each batch,
// and come in order and without gaps. An event names one by `held` blob and its number in the first
// eight bytes of the digest, the others being 0: digests are computed by the collector.
struct WireChunk {
  std::uint32_t buffer = 0;
  std::uint64_t total = 0;   // bytes of the whole buffer
  std::uint64_t offset = 0;  // of this part
  ByteSpan bytes = {};
};
inline constexpr std::size_t kChunkHeadBytes = 20;
inline constexpr std::size_t kMaxChunkBytes = (std::size_t{1} << 20) - 4096;
// The fields before the bytes, kChunkHeadBytes of them.
void write_chunk_head(const WireChunk& chunk, std::uint8_t* out);
std::optional<WireChunk> decode_chunk(ByteSpan payload);

Sha256Bytes wire_reference(std::uint32_t buffer);
std::optional<std::uint32_t> buffer_named(const Sha256Bytes& reference);

// A frame without payload.
void append_mark(WireKind kind, std::string& out);

}  // namespace dl::capture
