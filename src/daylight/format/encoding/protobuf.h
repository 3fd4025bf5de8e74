// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers on the wire: fields of hostile bytes, and whether a message fits a schema.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Messages inside messages that a check of a schema follows.
inline constexpr int kMaxProtoDepth = 24;
// Fields that one check of a schema looks at; what has more does not fit.
inline constexpr std::uint64_t kMaxProtoFields = 8'000'000;
// Field numbers that no writer uses by itself: reserved by the format.
inline constexpr std::uint32_t kFirstReservedProtoField = 19000;
inline constexpr std::uint32_t kLastReservedProtoField = 19999;
inline constexpr std::uint32_t kMaxProtoFieldNumber = (1U << 29U) - 1;

// How a field's value lies in the bytes. Groups (3, 4) are no more in use and are damage here.
enum class ProtoWire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field of a message.
struct ProtoField {
  std::uint32_t number = 0;
  ProtoWire wire = ProtoWire::kVarint;
  std::uint64_t value = 0;  // kVarint, kFixed64, kFixed32: the bits; kBytes: the length it states
  ByteSpan bytes;           // kBytes: the content, shorter than `value` where the message is cut
  bool cut = false;         // the message ends inside of this field's content

  bool is_message() const { return wire == ProtoWire::kBytes; }
  std::string_view text() const { return as_text(bytes); }
  std::int64_t integer() const { return static_cast<std::int64_t>(value); }
  // The value of a field of type float; 0 if it is not kFixed32.
  float number32() const;
  // The value of a field of type double; 0 if it is not kFixed64.
  double number64() const;
};

// Walks the fields of one message. Ends at the end of the bytes or at the first thing that is no
// field; `offset` is then the end of the last whole field. Not thread safe.
class ProtoReader {
 public:
  explicit ProtoReader(ByteSpan message) : message_(message) {}

  // The next field, or nothing. A field of bytes that goes on behind the end is given as far as it
  // reaches, marked `cut`, and is the last one.
  std::optional<ProtoField> next();
  // Bytes that whole fields take.
  std::uint64_t offset() const { return offset_; }
  // All bytes were whole fields.
  bool complete() const { return offset_ == message_.size(); }

 private:
  std::optional<std::uint64_t> varint(std::uint64_t& at) const;

  ByteSpan message_;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

// The first field with this number, or nothing.
std::optional<ProtoField> proto_field(ByteSpan message, std::uint32_t number);
// Text of the first field with this number; empty if there is none.
std::string proto_text(ByteSpan message, std::uint32_t number);
// Integer of the first field with this number.
std::int64_t proto_integer(ByteSpan message, std::uint32_t number, std::int64_t otherwise);
// Appends a repeated integer's values: one, or a packed run. At most `limit` values are in `out`
// afterwards. False if a packed run is damaged or the limit cut it.
bool append_proto_integers(const ProtoField& field, std::size_t limit,
                           std::vector<std::int64_t>& out);
// The same for a repeated float.
bool append_proto_floats(const ProtoField& field, std::size_t limit, std::vector<float>& out);

// What the schema of a message says of one field.
enum class ProtoKind : std::uint8_t {
  kVarint,
  kFixed32,
  kFixed64,
  kBytes,
  kText,      // UTF-8 without control characters
  kMessage,   // fits ProtoRule::schema
  kVarints,   // one varint or a packed run of them
  kFixed32s,  // one, or a packed run
  kFixed64s,  // one, or a packed run
};

struct ProtoSchema;

struct ProtoRule {
  std::uint32_t number = 0;
  ProtoKind kind = ProtoKind::kVarint;
  const ProtoSchema* schema = nullptr;
  bool repeated = false;
  bool required = false;
  std::uint64_t largest = ~std::uint64_t{0};  // of a varint
};

// The fields of one kind of message.
struct ProtoSchema {
  std::span<const ProtoRule> rules;
  // Numbers up to this one that have no rule may stand there with any content: the schema's future
  // versions. 0: none.
  std::uint32_t open_up_to = 0;
};

// How far bytes are a message of a schema.
struct ProtoFit {
  std::uint64_t size = 0;    // of the fields that fit, counted from the first byte
  std::uint64_t fields = 0;  // how many of them the message itself has
  bool required = false;     // all required fields are among them
  // The bytes end inside of the last field, whose beginning fits; `size` is then all bytes.
  bool cut = false;
};

// A message has no end mark: fields are taken while they fit, and a field that is not repeated ends
// the message where it comes a second time. Messages inside have to fit as a whole, required fields
// included. Cost: linear in the bytes that fit.
ProtoFit fit_proto_schema(ByteSpan bytes, const ProtoSchema& schema);

// Whether text is UTF-8 without control characters (tab and line ends are none), and not longer
// than `limit`.
bool is_plain_text(std::string_view text, std::size_t limit = 1U << 20U);

}  // namespace dl
