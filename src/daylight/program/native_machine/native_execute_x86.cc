// SPDX-License-Identifier: Apache-2.0
// x86-64 instructions of whole numbers.
#include <bit>

#include "daylight/program/native_machine/native_step_x86.h"

namespace dl::program {

void X86Step::read_prefixes() {
  std::size_t at = 0;
  unsigned rex = 0;
  for (;; ++at) {
    const std::uint8_t byte = code_[at];
    if (byte == 0x66) operand16_ = true;
    if (byte == 0x67) address32_ = true;
    if (byte == 0x64) thread_ = true;
    if (byte == 0xf2 || byte == 0xf3) repeat_ = byte;
    const bool known = byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 ||
                       byte == 0xf3 || byte == 0x26 || byte == 0x2e || byte == 0x36 ||
                       byte == 0x3e || byte == 0x64 || byte == 0x65;
    if (known) {
      rex = 0;
      continue;
    }
    if ((byte & 0xf0U) != 0x40) break;
    rex = byte;
  }
  rex_ = rex != 0;
  wide_ = (rex & 8U) != 0;
  reg_high_ = (rex & 4U) << 1U;
  index_high_ = (rex & 2U) << 2U;
  opcode_high_ = (rex & 1U) << 3U;
  at += in_.map == 0 ? 1 : in_.map == 1 ? 2 : 3;
  read_operand(at);
}

// ModRM and what follows it; without one, nothing that counts.
void X86Step::read_operand(std::size_t at) {
  if (at >= in_.length) return;
  const unsigned modrm = code_[at];
  rm_ = (modrm & 7U) | opcode_high_;
  in_memory_ = (modrm >> 6U) != 3;
  if (in_memory_) address_ = address_of(at);
}

std::uint64_t X86Step::address_of(std::size_t at) {
  const unsigned modrm = code_[at];
  const auto displacement = static_cast<std::uint64_t>(std::int64_t{in_.displacement});
  const bool bare = (modrm >> 6U) == 0;
  std::uint64_t address = displacement;
  if ((modrm & 7U) == 4 && at + 1 < in_.length) {
    const unsigned scaled = code_[at + 1];
    const unsigned index = ((scaled >> 3U) & 7U) | index_high_;
    const unsigned base = (scaled & 7U) | opcode_high_;
    if (index != 4) address += r_.general[index] << (scaled >> 6U);
    if (!bare || (scaled & 7U) != 5) address += r_.general[base];
  } else if (bare && (modrm & 7U) == 5) {
    address += next_;
  } else {
    address += r_.general[(modrm & 7U) | opcode_high_];
  }
  if (address32_) address &= 0xffffffffU;
  return thread_ ? address + r_.thread : address;
}

bool X86Step::arithmetic_row() {
  const unsigned kind = in_.opcode >> 3U;
  const unsigned form = in_.opcode & 7U;
  const unsigned size = size_of((form & 1U) == 0);
  if (form >= 4) {
    const std::uint64_t value = arithmetic(kind, get(kX86Accumulator, size),
                                           static_cast<std::uint64_t>(in_.immediate), size);
    if (kind != 7) set(kX86Accumulator, size, value);
    return form < 6;
  }
  const std::uint64_t rm = get_operand(size);
  const std::uint64_t other = get(reg(), size);
  if (fault_) return true;
  const bool to_reg = form >= 2;
  const std::uint64_t value = arithmetic(kind, to_reg ? other : rm, to_reg ? rm : other, size);
  if (kind == 7) return true;
  if (to_reg) {
    set(reg(), size, value);
  } else {
    set_operand(size, value);
  }
  return true;
}

bool X86Step::moves() {
  const unsigned op = in_.opcode;
  const unsigned size = size_of((op & 1U) == 0);
  const auto immediate = static_cast<std::uint64_t>(in_.immediate);
  switch (op) {
    case 0x63: {  // MOVSXD
      const std::uint64_t value = get_operand(4);
      if (!fault_) set(reg(), size_of(false), x86_sign_extended(value, 4));
      return true;
    }
    case 0x86:
    case 0x87: {
      const std::uint64_t value = get_operand(size);
      set_operand(size, get(reg(), size));
      if (!fault_) set(reg(), size, value);
      return true;
    }
    case 0x88:
    case 0x89:
      set_operand(size, get(reg(), size));
      return true;
    case 0x8a:
    case 0x8b: {
      const std::uint64_t value = get_operand(size);
      if (!fault_) set(reg(), size, value);
      return true;
    }
    case 0x8d:
      set(reg(), size_of(false), address_);
      return in_memory_;
    case 0xc6:
    case 0xc7:
      set_operand(size, immediate);
      return in_.reg == 0;
    default:
      break;
  }
  if (op >= 0xb0 && op <= 0xb7) {
    set((op & 7U) | opcode_high_, 1, immediate);
    return true;
  }
  if (op >= 0xb8 && op <= 0xbf) {
    set((op & 7U) | opcode_high_, size_of(false), immediate);
    return true;
  }
  return false;
}

// STOS and MOVS: one element a step, as the processor would be interrupted.
bool X86Step::strings() {
  const bool moves = (in_.opcode & 0xfeU) == 0xa4;
  const unsigned size = size_of((in_.opcode & 1U) == 0);
  if (repeat_ != 0 && r_.general[kX86Counter] == 0) return true;
  const std::uint64_t value =
      moves ? load(r_.general[kX86Source], size) : get(kX86Accumulator, size);
  if (!fault_) store(r_.general[kX86Target], size, value);
  if (fault_) return true;
  r_.general[kX86Target] += size;
  if (moves) r_.general[kX86Source] += size;
  if (repeat_ != 0 && --r_.general[kX86Counter] != 0) next_ = r_.pc;
  return true;
}

// ROL, ROR, SHL, SHR, SAR.
bool X86Step::shifts(unsigned count, bool byte) {
  const unsigned size = size_of(byte);
  const unsigned width = 8 * size;
  const unsigned by = count & (size == 8 ? 63U : 31U);
  const std::uint64_t value = get_operand(size);
  if (fault_ || by == 0) return true;
  std::uint64_t made = 0;
  switch (in_.reg) {
    case 0:
    case 1: {
      const unsigned turn = by % width;
      const unsigned left = in_.reg == 0 ? turn : (width - turn) % width;
      made = left == 0 ? value : (value << left) | (value >> (width - left));
      r_.carry = ((in_.reg == 0 ? made : made >> (width - 1)) & 1U) != 0;
      set_operand(size, made);
      return true;
    }
    case 4:
    case 6:
      made = by >= 64 ? 0 : value << by;
      r_.carry = by <= width && ((value >> (width - by)) & 1U) != 0;
      r_.overflow = ((made & x86_sign(size)) != 0) != r_.carry;
      break;
    case 5:
      made = value >> by;
      r_.carry = ((value >> (by - 1)) & 1U) != 0;
      r_.overflow = (value & x86_sign(size)) != 0;
      break;
    case 7: {
      const auto wide = static_cast<std::int64_t>(x86_sign_extended(value, size));
      made = static_cast<std::uint64_t>(wide >> by);
      r_.carry = ((wide >> (by - 1)) & 1) != 0;
      r_.overflow = false;
      break;
    }
    default:
      return false;
  }
  set_result_flags(made, size);
  set_operand(size, made);
  return true;
}

bool X86Step::multiply_or_divide(unsigned size) {
  if (size < 4) return false;
  const std::uint64_t value = get_operand(size);
  if (fault_) return true;
  const std::uint64_t low = get(kX86Accumulator, size);
  const std::uint64_t high = get(kX86Data, size);
  const unsigned width = 8 * size;
  if (in_.reg == 4 || in_.reg == 5) {
    X86Wide product = X86Wide{low} * value;
    if (in_.reg == 5) {
      const auto a = static_cast<std::int64_t>(x86_sign_extended(low, size));
      const auto b = static_cast<std::int64_t>(x86_sign_extended(value, size));
      product = static_cast<X86Wide>(X86SignedWide{a} * b);
    }
    set(kX86Accumulator, size, static_cast<std::uint64_t>(product));
    set(kX86Data, size, static_cast<std::uint64_t>(product >> width));
    r_.carry = r_.overflow = get(kX86Data, size) != 0;
    return true;
  }
  const std::uint64_t divisor = value & x86_ones(size);
  if (divisor == 0) return false;
  if (in_.reg == 6) {
    const X86Wide dividend = (X86Wide{high} << width) | low;
    const X86Wide quotient = dividend / divisor;
    if (quotient > x86_ones(size)) return false;
    set(kX86Accumulator, size, static_cast<std::uint64_t>(quotient));
    set(kX86Data, size, static_cast<std::uint64_t>(dividend % divisor));
    return true;
  }
  // Signed: dividends that were widened from one register, as compilers make them.
  const auto dividend = static_cast<std::int64_t>(x86_sign_extended(low, size));
  const auto by = static_cast<std::int64_t>(x86_sign_extended(value, size));
  const std::uint64_t sign = dividend < 0 ? x86_ones(size) : 0;
  if (high != sign || by == -1) return false;
  set(kX86Accumulator, size, static_cast<std::uint64_t>(dividend / by));
  set(kX86Data, size, static_cast<std::uint64_t>(dividend % by));
  return true;
}

// TEST, NOT, NEG, MUL, IMUL, DIV, IDIV.
bool X86Step::unary_group() {
  const unsigned size = size_of((in_.opcode & 1U) == 0);
  if (in_.reg >= 4) return multiply_or_divide(size);
  const std::uint64_t value = get_operand(size);
  if (fault_) return true;
  if (in_.reg < 2) {
    logical(value & static_cast<std::uint64_t>(in_.immediate), size);
  } else if (in_.reg == 2) {
    set_operand(size, ~value);
  } else {
    set_operand(size, subtract(0, value, false, size));
  }
  return true;
}

// INC, DEC, CALL, JMP, PUSH.
bool X86Step::increment_group() {
  const unsigned size = size_of((in_.opcode & 1U) == 0);
  if (in_.reg < 2) {
    const std::uint64_t value = get_operand(size);
    if (fault_) return true;
    const bool carry = r_.carry;  // is kept
    set_operand(size, in_.reg == 0 ? add(value, 1, false, size) : subtract(value, 1, false, size));
    r_.carry = carry;
    return true;
  }
  if (in_.opcode != 0xff) return false;
  const std::uint64_t target = get_operand(8);
  if (fault_) return true;
  if (in_.reg == 2) push(next_);
  if (in_.reg == 2 || in_.reg == 4) next_ = target;
  if (in_.reg == 6) push(target);
  return in_.reg == 2 || in_.reg == 4 || in_.reg == 6;
}

bool X86Step::one_byte() {
  const unsigned op = in_.opcode;
  const auto immediate = static_cast<std::uint64_t>(in_.immediate);
  if (op < 0x40) return arithmetic_row();
  if (op >= 0x50 && op <= 0x57) {
    push(r_.general[(op & 7U) | opcode_high_]);
    return !operand16_;
  }
  if (op >= 0x58 && op <= 0x5f) {
    const std::uint64_t value = pop();
    if (!fault_) r_.general[(op & 7U) | opcode_high_] = value;
    return !operand16_;
  }
  if (op >= 0x70 && op <= 0x7f) return jump_if(op & 15U);
  switch (op) {
    case 0x68:
    case 0x6a:
      push(immediate);
      return true;
    case 0x69:
    case 0x6b: {
      const unsigned size = size_of(false);
      const std::uint64_t value = get_operand(size);
      const auto a = static_cast<std::int64_t>(x86_sign_extended(value, size));
      const X86SignedWide product = X86SignedWide{a} * in_.immediate;
      const auto low = static_cast<std::uint64_t>(product);
      if (!fault_) set(reg(), size, low);
      r_.carry = r_.overflow = product != static_cast<std::int64_t>(x86_sign_extended(low, size));
      return true;
    }
    case 0x80:
    case 0x81:
    case 0x83: {
      const unsigned size = size_of(op == 0x80);
      const std::uint64_t value = get_operand(size);
      if (fault_) return true;
      const std::uint64_t made = arithmetic(in_.reg, value, immediate, size);
      if (in_.reg != 7) set_operand(size, made);
      return true;
    }
    case 0x84:
    case 0x85: {
      const unsigned size = size_of(op == 0x84);
      logical(get_operand(size) & get(reg(), size), size);
      return true;
    }
    case 0x90:
      return opcode_high_ == 0;
    case 0x98: {
      const unsigned size = size_of(false);
      set(kX86Accumulator, size, x86_sign_extended(get(kX86Accumulator, size / 2), size / 2));
      return true;
    }
    case 0x99: {
      const unsigned size = size_of(false);
      const bool negative = (get(kX86Accumulator, size) & x86_sign(size)) != 0;
      set(kX86Data, size, negative ? x86_ones(size) : 0);
      return true;
    }
    case 0xa4:
    case 0xa5:
    case 0xaa:
    case 0xab:
      return strings();
    case 0xa8:
    case 0xa9:
      logical(get(kX86Accumulator, size_of(op == 0xa8)) & immediate, size_of(op == 0xa8));
      return true;
    case 0xc0:
    case 0xc1:
      return shifts(static_cast<unsigned>(immediate & 0xffU), op == 0xc0);
    case 0xd0:
    case 0xd1:
      return shifts(1, op == 0xd0);
    case 0xd2:
    case 0xd3:
      return shifts(static_cast<unsigned>(get(kX86Counter, 1)), op == 0xd2);
    case 0xc2:
    case 0xc3:
      next_ = pop();
      if (op == 0xc2) r_.general[kX86Stack] += immediate & 0xffffU;
      return true;
    case 0xc9:
      r_.general[kX86Stack] = r_.general[kX86Frame];
      r_.general[kX86Frame] = pop();
      return true;
    case 0xe8:
      push(next_);
      next_ += immediate;
      return true;
    case 0xe9:
    case 0xeb:
      next_ += immediate;
      return true;
    case 0xf6:
    case 0xf7:
      return unary_group();
    case 0xfe:
    case 0xff:
      return increment_group();
    default:
      return moves();
  }
}

// BT, BTS, BTR, BTC of a register.
bool X86Step::bit_test(unsigned kind, std::uint64_t index) {
  if (in_memory_ || operand16_) return false;
  const unsigned size = size_of(false);
  const std::uint64_t bit = std::uint64_t{1} << (index % (8 * size));
  const std::uint64_t value = get(rm_, size);
  r_.carry = (value & bit) != 0;
  if (kind == 1) set(rm_, size, value | bit);
  if (kind == 2) set(rm_, size, value & ~bit);
  if (kind == 3) set(rm_, size, value ^ bit);
  return true;
}

bool X86Step::double_shift(unsigned count) {
  const unsigned size = size_of(false);
  const unsigned width = 8 * size;
  const unsigned by = count & (size == 8 ? 63U : 31U);
  if (size < 4) return false;
  const std::uint64_t value = get_operand(size);
  if (fault_ || by == 0) return true;
  const std::uint64_t other = get(reg(), size);
  const bool left = in_.opcode < 0xa8;
  const std::uint64_t made =
      left ? (value << by) | (other >> (width - by)) : (value >> by) | (other << (width - by));
  r_.carry = ((left ? value >> (width - by) : value >> (by - 1)) & 1U) != 0;
  set_result_flags(made, size);
  set_operand(size, made);
  return true;
}

bool X86Step::two_bytes() {
  const unsigned op = in_.opcode;
  const unsigned size = size_of(false);
  if (op >= 0x40 && op <= 0x4f) {
    bool holds = false;
    if (!condition(op & 15U, holds)) return false;
    const std::uint64_t value = get_operand(size);
    if (!fault_) set(reg(), size, holds ? value : get(reg(), size));
    return true;
  }
  if (op >= 0x80 && op <= 0x8f) return jump_if(op & 15U);
  if (op >= 0x90 && op <= 0x9f) {
    bool holds = false;
    if (!condition(op & 15U, holds)) return false;
    set_operand(1, holds ? 1 : 0);
    return true;
  }
  if (op >= 0xc8 && op <= 0xcf) {
    const unsigned number = (op & 7U) | opcode_high_;
    const std::uint64_t value = __builtin_bswap64(r_.general[number]);
    set(number, size, size == 8 ? value : value >> 32U);
    return size >= 4;
  }
  switch (op) {
    case 0x0d:
    case 0x18:
    case 0x1e:
    case 0x1f:
      return true;  // prefetches, ENDBR64, long NOPs
    case 0xa3:
      return bit_test(0, get(reg(), size));
    case 0xab:
      return bit_test(1, get(reg(), size));
    case 0xb3:
      return bit_test(2, get(reg(), size));
    case 0xba:
      return in_.reg >= 4 && bit_test(in_.reg - 4U, static_cast<std::uint64_t>(in_.immediate));
    case 0xa4:
    case 0xac:
      return double_shift(static_cast<unsigned>(in_.immediate & 0xff));
    case 0xa5:
    case 0xad:
      return double_shift(static_cast<unsigned>(get(kX86Counter, 1)));
    case 0xaf: {
      const auto a = static_cast<std::int64_t>(x86_sign_extended(get(reg(), size), size));
      const auto b = static_cast<std::int64_t>(x86_sign_extended(get_operand(size), size));
      const X86SignedWide product = X86SignedWide{a} * b;
      const auto low = static_cast<std::uint64_t>(product);
      if (!fault_) set(reg(), size, low);
      r_.carry = r_.overflow = product != static_cast<std::int64_t>(x86_sign_extended(low, size));
      return true;
    }
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf: {
      const unsigned from = (op & 1U) != 0 ? 2 : 1;
      const std::uint64_t value = get_operand(from);
      if (!fault_) set(reg(), size, op >= 0xbe ? x86_sign_extended(value, from) : value);
      return true;
    }
    case 0xbc:
    case 0xbd: {
      const std::uint64_t value = get_operand(size);
      if (fault_) return true;
      r_.zero = value == 0;
      if (repeat_ == 0xf3) return false;  // TZCNT, LZCNT
      if (value == 0) return true;
      const int at = op == 0xbc ? std::countr_zero(value) : 63 - std::countl_zero(value);
      set(reg(), size, static_cast<std::uint64_t>(at));
      return true;
    }
    default:
      return vector_moves();
  }
}

NativeOutcome execute_x86_64(NativeRegisters& registers, NativeMemory& memory, ByteSpan code) {
  return X86Step(registers, memory, code).run();
}

}  // namespace dl::program
