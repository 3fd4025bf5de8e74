// SPDX-License-Identifier: Apache-2.0
// Encoded values of DEX files: initial values of static fields, annotation elements, call site
// arguments.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

inline constexpr int kMaxDexValueDepth = 32;
// Elements of one value with everything nested in it.
inline constexpr std::uint32_t kMaxDexValues = 1U << 16;

// The numbers are the format's own.
enum class DexValueKind : std::uint8_t {
  kByte = 0x00,
  kShort = 0x02,
  kChar = 0x03,
  kInt = 0x04,
  kLong = 0x06,
  kFloat = 0x10,
  kDouble = 0x11,
  kMethodType = 0x15,
  kMethodHandle = 0x16,
  kString = 0x17,
  kType = 0x18,
  kField = 0x19,
  kMethod = 0x1a,
  kEnum = 0x1b,
  kArray = 0x1c,
  kAnnotation = 0x1d,
  kNull = 0x1e,
  kBoolean = 0x1f,
};

// `integer`: kByte kShort kInt kLong (sign-extended), kChar, kBoolean (0 or 1).
// `real`: kFloat (exactly representable) and kDouble.
// `index`: kMethodType (proto), kMethodHandle, kString, kType, kField, kMethod, kEnum (field),
// kAnnotation (type). `elements`: kArray, kAnnotation; `names` (string indices) goes with the
// elements of kAnnotation.
struct DexValue {
  DexValueKind kind = DexValueKind::kNull;
  std::int64_t integer = 0;
  double real = 0;
  std::uint32_t index = 0xffffffffU;
  std::vector<DexValue> elements;
  std::vector<std::uint32_t> names;
};

// Reads one value, an array without its type byte, or an annotation without its type byte, at the
// cursor. kCorrupt or kLimit; the cursor then stands anywhere. Index values are not checked against
// their tables.
// Elements beyond `limit`, nested ones counted, are kLimit; it is told before anything is
// allocated.
Result<DexValue> read_dex_value(ByteReader& reader, std::uint32_t limit = kMaxDexValues);
Result<DexValue> read_dex_array(ByteReader& reader, std::uint32_t limit = kMaxDexValues);
Result<DexValue> read_dex_annotation(ByteReader& reader, std::uint32_t limit = kMaxDexValues);

}  // namespace dl
