// SPDX-License-Identifier: Apache-2.0
// Frames: a header that is checked on its own, then the payload with a checksum over both.
#include "daylight/artifact/trace/trace_frame.h"

#include <array>
#include <bit>
#include <cstring>

#include "daylight/artifact/trace/crc32c.h"

namespace dl {
namespace {

static_assert(std::endian::native == std::endian::little);

// The header as it lies in the file: every field at its natural alignment, no holes.
struct Header {
  std::uint32_t length;
  std::uint16_t kind;
  std::uint16_t zero;
  std::uint64_t time_ns;
  std::uint32_t pid;
  std::uint32_t tid;
  std::uint64_t call;
};
static_assert(sizeof(Header) == kFrameHeaderBytes - 4);

}  // namespace

FrameReading read_frame(ByteSpan bytes) {
  FrameReading reading;
  if (bytes.size() < kFrameHeaderBytes) return reading;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::uint32_t header_sum = crc32c(bytes.first(sizeof header));
  if (*load_le<std::uint32_t>(bytes, sizeof header) != header_sum || header.zero != 0 ||
      header.length > kMaxFramePayload) {
    reading.state = FrameState::kBadHeader;
    reading.size = 0;
    return reading;
  }
  reading.frame.kind = header.kind;
  reading.frame.stamp = {header.time_ns, header.pid, header.tid, header.call};
  reading.size = header.length + kFrameOverheadBytes;
  if (bytes.size() < reading.size) return reading;
  const std::size_t summed = reading.size - 4;
  const std::uint32_t sum =
      crc32c(bytes.subspan(sizeof header, summed - sizeof header), header_sum);
  if (*load_le<std::uint32_t>(bytes, summed) != sum) {
    reading.state = FrameState::kBadPayload;
    return reading;
  }
  reading.state = FrameState::kWhole;
  reading.frame.payload = bytes.subspan(kFrameHeaderBytes, header.length);
  return reading;
}

std::uint32_t write_frame_header(std::uint8_t* header, std::uint16_t kind, const TraceStamp& stamp,
                                 std::size_t payload_bytes) {
  // Whole words: the processor stalls where it reads eight bytes that two stores have just written.
  const std::array<std::uint64_t, 4> words = {
      payload_bytes | (std::uint64_t{kind} << 32U), stamp.time_ns,
      stamp.pid | (std::uint64_t{stamp.tid} << 32U), stamp.call};
  static_assert(sizeof words == sizeof(Header));
  const std::uint32_t sum =
      crc32c(ByteSpan(reinterpret_cast<const std::uint8_t*>(words.data()), sizeof words));
  std::memcpy(header, words.data(), sizeof words);
  std::memcpy(header + sizeof words, &sum, 4);
  return crc32c(ByteSpan(header + sizeof words, 4), sum);
}

void seal_frame(std::uint8_t* frame, std::uint16_t kind, const TraceStamp& stamp,
                std::size_t payload_bytes) {
  const std::uint32_t header_sum = write_frame_header(frame, kind, stamp, payload_bytes);
  const std::uint32_t sum = crc32c(ByteSpan(frame + kFrameHeaderBytes, payload_bytes), header_sum);
  std::memcpy(frame + kFrameHeaderBytes + payload_bytes, &sum, 4);
}

FrameCount count_frames(ByteSpan frames) {
  FrameCount count;
  while (true) {
    const auto length = load_le<std::uint32_t>(frames, count.bytes);
    const auto kind = load_le<std::uint16_t>(frames, count.bytes + 4);
    if (!length || !kind) return count;
    const std::uint64_t size = std::uint64_t{*length} + kFrameOverheadBytes;
    if (size > frames.size() - count.bytes) return count;
    count.bytes += size;
    ++count.frames;
    if (*kind == static_cast<std::uint16_t>(TraceKind::kEnter)) ++count.calls;
  }
}

}  // namespace dl
