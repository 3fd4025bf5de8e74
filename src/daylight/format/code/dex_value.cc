// SPDX-License-Identifier: Apache-2.0
// Reads encoded_value, encoded_array and encoded_annotation with a limit on depth and on the number
// of values.
#include "daylight/format/code/dex_value.h"

#include <cstring>
#include <optional>
#include <string>

namespace dl {
namespace {

Error corrupt(std::string what, const ByteReader& reader) {
  return Error{ErrorCode::kCorrupt, std::move(what), "offset " + std::to_string(reader.offset())};
}

// One encoded value tree; `budget_` is shared by everything nested in it.
class ValueParser {
 public:
  ValueParser(ByteReader& reader, std::uint32_t limit) : reader_(reader), budget_(limit) {}

  Result<DexValue> value(int depth) {
    const std::uint8_t head = reader_.u8();
    if (!reader_.ok()) return tl::unexpected(corrupt("encoded value ends early", reader_));
    const auto kind = static_cast<DexValueKind>(head & 0x1fU);
    const unsigned argument = head >> 5U;
    if (kind == DexValueKind::kArray) return array(depth + 1);
    if (kind == DexValueKind::kAnnotation) return annotation(depth + 1);
    return scalar(kind, argument);
  }

  Result<DexValue> array(int depth) {
    DexValue out;
    out.kind = DexValueKind::kArray;
    const std::uint32_t count = reader_.uleb128();
    TRY_VOID(enter(depth, count));
    for (std::uint32_t i = 0; i < count; ++i) out.elements.push_back(TRY(value(depth)));
    return out;
  }

  Result<DexValue> annotation(int depth) {
    DexValue out;
    out.kind = DexValueKind::kAnnotation;
    out.index = reader_.uleb128();
    const std::uint32_t count = reader_.uleb128();
    TRY_VOID(enter(depth, count));
    for (std::uint32_t i = 0; i < count; ++i) {
      out.names.push_back(reader_.uleb128());
      out.elements.push_back(TRY(value(depth)));
    }
    return out;
  }

 private:
  Result<void> enter(int depth, std::uint32_t count) {
    if (!reader_.ok()) return tl::unexpected(corrupt("encoded value ends early", reader_));
    if (depth > kMaxDexValueDepth)
      return fail(ErrorCode::kLimit, "encoded value is nested too deep");
    if (count > budget_) return fail(ErrorCode::kLimit, "encoded value has too many elements");
    budget_ -= count;
    return {};
  }

  // `argument` + 1 bytes, little-endian, the lowest in the low bits.
  std::uint64_t raw(unsigned argument) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i <= argument; ++i) bits |= std::uint64_t{reader_.u8()} << (8 * i);
    return bits;
  }

  static std::int64_t sign_extend(std::uint64_t bits, unsigned argument) {
    const unsigned shift = 64 - 8 * (argument + 1);
    return static_cast<std::int64_t>(bits << shift) >> shift;
  }

  Result<DexValue> scalar(DexValueKind kind, unsigned argument) {
    DexValue out;
    out.kind = kind;
    const auto largest = largest_argument(kind);
    if (!largest || argument > *largest) {
      return tl::unexpected(corrupt("encoded value has a bad size or kind", reader_));
    }
    switch (kind) {
      case DexValueKind::kNull:
        return out;
      case DexValueKind::kBoolean:
        out.integer = argument;
        return out;
      case DexValueKind::kByte:
      case DexValueKind::kShort:
      case DexValueKind::kInt:
      case DexValueKind::kLong:
        out.integer = sign_extend(raw(argument), argument);
        break;
      case DexValueKind::kChar:
        out.integer = static_cast<std::int64_t>(raw(argument));
        break;
      case DexValueKind::kFloat: {
        // Missing low bytes are zero: the stored ones are the high ones.
        const auto bits = static_cast<std::uint32_t>(raw(argument) << (8 * (3 - argument)));
        float value = 0;
        std::memcpy(&value, &bits, sizeof(value));
        out.real = value;
        break;
      }
      case DexValueKind::kDouble: {
        const std::uint64_t bits = raw(argument) << (8 * (7 - argument));
        std::memcpy(&out.real, &bits, sizeof(out.real));
        break;
      }
      default:
        out.index = static_cast<std::uint32_t>(raw(argument));
        break;
    }
    if (!reader_.ok()) return tl::unexpected(corrupt("encoded value ends early", reader_));
    return out;
  }

  // The largest size argument of a kind; nothing for a kind that does not exist.
  static std::optional<unsigned> largest_argument(DexValueKind kind) {
    switch (kind) {
      case DexValueKind::kNull:
      case DexValueKind::kByte:
        return 0U;
      case DexValueKind::kShort:
      case DexValueKind::kChar:
      case DexValueKind::kBoolean:
        return 1U;
      case DexValueKind::kLong:
      case DexValueKind::kDouble:
        return 7U;
      case DexValueKind::kInt:
      case DexValueKind::kFloat:
      case DexValueKind::kMethodType:
      case DexValueKind::kMethodHandle:
      case DexValueKind::kString:
      case DexValueKind::kType:
      case DexValueKind::kField:
      case DexValueKind::kMethod:
      case DexValueKind::kEnum:
        return 3U;
      case DexValueKind::kArray:
      case DexValueKind::kAnnotation:
        break;
    }
    return std::nullopt;
  }

  ByteReader& reader_;
  std::uint32_t budget_;
};

}  // namespace

Result<DexValue> read_dex_value(ByteReader& reader, std::uint32_t limit) {
  return ValueParser(reader, limit).value(0);
}
Result<DexValue> read_dex_array(ByteReader& reader, std::uint32_t limit) {
  return ValueParser(reader, limit).array(0);
}
Result<DexValue> read_dex_annotation(ByteReader& reader, std::uint32_t limit) {
  return ValueParser(reader, limit).annotation(0);
}

}  // namespace dl
