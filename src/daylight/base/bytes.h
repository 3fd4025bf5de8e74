// SPDX-License-Identifier: Apache-2.0
// Bounds- and overflow-checked reading of hostile bytes, little-endian unless the name says
// otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace dl {

using ByteSpan = std::span<const std::uint8_t>;

// The part [offset, offset + size) of `bytes`, or nothing if it does not lie inside. Never
// overflows.
inline std::optional<ByteSpan> subspan_checked(ByteSpan bytes, std::uint64_t offset,
                                               std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The integer or float of type T at `offset` (any alignment), or nothing if it does not lie inside.
template <typename T>
std::optional<T> load_le(ByteSpan bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto part = subspan_checked(bytes, offset, sizeof(T));
  if (!part) return std::nullopt;
  T value;
  std::memcpy(&value, part->data(), sizeof(T));
  return value;
}

// a + b and a * b, or nothing on overflow.
inline std::optional<std::uint64_t> add_checked(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
inline std::optional<std::uint64_t> multiply_checked(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// A cursor over bytes with sticky failure: after the first read past the end every read gives zero
// and ok() is false, so a run of reads needs one check at its end. Not thread safe.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes, std::uint64_t offset = 0)
      : bytes_(bytes), offset_(offset), ok_(offset <= bytes.size()) {}

  bool ok() const { return ok_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return ok_ ? bytes_.size() - offset_ : 0; }

  std::uint8_t u8() { return read<std::uint8_t>(); }
  std::uint16_t u16() { return read<std::uint16_t>(); }
  std::uint32_t u32() { return read<std::uint32_t>(); }
  std::uint64_t u64() { return read<std::uint64_t>(); }
  std::int32_t i32() { return read<std::int32_t>(); }

  // LEB128 as DEX uses it: at most five bytes; more is a failure.
  std::uint32_t uleb128() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::uint32_t byte = u8();
      if (shift < 32) value |= (byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int32_t sleb128() {
    std::uint32_t value = 0;
    int shift = 0;
    std::uint32_t byte = 0;
    do {
      if (shift >= 35) {
        ok_ = false;
        return 0;
      }
      byte = u8();
      if (shift < 32) value |= (byte & 0x7fU) << shift;
      shift += 7;
    } while ((byte & 0x80U) != 0);
    if (shift < 32 && (byte & 0x40U) != 0) value |= ~0U << shift;
    return static_cast<std::int32_t>(value);
  }

  // The next `size` bytes; empty and failed if they do not lie inside.
  ByteSpan take(std::uint64_t size) {
    if (!ok_ || size > bytes_.size() - offset_) {
      ok_ = false;
      return {};
    }
    const auto part =
        bytes_.subspan(static_cast<std::size_t>(offset_), static_cast<std::size_t>(size));
    offset_ += size;
    return part;
  }
  void skip(std::uint64_t size) { take(size); }
  void seek(std::uint64_t offset) {
    offset_ = offset;
    if (offset > bytes_.size()) ok_ = false;
  }

 private:
  template <typename T>
  T read() {
    const auto part = take(sizeof(T));
    T value = 0;
    if (part.size() == sizeof(T)) std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }

  ByteSpan bytes_;
  std::uint64_t offset_;
  bool ok_;
};

}  // namespace dl
