// SPDX-License-Identifier: Apache-2.0
// Little-endian fields, as in events.
#include "daylight/capture/wire/wire_frames.h"

#include <algorithm>
#include <cstring>

namespace dl::capture {
namespace {

template <typename T>
void put(std::string& out, T value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof raw);
}

void put_text(std::string& out, const std::string& text) {
  const std::size_t size = std::min(text.size(), kMaxHelloText);
  put(out, static_cast<std::uint32_t>(size));
  out.append(text, 0, size);
}

std::string take_text(ByteReader& in) {
  const std::uint32_t size = in.u32();
  return std::string(as_text(in.take(size <= kMaxHelloText ? size : UINT64_MAX)));
}

void append_sealed(WireKind kind, const TraceStamp& stamp, const std::string& payload,
                   std::string& out) {
  const std::size_t begin = out.size();
  out.append(kFrameHeaderBytes, '\0');
  out += payload;
  out.append(4, '\0');
  seal_frame(reinterpret_cast<std::uint8_t*>(out.data()) + begin, static_cast<std::uint16_t>(kind),
             stamp, payload.size());
}

}  // namespace

void append_hello(const WireHello& hello, std::string& out) {
  std::string payload;
  put(payload, hello.version);
  put(payload, hello.pid);
  put(payload, hello.clock_ns);
  for (const std::string* text : {&hello.source, &hello.abi, &hello.name, &hello.token})
    put_text(payload, *text);
  append_sealed(WireKind::kHello, {hello.clock_ns, hello.pid, 0, 0}, payload, out);
}

std::optional<WireHello> decode_hello(ByteSpan payload) {
  ByteReader in(payload);
  WireHello hello;
  hello.version = in.u16();
  hello.pid = in.u32();
  hello.clock_ns = in.u64();
  for (std::string* text : {&hello.source, &hello.abi, &hello.name, &hello.token})
    *text = take_text(in);
  if (!in.ok() || hello.version == 0) return std::nullopt;
  return hello;
}

void write_chunk_head(const WireChunk& chunk, std::uint8_t* out) {
  std::memcpy(out, &chunk.buffer, 4);
  std::memcpy(out + 4, &chunk.total, 8);
  std::memcpy(out + 12, &chunk.offset, 8);
}

std::optional<WireChunk> decode_chunk(ByteSpan payload) {
  ByteReader in(payload);
  WireChunk chunk;
  chunk.buffer = in.u32();
  chunk.total = in.u64();
  chunk.offset = in.u64();
  chunk.bytes = in.take(in.remaining());
  const bool inside =
      chunk.offset <= chunk.total && chunk.bytes.size() <= chunk.total - chunk.offset;
  if (!in.ok() || !inside || chunk.bytes.empty()) return std::nullopt;
  return chunk;
}

Sha256Bytes wire_reference(std::uint32_t buffer) {
  Sha256Bytes out{};
  std::memcpy(out.data(), &buffer, sizeof buffer);
  return out;
}

std::optional<std::uint32_t> buffer_named(const Sha256Bytes& reference) {
  const auto buffer = *load_le<std::uint32_t>(reference, 0);
  if (wire_reference(buffer) != reference) return std::nullopt;
  return buffer;
}

void append_mark(WireKind kind, std::string& out) { append_sealed(kind, {}, {}, out); }

}  // namespace dl::capture
