// SPDX-License-Identifier: Apache-2.0
// The frame around each event, the same in files and on sockets: header, payload, checksums.
#pragma once

#include <cstdint>

#include "daylight/artifact/trace/trace_event.h"
#include "daylight/base/bytes.h"

namespace dl {

// Layout, little-endian: u32 payload length, u16 kind, u16 zero, u64 time, u32 pid, u32 tid, u64
// call, u32 CRC32C of these 32 bytes; the payload; u32 CRC32C of all that stands before it. A
// length is believed only after the header's checksum. docs/formats/trace.md.
inline constexpr std::size_t kFrameHeaderBytes = 36;
inline constexpr std::size_t kFrameOverheadBytes = kFrameHeaderBytes + 4;
inline constexpr std::size_t kMaxFramePayload = std::size_t{1} << 20;
inline constexpr std::size_t kMaxTraceFrameBytes = kMaxFramePayload + kFrameOverheadBytes;

// A frame in a buffer that outlives it.
struct TraceFrame {
  std::uint16_t kind = 0;  // as written: may be one that this version does not know
  TraceStamp stamp = {};
  ByteSpan payload = {};
};

enum class FrameState {
  kWhole,
  kShort,       // begins well; the buffer ends before it does
  kBadHeader,   // where the next frame begins is unknown
  kBadPayload,  // can be stepped over
};

// What stands at the beginning of a buffer.
struct FrameReading {
  FrameState state = FrameState::kShort;
  TraceFrame frame = {};  // kWhole; kBadPayload: without payload
  // kWhole, kBadPayload: of the frame. kShort: what is needed to go on (the header's size until it
  // is there). kBadHeader: 0.
  std::size_t size = kFrameHeaderBytes;
};

// Thread safe; so are the functions below, on different buffers.
FrameReading read_frame(ByteSpan bytes);

// Writes the header (kFrameHeaderBytes) of a frame whose payload lies elsewhere. Gives the checksum
// so far: crc32c() carried on over the payload is what stands behind it.
std::uint32_t write_frame_header(std::uint8_t* header, std::uint16_t kind, const TraceStamp& stamp,
                                 std::size_t payload_bytes);

// Puts header and checksums around `payload_bytes` (<= kMaxFramePayload) that the caller has
// written at `frame` + kFrameHeaderBytes. `frame` has room for kFrameOverheadBytes more than the
// payload.
void seal_frame(std::uint8_t* frame, std::uint16_t kind, const TraceStamp& stamp,
                std::size_t payload_bytes);

// A run of whole frames.
struct FrameCount {
  std::uint64_t frames = 0;
  std::uint64_t calls = 0;  // enter events
  std::uint64_t bytes = 0;

  friend bool operator==(const FrameCount&, const FrameCount&) = default;
};
// Those that lie whole in `frames`, which this process encoded or has checked: looks at lengths and
// kinds only.
FrameCount count_frames(ByteSpan frames);

}  // namespace dl
