// SPDX-License-Identifier: Apache-2.0
// x86-64 moves between vectors, memory and general registers.
#include <algorithm>
#include <array>

#include "daylight/program/native_machine/native_step_x86.h"

namespace dl::program {

// Moves between vectors, memory and general registers; then what is left.
bool X86Step::vector_moves() {
  const unsigned op = in_.opcode;
  const unsigned with = prefix();
  NativeVector& own = r_.vector[reg()];
  const bool scalar = with == 0xf2 || with == 0xf3;
  const bool whole = ((op == 0x10 || op == 0x11) && !scalar) || op == 0x28 || op == 0x29 ||
                     ((op == 0x6f || op == 0x7f) && (with == 0x66 || with == 0xf3)) || op == 0x2b ||
                     (op == 0xe7 && with == 0x66);
  const bool stores = op == 0x11 || op == 0x29 || op == 0x7f || op == 0x2b || op == 0xe7;
  if (whole) {
    if (!in_memory_) {
      if (stores) {
        r_.vector[rm_] = own;
      } else {
        own = r_.vector[rm_];
      }
      return true;
    }
    NativeVector value = own;
    fault_ = stores ? !memory_.write(address_, value.bytes.data(), 16)
                    : !memory_.read(address_, value.bytes.data(), 16);
    if (!fault_ && !stores) own = value;
    return true;
  }
  // Halves and single numbers: MOVSS, MOVSD, MOVQ, MOVLPS, MOVHPS.
  unsigned size = 0;
  unsigned lane = 0;
  bool clears = true;
  bool writes = false;
  if ((op == 0x10 || op == 0x11) && in_memory_) {
    size = with == 0xf3 ? 4 : 8;
    writes = op == 0x11;
  } else if (op == 0x7e && with == 0xf3) {
    size = 8;
  } else if (op == 0xd6 && with == 0x66) {
    size = 8;
    writes = true;
  } else if ((op == 0x12 || op == 0x13 || op == 0x16 || op == 0x17) && !scalar && in_memory_) {
    size = 8;
    lane = op >= 0x16 ? 8 : 0;
    clears = false;
    writes = (op & 1U) != 0;
  } else {
    return vector_to_general();
  }
  if (in_memory_ && writes) {
    fault_ = !memory_.write(address_, own.bytes.data() + lane, size);
    return true;
  }
  NativeVector from;
  if (in_memory_) {
    fault_ = !memory_.read(address_, from.bytes.data(), size);
    if (fault_) return true;
  } else {
    from = writes ? own : r_.vector[rm_];
  }
  NativeVector& to = writes ? r_.vector[rm_] : own;
  if (clears) to = {};
  std::copy_n(from.bytes.begin(), size, to.bytes.begin() + lane);
  return true;
}

bool X86Step::vector_to_general() {
  const unsigned op = in_.opcode;
  const unsigned with = prefix();
  if (op == 0x7e && with == 0x66) {  // MOVD, MOVQ
    set_operand(wide_ ? 8 : 4, r_.vector[reg()].lane<std::uint64_t>(0));
    return true;
  }
  if (op == 0xc5 && with == 0x66 && !in_memory_) {  // PEXTRW
    const auto index = static_cast<std::size_t>(in_.immediate & 7);
    set(reg(), 4, r_.vector[rm_].lane<std::uint16_t>(index));
    return true;
  }
  if (op == 0xd7 && with == 0x66 && !in_memory_) {  // PMOVMSKB
    std::uint64_t mask = 0;
    for (unsigned i = 0; i < 16; ++i) mask |= std::uint64_t{r_.vector[rm_].bytes[i]} >> 7U << i;
    set(reg(), 4, mask);
    return true;
  }
  return general_to_vector();
}

bool X86Step::general_to_vector() {
  const unsigned op = in_.opcode;
  const unsigned with = prefix();
  NativeVector& own = r_.vector[reg()];
  if (op == 0x6e && with == 0x66) {
    const std::uint64_t value = get_operand(wide_ ? 8 : 4);
    if (fault_) return true;
    own = {};
    own.set_lane<std::uint64_t>(0, value);
    return true;
  }
  if (op == 0xc4 && with == 0x66) {  // PINSRW
    const std::uint64_t value = in_memory_ ? load(address_, 2) : get(rm_, 4);
    if (!fault_)
      own.set_lane<std::uint16_t>(static_cast<std::size_t>(in_.immediate & 7),
                                  static_cast<std::uint16_t>(value));
    return true;
  }
  if (op >= 0x71 && op <= 0x73 && with == 0x66 && !in_memory_) {
    // Shifts by a constant: the operation stands where others have a register.
    return execute_x86_vector(with, 1, (op << 8U) | in_.reg,
                              static_cast<std::uint8_t>(in_.immediate), r_.vector[rm_],
                              r_.vector[rm_]);
  }
  return vector_operation(16);
}

bool X86Step::vector_operation(unsigned memory_size) {
  NativeVector source;
  if (in_memory_) {
    fault_ = !memory_.read(address_, source.bytes.data(), memory_size);
    if (fault_) return true;
  } else {
    source = r_.vector[rm_];
  }
  return execute_x86_vector(prefix(), in_.map, in_.opcode, static_cast<std::uint8_t>(in_.immediate),
                            source, r_.vector[reg()]);
}

bool X86Step::three_bytes() {
  const unsigned op = in_.opcode;
  if (prefix() != 0x66) return false;
  if (in_.map == 2) {
    // Widening moves read what they need.
    constexpr std::array<unsigned, 6> kSizes = {8, 4, 2, 8, 4, 8};
    const bool widens = (op & 0xefU) >= 0x20 && (op & 0xefU) <= 0x25;
    return vector_operation(widens ? kSizes[op & 7U] : 16);
  }
  const auto index = static_cast<std::size_t>(in_.immediate & 15);
  NativeVector& own = r_.vector[reg()];
  switch (op) {
    case 0x14:
      set_operand(in_memory_ ? 1 : 4, own.bytes[index]);
      return true;
    case 0x15:
      set_operand(in_memory_ ? 2 : 4, own.lane<std::uint16_t>(index % 8));
      return true;
    case 0x16:
      set_operand(wide_ ? 8 : 4,
                  wide_ ? own.lane<std::uint64_t>(index % 2) : own.lane<std::uint32_t>(index % 4));
      return true;
    case 0x20: {
      const std::uint64_t value = in_memory_ ? load(address_, 1) : get(rm_, 4);
      if (!fault_) own.bytes[index] = static_cast<std::uint8_t>(value);
      return true;
    }
    case 0x22: {
      const std::uint64_t value = get_operand(wide_ ? 8 : 4);
      if (fault_) return true;
      if (wide_) {
        own.set_lane<std::uint64_t>(index % 2, value);
      } else {
        own.set_lane<std::uint32_t>(index % 4, static_cast<std::uint32_t>(value));
      }
      return true;
    }
    default:
      return vector_operation(16);
  }
}

}  // namespace dl::program
