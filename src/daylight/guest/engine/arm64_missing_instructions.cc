// SPDX-License-Identifier: Apache-2.0
// Saturating rounding shifts, element by element.
#include "daylight/guest/engine/arm64_missing_instructions.h"

#include <cstring>

namespace dl::guest {
namespace {

__extension__ using Wide = __int128;

struct Lanes {
  unsigned bits = 8;  // of one element
  unsigned count = 1;
  bool is_signed = true;
};

Wide element_of(const Vector128& vector, unsigned lane, const Lanes& lanes) {
  std::uint64_t raw = 0;
  const unsigned bytes = lanes.bits / 8;
  std::memcpy(&raw, reinterpret_cast<const std::uint8_t*>(vector.data()) + lane * bytes, bytes);
  if (!lanes.is_signed) return static_cast<Wide>(raw);
  const unsigned shift = 64 - lanes.bits;
  return static_cast<Wide>(static_cast<std::int64_t>(raw << shift) >> shift);
}

// ((value + rounding) << shift), right for negative shifts, kept within the element.
Wide shifted(Wide value, int shift, const Lanes& lanes, bool& saturated) {
  const Wide one = 1;
  const auto bits = static_cast<int>(lanes.bits);
  const Wide highest = lanes.is_signed ? (one << (bits - 1)) - 1 : (one << bits) - 1;
  const Wide lowest = lanes.is_signed ? -(one << (bits - 1)) : 0;
  if (shift < 0) {
    if (-shift > bits) return 0;
    return (value + (one << (-shift - 1))) >> -shift;
  }
  if (value == 0) return 0;
  if (shift < bits) {
    const Wide out = value * (one << shift);
    if (out <= highest && out >= lowest) return out;
  }
  saturated = true;
  return value < 0 ? lowest : highest;
}

void rounding_shift(std::uint32_t word, bool scalar, Arm64Registers& registers) {
  const unsigned size = (word >> 22U) & 3U;
  Lanes lanes;
  lanes.bits = 8U << size;
  lanes.is_signed = (word & (1U << 29U)) == 0;
  const bool full = (word & (1U << 30U)) != 0;
  lanes.count = scalar ? 1 : (full ? 128U : 64U) / lanes.bits;
  const Vector128 values = registers.vector((word >> 5U) & 31U);
  const Vector128 shifts = registers.vector((word >> 16U) & 31U);
  Vector128 out{};
  bool saturated = false;
  for (unsigned lane = 0; lane < lanes.count; ++lane) {
    const unsigned bytes = lanes.bits / 8;
    std::int8_t shift = 0;
    std::memcpy(&shift, reinterpret_cast<const std::uint8_t*>(shifts.data()) + lane * bytes, 1);
    const Wide made = shifted(element_of(values, lane, lanes), shift, lanes, saturated);
    const auto low = static_cast<std::uint64_t>(made);
    std::memcpy(reinterpret_cast<std::uint8_t*>(out.data()) + lane * bytes, &low, bytes);
  }
  registers.set_vector(word & 31U, out);
  if (saturated) registers.set_saturated();
}

}  // namespace

bool run_missing_instruction(std::uint32_t word, Arm64Registers& registers) {
  // Three registers of the same kind, opcode 01011; bit 29 is for unsigned ones.
  if ((word & 0x9f20fc00U) == 0x0e205c00U) {
    const bool double_words = ((word >> 22U) & 3U) == 3;
    if (double_words && (word & (1U << 30U)) == 0) return false;  // reserved
    rounding_shift(word, false, registers);
    return true;
  }
  if ((word & 0xdf20fc00U) == 0x5e205c00U) {
    rounding_shift(word, true, registers);
    return true;
  }
  if ((word & 0xffffffe0U) == 0xd53be040U) {  // mrs xt, cntvct_el0
    if ((word & 31U) != 31) registers.set_integer(word & 31U, registers.counter());
    return true;
  }
  return (word & 0xfffff01fU) == 0xd503201fU;  // hints: nop, yield, wfe, ...
}

}  // namespace dl::guest
