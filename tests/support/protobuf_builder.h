// SPDX-License-Identifier: Apache-2.0
// Writes Protocol Buffers field by field, so that tests can make any message from text.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dl::testing {

inline std::string pb_raw_varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7fU) | 0x80U);
  return out + static_cast<char>(value);
}

inline std::string pb_tag(std::uint32_t number, unsigned wire) {
  return pb_raw_varint((std::uint64_t{number} << 3U) | wire);
}

// A field of integers, booleans and enumerations.
inline std::string pb_int(std::uint32_t number, std::int64_t value) {
  return pb_tag(number, 0) + pb_raw_varint(static_cast<std::uint64_t>(value));
}

// A field of text, bytes, or a message that is written already.
inline std::string pb_bytes(std::uint32_t number, std::string_view content) {
  return pb_tag(number, 2) + pb_raw_varint(content.size()) + std::string(content);
}

inline std::string raw_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return {static_cast<char>(bits), static_cast<char>(bits >> 8U), static_cast<char>(bits >> 16U),
          static_cast<char>(bits >> 24U)};
}

inline std::string pb_float(std::uint32_t number, float value) {
  return pb_tag(number, 5) + raw_float(value);
}

inline std::string raw_floats(std::initializer_list<float> values) {
  std::string out;
  for (const float value : values) out += raw_float(value);
  return out;
}

// Packed runs.
inline std::string pb_floats(std::uint32_t number, std::initializer_list<float> values) {
  return pb_bytes(number, raw_floats(values));
}

inline std::string pb_ints(std::uint32_t number, std::initializer_list<std::int64_t> values) {
  std::string out;
  for (const std::int64_t value : values) out += pb_raw_varint(static_cast<std::uint64_t>(value));
  return pb_bytes(number, out);
}

}  // namespace dl::testing
