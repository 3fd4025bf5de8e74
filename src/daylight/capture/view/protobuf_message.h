// SPDX-License-Identifier: Apache-2.0
// Writes the fields of a protobuf message, one behind the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dl::capture {

// The caller knows the numbers and types of the fields. Not thread safe.
class ProtobufMessage {
 public:
  // uint32, uint64, int32 and int64 that are not negative, bool, enum.
  void number(std::uint32_t field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
  }
  // int32 and int64 of any sign.
  void signed_number(std::uint32_t field, std::int64_t value) {
    number(field, static_cast<std::uint64_t>(value));
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, 1);
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof raw);
  }
  // string (UTF-8 is the caller's part), bytes.
  void text(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_ += value;
  }
  void message(std::uint32_t field, const ProtobufMessage& inner) { text(field, inner.bytes_); }
  // Fields that were written elsewhere.
  void append(std::string_view fields) { bytes_ += fields; }

  const std::string& bytes() const { return bytes_; }

 private:
  void tag(std::uint32_t field, std::uint32_t wire) { varint(std::uint64_t{field} << 3U | wire); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace dl::capture
