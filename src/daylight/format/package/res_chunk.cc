// SPDX-License-Identifier: Apache-2.0
// Chunk headers and string pools, cut to what is there.
#include "daylight/format/package/res_chunk.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/unicode.h"

namespace dl {
namespace {

constexpr std::uint64_t kChunkHeaderSize = 8;
constexpr std::uint64_t kPoolHeaderSize = 28;
constexpr std::uint32_t kPoolUtf8Flag = 1U << 8U;

// A lone surrogate gets three bytes, so that nothing is lost.
std::string utf8_of_units(ByteSpan bytes) {
  std::string out;
  const std::size_t count = bytes.size() / 2;
  const auto unit = [&bytes](std::size_t i) {
    return static_cast<std::uint32_t>(bytes[2 * i] | (bytes[2 * i + 1] << 8U));
  };
  out.reserve(count);
  for (std::size_t i = 0; i < count && out.size() < kMaxResStringSize;)
    append_utf8(next_utf16(unit, count, i), out);
  return out;
}

// A length of one or two bytes: the high bit of the first says which.
std::uint32_t read_utf8_length(ByteReader& reader) {
  const std::uint32_t first = reader.u8();
  if ((first & 0x80U) == 0) return first;
  return ((first & 0x7fU) << 8U) | reader.u8();
}

std::optional<std::string> read_utf8(ByteReader& reader) {
  read_utf8_length(reader);  // in UTF-16 units: of no use here
  std::uint64_t size = read_utf8_length(reader);
  if (!reader.ok()) return std::nullopt;
  const ByteSpan rest = reader.take(std::min<std::uint64_t>(reader.remaining(), kMaxResStringSize));
  // Longer strings than 0x7fff bytes overflow their length field: the zero behind them tells the
  // true length.
  constexpr std::uint64_t kOverflow = 0x8000;
  for (std::uint64_t longer = size; longer < rest.size(); longer += kOverflow) {
    if (rest[static_cast<std::size_t>(longer)] == 0) {
      size = longer;
      break;
    }
  }
  return std::string(
      as_text(rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size())))));
}

std::optional<std::string> read_utf16(ByteReader& reader) {
  std::uint32_t units = reader.u16();
  if ((units & 0x8000U) != 0) units = ((units & 0x7fffU) << 16U) | reader.u16();
  if (!reader.ok()) return std::nullopt;
  const std::uint64_t bytes = std::min<std::uint64_t>(std::uint64_t{units} * 2, reader.remaining());
  return utf8_of_units(reader.take(bytes));
}

// The number in a dimension or fraction: 24 bits with the point at one of four places.
double complex_number(std::uint32_t data) {
  static constexpr double kScales[] = {1.0 / 256, 1.0 / (1U << 15U), 1.0 / (1U << 23U),
                                       1.0 / 2147483648.0};
  const auto mantissa = static_cast<std::int32_t>(data & 0xffffff00U);
  return mantissa * kScales[(data >> 4U) & 3U];
}

std::string dimension_text(std::uint32_t data) {
  static constexpr std::string_view kUnits[] = {"px", "dp", "sp", "pt", "in", "mm"};
  const std::uint32_t unit = data & 0xfU;
  return format_double(complex_number(data)) +
         (unit < std::size(kUnits) ? std::string(kUnits[unit]) : "");
}

std::string fraction_text(std::uint32_t data) {
  return format_double(complex_number(data) * 100) + ((data & 0xfU) == 1 ? "%p" : "%");
}

std::string color_text(std::uint32_t data) {
  const std::uint8_t bytes[] = {
      static_cast<std::uint8_t>(data >> 24U), static_cast<std::uint8_t>(data >> 16U),
      static_cast<std::uint8_t>(data >> 8U), static_cast<std::uint8_t>(data)};
  return "#" + to_hex(bytes);
}

}  // namespace

std::optional<std::string> simple_text(const ResValue& value) {
  switch (value.type) {
    case ResType::kIntDec:
    case ResType::kIntHex:
      return std::to_string(static_cast<std::int32_t>(value.data));
    case ResType::kIntBoolean:
      return value.data != 0 ? "true" : "false";
    case ResType::kFloat: {
      float number = 0;
      std::memcpy(&number, &value.data, sizeof(number));
      return format_double(static_cast<double>(number));
    }
    case ResType::kDimension:
      return dimension_text(value.data);
    case ResType::kFraction:
      return fraction_text(value.data);
    default:
      break;
  }
  if (value.type >= ResType::kColorFirst && value.type <= ResType::kColorLast) {
    return color_text(value.data);
  }
  return std::nullopt;
}

std::optional<ResChunk> res_chunk_at(ByteSpan parent, std::uint64_t offset,
                                     std::uint64_t parent_offset) {
  ByteReader reader(parent, offset);
  ResChunk chunk;
  chunk.type = reader.u16();
  chunk.header_size = reader.u16();
  const std::uint32_t size = reader.u32();
  if (!reader.ok() || size < kChunkHeaderSize) return std::nullopt;
  chunk.offset = parent_offset + offset;
  const std::uint64_t there = parent.size() - offset;
  chunk.cut = size > there;
  chunk.bytes = parent.subspan(static_cast<std::size_t>(offset),
                               static_cast<std::size_t>(std::min<std::uint64_t>(size, there)));
  return chunk;
}

Result<ResStringPool> ResStringPool::parse(const ResChunk& chunk, const std::string& where,
                                           GapList& gaps) {
  ByteReader reader(chunk.bytes, kChunkHeaderSize);
  const std::uint32_t string_count = reader.u32();
  reader.skip(4);
  const std::uint32_t flags = reader.u32();
  const std::uint32_t strings_start = reader.u32();
  const std::uint32_t styles_start = reader.u32();
  if (!reader.ok()) {
    return fail(ErrorCode::kCorrupt,
                "the string pool at offset " + std::to_string(chunk.offset) + " is cut", where);
  }
  ResStringPool pool;
  pool.utf8_ = (flags & kPoolUtf8Flag) != 0;
  // The offsets follow the header at its declared size, where Android looks for them too.
  const std::uint64_t header = std::max<std::uint64_t>(chunk.header_size, kPoolHeaderSize);
  const std::uint64_t behind = chunk.bytes.size() > header ? chunk.bytes.size() - header : 0;
  pool.count_ = static_cast<std::size_t>(std::min<std::uint64_t>(string_count, behind / 4));
  if (pool.count_ < string_count) {
    gaps.add(where, "the string pool at offset " + std::to_string(chunk.offset) + " declares " +
                        std::to_string(string_count) + " strings, has room for " +
                        std::to_string(pool.count_));
  }
  if (pool.count_ > 0) {
    pool.offsets_ = chunk.bytes.subspan(static_cast<std::size_t>(header), pool.count_ * 4);
  }
  if (strings_start <= chunk.bytes.size()) {
    pool.strings_ = chunk.bytes.subspan(strings_start);
    if (styles_start > strings_start && styles_start <= chunk.bytes.size()) {
      pool.strings_ = pool.strings_.first(styles_start - strings_start);
    }
  } else {
    gaps.add(where, "the string pool at offset " + std::to_string(chunk.offset) +
                        " has its strings outside of it");
  }
  return pool;
}

std::optional<std::string> ResStringPool::get(std::uint32_t index) const {
  if (index >= count_) return std::nullopt;
  const auto offset = load_le<std::uint32_t>(offsets_, std::uint64_t{index} * 4);
  if (!offset) return std::nullopt;
  ByteReader reader(strings_, *offset);
  return utf8_ ? read_utf8(reader) : read_utf16(reader);
}

}  // namespace dl
