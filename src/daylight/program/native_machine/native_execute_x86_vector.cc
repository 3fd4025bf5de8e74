// SPDX-License-Identifier: Apache-2.0
// x86-64 operations between vectors of whole numbers: SSE2 and what SSSE3 and SSE4.1 add.
#include <algorithm>
#include <limits>

#include "daylight/program/native_machine/native_processor.h"

namespace dl::program {
namespace {

// Calls `make(a, b)` for each pair of lanes of type T.
template <typename T, typename Make>
bool each(NativeVector& target, const NativeVector& source, const Make& make) {
  for (std::size_t i = 0; i < 16 / sizeof(T); ++i)
    target.set_lane<T>(i, static_cast<T>(make(target.lane<T>(i), source.lane<T>(i))));
  return true;
}

template <typename T>
bool unpack(NativeVector& target, const NativeVector& source, bool high) {
  constexpr std::size_t kLanes = 16 / sizeof(T);
  const NativeVector before = target;
  const std::size_t first = high ? kLanes / 2 : 0;
  for (std::size_t i = 0; i < kLanes / 2; ++i) {
    target.set_lane<T>(2 * i, before.lane<T>(first + i));
    target.set_lane<T>(2 * i + 1, source.lane<T>(first + i));
  }
  return true;
}

// Narrows the lanes of both to the nearest number of type To.
template <typename From, typename To>
bool pack(NativeVector& target, const NativeVector& source) {
  constexpr std::size_t kLanes = 16 / sizeof(From);
  const NativeVector before = target;
  for (std::size_t i = 0; i < 2 * kLanes; ++i) {
    const From value = i < kLanes ? before.lane<From>(i) : source.lane<From>(i - kLanes);
    const auto least = static_cast<From>(std::numeric_limits<To>::min());
    const auto most = static_cast<From>(std::numeric_limits<To>::max());
    target.set_lane<To>(i, static_cast<To>(std::clamp(value, least, most)));
  }
  return true;
}

template <typename From, typename To>
bool widen(NativeVector& target, const NativeVector& source) {
  const NativeVector from = source;
  for (std::size_t i = 0; i < 16 / sizeof(To); ++i)
    target.set_lane<To>(i, static_cast<To>(from.lane<From>(i)));
  return true;
}

// Which of four lanes goes where, two bits each.
template <typename T>
bool shuffle(NativeVector& target, const NativeVector& source, std::size_t first,
             std::uint8_t order) {
  const NativeVector from = source;
  target = from;
  for (std::size_t i = 0; i < 4; ++i)
    target.set_lane<T>(first + i, from.lane<T>(first + ((order >> (2 * i)) & 3U)));
  return true;
}

// Logical shifts beyond the width give zero; the arithmetic one gives the sign.
template <typename T, typename Signed>
bool shift(NativeVector& target, unsigned kind, std::uint64_t by) {
  constexpr std::uint64_t kWidth = 8 * sizeof(T);
  return each<T>(target, target, [&](T a, T) -> std::uint64_t {
    if (kind == 2)
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<Signed>(a)) >>
                                        std::min(by, kWidth - 1));
    if (by >= kWidth) return 0;
    return kind == 0 ? std::uint64_t{a} >> by : std::uint64_t{a} << by;
  });
}

// kind: 0 right, 1 left, 2 right by sign.
bool shift_lanes(NativeVector& target, unsigned size, unsigned kind, std::uint64_t by) {
  if (size == 2) return shift<std::uint16_t, std::int16_t>(target, kind, by);
  if (size == 4) return shift<std::uint32_t, std::int32_t>(target, kind, by);
  if (size == 8 && kind != 2) return shift<std::uint64_t, std::int64_t>(target, kind, by);
  return false;
}

bool shift_bytes(NativeVector& target, bool left, unsigned by) {
  const NativeVector before = target;
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned from = left ? i - by : i + by;
    target.bytes[i] = from < 16 ? before.bytes[from] : std::uint8_t{0};
  }
  return true;
}

// Groups 71 to 73: the shift is named by the middle field of ModRM.
bool shift_by_constant(unsigned group, unsigned kind, std::uint8_t by, NativeVector& target) {
  const unsigned size = 1U << (group - 0x70);
  if (kind == 2) return shift_lanes(target, size, 0, by);
  if (kind == 4) return shift_lanes(target, size, 2, by);
  if (kind == 6) return shift_lanes(target, size, 1, by);
  if (size == 8 && (kind == 3 || kind == 7)) return shift_bytes(target, kind == 7, by);
  return false;
}

template <typename T>
bool compare(NativeVector& target, const NativeVector& source, bool equal) {
  return each<T>(target, source, [&](T a, T b) { return (equal ? a == b : a > b) ? -1 : 0; });
}

template <typename T>
bool add(NativeVector& target, const NativeVector& source, bool minus) {
  return each<T>(target, source, [&](T a, T b) {
    return minus ? std::uint64_t{a} - std::uint64_t{b} : std::uint64_t{a} + std::uint64_t{b};
  });
}

bool logical(unsigned kind, NativeVector& target, const NativeVector& source) {
  return each<std::uint64_t>(target, source, [&](std::uint64_t a, std::uint64_t b) {
    return kind == 0 ? a & b : kind == 1 ? ~a & b : kind == 2 ? a | b : a ^ b;
  });
}

bool multiply_even_words(NativeVector& target, const NativeVector& source) {
  return each<std::uint64_t>(target, source, [](std::uint64_t a, std::uint64_t b) {
    return (a & 0xffffffffU) * (b & 0xffffffffU);
  });
}

bool multiply_and_add(NativeVector& target, const NativeVector& source) {
  const NativeVector before = target;
  for (std::size_t i = 0; i < 4; ++i) {
    std::int64_t sum = 0;
    for (std::size_t j = 2 * i; j < 2 * i + 2; ++j)
      sum += std::int64_t{before.lane<std::int16_t>(j)} * source.lane<std::int16_t>(j);
    target.set_lane<std::uint32_t>(i, static_cast<std::uint32_t>(sum));
  }
  return true;
}

// Opcodes of map 0F with the prefix 66.
bool integer_operation(unsigned opcode, std::uint8_t immediate, const NativeVector& source,
                       NativeVector& target) {
  switch (opcode) {
    case 0x60:
    case 0x68:
      return unpack<std::uint8_t>(target, source, opcode == 0x68);
    case 0x61:
    case 0x69:
      return unpack<std::uint16_t>(target, source, opcode == 0x69);
    case 0x62:
    case 0x6a:
      return unpack<std::uint32_t>(target, source, opcode == 0x6a);
    case 0x6c:
    case 0x6d:
      return unpack<std::uint64_t>(target, source, opcode == 0x6d);
    case 0x63:
      return pack<std::int16_t, std::int8_t>(target, source);
    case 0x67:
      return pack<std::int16_t, std::uint8_t>(target, source);
    case 0x6b:
      return pack<std::int32_t, std::int16_t>(target, source);
    case 0x64:
      return compare<std::int8_t>(target, source, false);
    case 0x65:
      return compare<std::int16_t>(target, source, false);
    case 0x66:
      return compare<std::int32_t>(target, source, false);
    case 0x74:
      return compare<std::int8_t>(target, source, true);
    case 0x75:
      return compare<std::int16_t>(target, source, true);
    case 0x76:
      return compare<std::int32_t>(target, source, true);
    case 0x70:
      return shuffle<std::uint32_t>(target, source, 0, immediate);
    case 0xc6: {  // SHUFPD
      const NativeVector before = target;
      target.set_lane(0, before.lane<std::uint64_t>(immediate & 1U));
      target.set_lane(1, source.lane<std::uint64_t>((immediate >> 1U) & 1U));
      return true;
    }
    case 0x14:
    case 0x15:
      return unpack<std::uint64_t>(target, source, opcode == 0x15);
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return shift_lanes(target, 2U << (opcode - 0xd1), 0, source.lane<std::uint64_t>(0));
    case 0xe1:
    case 0xe2:
      return shift_lanes(target, 2U << (opcode - 0xe1), 2, source.lane<std::uint64_t>(0));
    case 0xf1:
    case 0xf2:
    case 0xf3:
      return shift_lanes(target, 2U << (opcode - 0xf1), 1, source.lane<std::uint64_t>(0));
    case 0xd4:
    case 0xfb:
      return add<std::uint64_t>(target, source, opcode == 0xfb);
    case 0xf8:
    case 0xfc:
      return add<std::uint8_t>(target, source, opcode == 0xf8);
    case 0xf9:
    case 0xfd:
      return add<std::uint16_t>(target, source, opcode == 0xf9);
    case 0xfa:
    case 0xfe:
      return add<std::uint32_t>(target, source, opcode == 0xfa);
    case 0xd5:
      return each<std::int16_t>(target, source, [](int a, int b) { return a * b; });
    case 0xe4:
      return each<std::uint16_t>(target, source,
                                 [](unsigned a, unsigned b) { return (a * b) >> 16U; });
    case 0xe5:
      return each<std::int16_t>(target, source, [](int a, int b) { return (a * b) >> 16; });
    case 0xf4:
      return multiply_even_words(target, source);
    case 0xf5:
      return multiply_and_add(target, source);
    case 0xda:
      return each<std::uint8_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0xde:
      return each<std::uint8_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0xea:
      return each<std::int16_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0xee:
      return each<std::int16_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0xdb:
      return logical(0, target, source);
    case 0xdf:
      return logical(1, target, source);
    case 0xeb:
      return logical(2, target, source);
    case 0xef:
      return logical(3, target, source);
    default:
      return false;
  }
}

bool shuffle_bytes(NativeVector& target, const NativeVector& source) {
  const NativeVector before = target;
  const NativeVector order = source;
  for (std::size_t i = 0; i < 16; ++i) {
    const unsigned from = order.bytes[i];
    target.bytes[i] = (from & 0x80U) != 0 ? std::uint8_t{0} : before.bytes[from & 15U];
  }
  return true;
}

// Map 0F 38.
bool later_operation(unsigned opcode, const NativeVector& source, NativeVector& target) {
  switch (opcode) {
    case 0x00:
      return shuffle_bytes(target, source);
    case 0x20:
      return widen<std::int8_t, std::int16_t>(target, source);
    case 0x21:
      return widen<std::int8_t, std::int32_t>(target, source);
    case 0x22:
      return widen<std::int8_t, std::int64_t>(target, source);
    case 0x23:
      return widen<std::int16_t, std::int32_t>(target, source);
    case 0x24:
      return widen<std::int16_t, std::int64_t>(target, source);
    case 0x25:
      return widen<std::int32_t, std::int64_t>(target, source);
    case 0x30:
      return widen<std::uint8_t, std::uint16_t>(target, source);
    case 0x31:
      return widen<std::uint8_t, std::uint32_t>(target, source);
    case 0x32:
      return widen<std::uint8_t, std::uint64_t>(target, source);
    case 0x33:
      return widen<std::uint16_t, std::uint32_t>(target, source);
    case 0x34:
      return widen<std::uint16_t, std::uint64_t>(target, source);
    case 0x35:
      return widen<std::uint32_t, std::uint64_t>(target, source);
    case 0x29:
      return compare<std::int64_t>(target, source, true);
    case 0x2b:
      return pack<std::int32_t, std::uint16_t>(target, source);
    case 0x38:
      return each<std::int8_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0x39:
      return each<std::int32_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0x3a:
      return each<std::uint16_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0x3b:
      return each<std::uint32_t>(target, source, [](auto a, auto b) { return std::min(a, b); });
    case 0x3c:
      return each<std::int8_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0x3d:
      return each<std::int32_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0x3e:
      return each<std::uint16_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0x3f:
      return each<std::uint32_t>(target, source, [](auto a, auto b) { return std::max(a, b); });
    case 0x40:
      return each<std::uint32_t>(target, source, [](auto a, auto b) { return a * b; });
    default:
      return false;
  }
}

// PALIGNR and PBLENDW.
bool operation_with_constant(unsigned opcode, std::uint8_t immediate, const NativeVector& source,
                             NativeVector& target) {
  const NativeVector before = target;
  const NativeVector from = source;
  if (opcode == 0x0f) {
    for (unsigned i = 0; i < 16; ++i) {
      const unsigned at = i + immediate;
      target.bytes[i] = at < 16   ? from.bytes[at]
                        : at < 32 ? before.bytes[at - 16]
                                  : std::uint8_t{0};
    }
    return true;
  }
  if (opcode != 0x0e) return false;
  for (std::size_t i = 0; i < 8; ++i) {
    if (((immediate >> i) & 1U) != 0) target.set_lane(i, from.lane<std::uint16_t>(i));
  }
  return true;
}

// Single-precision names for what only moves bits.
bool untyped_operation(unsigned opcode, std::uint8_t immediate, const NativeVector& source,
                       NativeVector& target) {
  const NativeVector before = target;
  switch (opcode) {
    case 0x12:  // MOVHLPS
      target.set_lane(0, source.lane<std::uint64_t>(1));
      return true;
    case 0x16:  // MOVLHPS
      target.set_lane(1, source.lane<std::uint64_t>(0));
      return true;
    case 0x14:
    case 0x15:
      return unpack<std::uint32_t>(target, source, opcode == 0x15);
    case 0xc6:  // SHUFPS
      for (unsigned i = 0; i < 4; ++i) {
        const unsigned which = (immediate >> (2 * i)) & 3U;
        const NativeVector& from = i < 2 ? before : source;
        target.set_lane(i, from.lane<std::uint32_t>(which));
      }
      return true;
    default:
      return false;
  }
}

}  // namespace

bool execute_x86_vector(unsigned prefix, unsigned map, unsigned opcode, std::uint8_t immediate,
                        const NativeVector& source, NativeVector& target) {
  // The source may be the target itself.
  const NativeVector from = source;
  if (map == 2) return prefix == 0x66 && later_operation(opcode, from, target);
  if (map == 3) return prefix == 0x66 && operation_with_constant(opcode, immediate, from, target);
  if (map != 1) return false;
  if (opcode > 0xff) return shift_by_constant(opcode >> 8U, opcode & 7U, immediate, target);
  if (opcode >= 0x54 && opcode <= 0x57 && (prefix == 0 || prefix == 0x66))
    return logical(opcode - 0x54, target, from);
  if (prefix == 0) return untyped_operation(opcode, immediate, from, target);
  if (opcode == 0x70 && prefix == 0xf2) return shuffle<std::uint16_t>(target, from, 0, immediate);
  if (opcode == 0x70 && prefix == 0xf3) return shuffle<std::uint16_t>(target, from, 4, immediate);
  if (opcode == 0x10 && (prefix == 0xf2 || prefix == 0xf3)) {  // MOVSS, MOVSD of registers
    std::copy_n(from.bytes.begin(), prefix == 0xf3 ? 4 : 8, target.bytes.begin());
    return true;
  }
  return prefix == 0x66 && integer_operation(opcode, immediate, from, target);
}

}  // namespace dl::program
