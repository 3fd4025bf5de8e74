// SPDX-License-Identifier: Apache-2.0
// What binary XML and resource tables share: the chunk header, the string pool, the typed value.
//
// Source: the structures ResChunk_header, ResStringPool_header and Res_value of Android's
// ResourceTypes.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Strings longer than this many bytes in UTF-8 are cut.
inline constexpr std::size_t kMaxResStringSize = std::size_t{1} << 20;

// Types of Res_value that have a meaning here; others are kept as numbers.
enum class ResType : std::uint8_t {
  kNull = 0x00,
  kReference = 0x01,
  kAttribute = 0x02,
  kString = 0x03,
  kFloat = 0x04,
  kDimension = 0x05,
  kFraction = 0x06,
  kDynamicReference = 0x07,
  kDynamicAttribute = 0x08,
  kIntDec = 0x10,
  kIntHex = 0x11,
  kIntBoolean = 0x12,
  kColorFirst = 0x1c,
  kColorLast = 0x1f,
};

// A typed value: for kString an index into the pool it belongs to, for references a resource id,
// else the bits.
struct ResValue {
  ResType type = ResType::kNull;
  std::uint32_t data = 0;

  bool is_reference() const {
    return type == ResType::kReference || type == ResType::kDynamicReference;
  }
  bool is_integer() const {
    return type == ResType::kIntDec || type == ResType::kIntHex || type == ResType::kIntBoolean;
  }
};

// The text of a value that needs no pool: decimal integers and floats, "true"/"false", "#aarrggbb"
// colours, dimensions such as "16dp", fractions such as "50%"; nothing for strings, references,
// attributes and unknown types.
std::optional<std::string> simple_text(const ResValue& value);

// The header of a chunk and the bytes it spans, cut at the end of its parent.
struct ResChunk {
  std::uint16_t type = 0;
  std::uint16_t header_size = 0;
  std::uint64_t offset = 0;  // in the file
  ByteSpan bytes;            // header included
  bool cut = false;          // the declared size reaches beyond the parent

  ByteSpan body() const {
    return header_size <= bytes.size() ? bytes.subspan(header_size) : ByteSpan{};
  }
};

// The chunk at `offset` of `parent`; nothing if there is no room for its header or its size is
// below eight.
std::optional<ResChunk> res_chunk_at(ByteSpan parent, std::uint64_t offset,
                                     std::uint64_t parent_offset);

// A string pool over bytes that outlive it; strings are decoded when asked for. const methods are
// thread safe.
class ResStringPool {
 public:
  ResStringPool() = default;
  // `chunk` is of type 1. Fails if even its header is not there; a lie about counts becomes a gap.
  static Result<ResStringPool> parse(const ResChunk& chunk, const std::string& where,
                                     GapList& gaps);

  std::size_t size() const { return count_; }
  bool utf8() const { return utf8_; }
  // The string in UTF-8 (lone surrogates as three bytes each); nothing if the index or its bytes
  // are out of range.
  std::optional<std::string> get(std::uint32_t index) const;
  // get(), or "" where there is none.
  std::string text(std::uint32_t index) const { return get(index).value_or(std::string()); }

 private:
  ByteSpan offsets_;
  ByteSpan strings_;
  std::size_t count_ = 0;
  bool utf8_ = false;
};

}  // namespace dl
