// SPDX-License-Identifier: Apache-2.0
// The state of one x86-64 instruction while it runs in the closed box: its operands, and what it
// does to registers and flags.
#pragma once

#include <cstdint>

#include "daylight/program/native_code/native_decode_x86.h"
#include "daylight/program/native_machine/native_processor.h"

namespace dl::program {
inline constexpr unsigned kX86Accumulator = 0;
inline constexpr unsigned kX86Counter = 1;
inline constexpr unsigned kX86Data = 2;
inline constexpr unsigned kX86Stack = 4;
inline constexpr unsigned kX86Frame = 5;
inline constexpr unsigned kX86Source = 6;
inline constexpr unsigned kX86Target = 7;

__extension__ using X86Wide = unsigned __int128;
__extension__ using X86SignedWide = __int128;

inline std::uint64_t x86_ones(unsigned size) {
  return size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
}
inline std::uint64_t x86_sign(unsigned size) { return std::uint64_t{1} << (8 * size - 1); }
inline std::uint64_t x86_sign_extended(std::uint64_t value, unsigned size) {
  const std::uint64_t sign = x86_sign(size);
  return ((value & x86_ones(size)) ^ sign) - sign;
}

// One use: construct, run().
class X86Step {
 public:
  X86Step(NativeRegisters& registers, NativeMemory& memory, ByteSpan code)
      : r_(registers), memory_(memory), code_(code) {}

  NativeOutcome run() {
    const auto decoded = decode_x86_64(code_);
    if (!decoded || decoded->vector) return NativeOutcome::kUnknown;
    in_ = *decoded;
    next_ = r_.pc + in_.length;
    read_prefixes();
    const bool known = in_.map == 0 ? one_byte() : in_.map == 1 ? two_bytes() : three_bytes();
    if (fault_) return NativeOutcome::kFault;
    if (!known) return NativeOutcome::kUnknown;
    r_.pc = next_;
    return NativeOutcome::kDone;
  }

 private:
  void read_prefixes();
  void read_operand(std::size_t at);
  std::uint64_t address_of(std::size_t at);

  unsigned size_of(bool byte) const { return byte ? 1 : wide_ ? 8 : operand16_ ? 2 : 4; }
  unsigned reg() const { return in_.reg | reg_high_; }
  unsigned prefix() const { return repeat_ != 0 ? repeat_ : operand16_ ? 0x66U : 0U; }

  std::uint64_t get(unsigned number, unsigned size) const {
    const bool high_byte = size == 1 && !rex_ && number >= 4 && number < 8;
    if (high_byte) return (r_.general[number - 4] >> 8U) & 0xffU;
    return r_.general[number] & x86_ones(size);
  }
  void set(unsigned number, unsigned size, std::uint64_t value) {
    if (size == 1 && !rex_ && number >= 4 && number < 8) {
      std::uint64_t& whole = r_.general[number - 4];
      whole = (whole & ~std::uint64_t{0xff00}) | ((value & 0xffU) << 8U);
      return;
    }
    std::uint64_t& whole = r_.general[number];
    // Results of 32 bits clear the rest; smaller ones keep it.
    whole =
        size >= 4 ? value & x86_ones(size) : (whole & ~x86_ones(size)) | (value & x86_ones(size));
  }
  std::uint64_t load(std::uint64_t address, unsigned size) {
    std::uint64_t value = 0;
    if (!memory_.read(address, &value, size)) fault_ = true;
    return value;
  }
  void store(std::uint64_t address, unsigned size, std::uint64_t value) {
    if (!memory_.write(address, &value, size)) fault_ = true;
  }
  std::uint64_t get_operand(unsigned size) {
    return in_memory_ ? load(address_, size) : get(rm_, size);
  }
  void set_operand(unsigned size, std::uint64_t value) {
    if (fault_) return;
    if (in_memory_) {
      store(address_, size, value);
    } else {
      set(rm_, size, value);
    }
  }
  void push(std::uint64_t value) {
    r_.general[kX86Stack] -= 8;
    store(r_.general[kX86Stack], 8, value);
  }
  std::uint64_t pop() {
    const std::uint64_t value = load(r_.general[kX86Stack], 8);
    r_.general[kX86Stack] += 8;
    return value;
  }

  void set_result_flags(std::uint64_t value, unsigned size) {
    r_.zero = (value & x86_ones(size)) == 0;
    r_.negative = (value & x86_sign(size)) != 0;
  }
  std::uint64_t add(std::uint64_t a, std::uint64_t b, bool carry, unsigned size) {
    const std::uint64_t sum = (a + b + (carry ? 1 : 0)) & x86_ones(size);
    a &= x86_ones(size);
    b &= x86_ones(size);
    r_.carry = carry ? sum <= a : sum < a;
    r_.overflow = ((a ^ sum) & (b ^ sum) & x86_sign(size)) != 0;
    set_result_flags(sum, size);
    return sum;
  }
  std::uint64_t subtract(std::uint64_t a, std::uint64_t b, bool borrow, unsigned size) {
    a &= x86_ones(size);
    b &= x86_ones(size);
    const std::uint64_t rest = (a - b - (borrow ? 1 : 0)) & x86_ones(size);
    r_.carry = borrow ? a <= b : a < b;
    r_.overflow = ((a ^ b) & (a ^ rest) & x86_sign(size)) != 0;
    set_result_flags(rest, size);
    return rest;
  }
  std::uint64_t logical(std::uint64_t value, unsigned size) {
    r_.carry = false;
    r_.overflow = false;
    set_result_flags(value, size);
    return value;
  }
  // ADD, OR, ADC, SBB, AND, SUB, XOR, CMP.
  std::uint64_t arithmetic(unsigned kind, std::uint64_t a, std::uint64_t b, unsigned size) {
    switch (kind) {
      case 0:
        return add(a, b, false, size);
      case 1:
        return logical(a | b, size);
      case 2:
        return add(a, b, r_.carry, size);
      case 3:
        return subtract(a, b, r_.carry, size);
      case 4:
        return logical(a & b, size);
      case 6:
        return logical(a ^ b, size);
      default:
        return subtract(a, b, false, size);
    }
  }
  // Whether the condition is one that is followed (parity is not), and whether it holds.
  bool condition(unsigned code, bool& holds) const {
    switch (code >> 1U) {
      case 0:
        holds = r_.overflow;
        break;
      case 1:
        holds = r_.carry;
        break;
      case 2:
        holds = r_.zero;
        break;
      case 3:
        holds = r_.carry || r_.zero;
        break;
      case 4:
        holds = r_.negative;
        break;
      case 6:
        holds = r_.negative != r_.overflow;
        break;
      case 7:
        holds = r_.zero || r_.negative != r_.overflow;
        break;
      default:
        return false;
    }
    if ((code & 1U) != 0) holds = !holds;
    return true;
  }
  bool jump_if(unsigned code) {
    bool holds = false;
    if (!condition(code, holds)) return false;
    if (holds) next_ += static_cast<std::uint64_t>(in_.immediate);
    return true;
  }

  bool one_byte();
  bool arithmetic_row();
  bool moves();
  bool strings();
  bool shifts(unsigned count, bool byte);
  bool unary_group();
  bool multiply_or_divide(unsigned size);
  bool increment_group();
  bool two_bytes();
  bool bit_test(unsigned kind, std::uint64_t index);
  bool double_shift(unsigned count);
  bool three_bytes();
  bool vector_moves();
  bool vector_to_general();
  bool general_to_vector();
  bool vector_operation(unsigned memory_size);

  NativeRegisters& r_;
  NativeMemory& memory_;
  const ByteSpan code_;
  X86Instruction in_;
  std::uint64_t next_ = 0;
  unsigned repeat_ = 0;
  unsigned reg_high_ = 0;
  unsigned rm_ = 0;
  unsigned index_high_ = 0;
  unsigned opcode_high_ = 0;  // what REX.B adds to a register in the opcode
  std::uint64_t address_ = 0;
  bool rex_ = false;
  bool wide_ = false;
  bool operand16_ = false;
  bool address32_ = false;
  bool thread_ = false;
  bool in_memory_ = false;
  bool fault_ = false;
};

}  // namespace dl::program
