// SPDX-License-Identifier: Apache-2.0
// Three codecs over one list of fields: measure, write, read.
#include "daylight/artifact/trace/trace_encoding.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <utility>

#include "daylight/artifact/trace/trace_fields.h"

namespace dl {
namespace {

template <typename T>
concept Number = std::is_arithmetic_v<T>;

// The payload's size, and whether every part keeps to its limit.
class Measure {
 public:
  template <Number T>
  void operator()(const T& /*value*/) {
    size_ += sizeof(T);
  }
  void operator()(const std::string& text) {
    size_ += 4 + text.size();
    if (text.size() > kMaxTraceTextBytes) fault_ = "a text is too long";
  }
  void operator()(const Sha256Bytes& digest) { size_ += digest.size(); }
  template <typename Enum>
  void choice(const Enum& /*value*/, Enum /*last*/) {
    size_ += 1;
  }
  template <typename T>
  void list(const std::vector<T>& parts, std::size_t limit) {
    size_ += 1;
    if (parts.size() > limit) fault_ = "a list is too long";
    for (const T& part : parts) (*this)(part);
  }
  void inline_bytes(const TraceBuffer& buffer) {
    if (buffer.bytes.size() != buffer.captured) disagree_ = true;
    add_inline(buffer.bytes.size());
  }
  void add_inline(std::size_t bytes) {
    size_ += bytes;
    if (bytes > kMaxInlineBytes) fault_ = "too many bytes stand in the event";
  }

  std::size_t size() const { return size_; }
  bool ok() const { return fault_ == nullptr && !disagree_ && size_ <= kMaxFramePayload; }
  // Why not.
  tl::unexpected<Error> error() const {
    if (disagree_) {
      return fail(ErrorCode::kInvalidArgument, "a buffer states another size than it has", "trace");
    }
    return fail(ErrorCode::kLimit, fault_ != nullptr ? fault_ : "the event is too large", "trace");
  }

 private:
  std::size_t size_ = 0;
  const char* fault_ = nullptr;
  bool disagree_ = false;
};

// Writes to where Measure has made room.
class Writer {
 public:
  explicit Writer(std::uint8_t* at) : at_(at) {}

  template <Number T>
  void operator()(const T& value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::uint32_t>(text.size()));
    raw(text.data(), text.size());
  }
  void operator()(const Sha256Bytes& digest) { raw(digest.data(), digest.size()); }
  template <typename Enum>
  void choice(const Enum& value, Enum /*last*/) {
    *at_++ = static_cast<std::uint8_t>(value);
  }
  template <typename T>
  void list(const std::vector<T>& parts, std::size_t /*limit*/) {
    *at_++ = static_cast<std::uint8_t>(parts.size());
    for (const T& part : parts) (*this)(part);
  }
  void inline_bytes(const TraceBuffer& buffer) { raw(buffer.bytes.data(), buffer.bytes.size()); }
  void raw(const void* from, std::size_t size) {
    if (size != 0) std::memcpy(at_, from, size);
    at_ += size;
  }

 private:
  std::uint8_t* at_;
};

// Reads hostile bytes; after the first fault every field is left as it is.
class Reader {
 public:
  explicit Reader(ByteSpan payload) : in_(payload) {}

  template <Number T>
  void operator()(T& value) {
    const auto part = in_.take(sizeof value);
    if (part.size() == sizeof value) std::memcpy(&value, part.data(), sizeof value);
  }
  void operator()(bool& value) {
    const std::uint8_t byte = in_.u8();
    if (byte > 1) fault_ = "a truth value is neither 0 nor 1";
    value = byte == 1;
  }
  void operator()(std::string& text) {
    const std::uint32_t size = in_.u32();
    if (size > kMaxTraceTextBytes) fault_ = "a text is too long";
    if (ok()) text = as_text(in_.take(size));
  }
  void operator()(Sha256Bytes& digest) {
    const auto part = in_.take(digest.size());
    if (part.size() == digest.size()) std::memcpy(digest.data(), part.data(), digest.size());
  }
  template <typename Enum>
  void choice(Enum& value, Enum last) {
    const std::uint8_t byte = in_.u8();
    if (byte > static_cast<std::uint8_t>(last)) {
      fault_ = "a choice has a value that this version does not know";
    } else {
      value = static_cast<Enum>(byte);
    }
  }
  template <typename T>
  void list(std::vector<T>& parts, std::size_t limit) {
    const std::uint8_t count = in_.u8();
    if (count > limit) fault_ = "a list is too long";
    for (std::uint8_t i = 0; i < count && ok(); ++i) (*this)(parts.emplace_back());
  }
  void inline_bytes(TraceBuffer& buffer) {
    if (buffer.captured > kMaxInlineBytes) fault_ = "too many bytes stand in the event";
    if (ok()) buffer.bytes = as_text(in_.take(buffer.captured));
  }

  bool ok() const { return fault_ == nullptr && in_.ok(); }
  const char* fault() const { return fault_ != nullptr ? fault_ : "the payload is too short"; }

 private:
  ByteReader in_;
  const char* fault_ = nullptr;
};

// Makes room for a frame with such a payload at the end of `out`.
std::uint8_t* make_room(std::string& out, std::size_t payload_bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + payload_bytes + kFrameOverheadBytes);
  return reinterpret_cast<std::uint8_t*>(out.data()) + begin;
}

template <std::size_t I = 0>
Result<TracePayload> decode_payload(std::size_t index, ByteSpan payload) {
  if constexpr (I == std::variant_size_v<TracePayload>) {
    return fail(ErrorCode::kUnsupported, "is of a kind that this version does not know", "event");
  } else {
    if (index != I) return decode_payload<I + 1>(index, payload);
    Reader reader(payload);
    std::variant_alternative_t<I, TracePayload> record;
    trace_fields(reader, record);
    if (!reader.ok()) return fail(ErrorCode::kCorrupt, reader.fault(), "event");
    return TracePayload(std::move(record));
  }
}

}  // namespace

Result<void> append_frame(const TraceEvent& event, std::string& out) {
  return std::visit(
      [&](const auto& record) -> Result<void> {
        Measure measure;
        trace_fields(measure, record);
        if (!measure.ok()) return measure.error();
        std::uint8_t* const frame = make_room(out, measure.size());
        Writer writer(frame + kFrameHeaderBytes);
        trace_fields(writer, record);
        seal_frame(frame, static_cast<std::uint16_t>(kind_of(event.payload)), event,
                   measure.size());
        return {};
      },
      event.payload);
}

Result<void> append_argument_frame(const TraceStamp& stamp, const TraceArgument& argument,
                                   ByteSpan bytes, std::string& out) {
  const std::uint64_t captured = bytes.size();
  Measure measure;
  trace_argument_head(measure, argument);
  measure.choice(TraceHeld::kInline, TraceHeld::kDropped);
  measure(captured);
  measure.add_inline(bytes.size());
  if (!measure.ok()) return measure.error();
  std::uint8_t* const frame = make_room(out, measure.size());
  Writer writer(frame + kFrameHeaderBytes);
  trace_argument_head(writer, argument);
  writer.choice(TraceHeld::kInline, TraceHeld::kDropped);
  writer(captured);
  writer.raw(bytes.data(), bytes.size());
  seal_frame(frame, static_cast<std::uint16_t>(TraceKind::kArgument), stamp, measure.size());
  return {};
}

Result<TraceEvent> decode_event(const TraceFrame& frame) {
  // Kind 0 becomes an index that no payload has.
  auto payload = decode_payload(std::size_t{frame.kind} - 1, frame.payload);
  if (!payload) return tl::unexpected(std::move(payload).error());
  return TraceEvent{frame.stamp, *std::move(payload)};
}

}  // namespace dl
