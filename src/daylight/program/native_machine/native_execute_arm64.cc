// SPDX-License-Identifier: Apache-2.0
// A64 instructions of whole numbers, by their encoding groups.
#include <bit>

#include "daylight/program/native_machine/native_processor.h"

namespace dl::program {
namespace {

constexpr unsigned kZeroRegister = 31;

std::uint64_t ones(unsigned count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

std::uint64_t sign_extended(std::uint64_t value, unsigned width) {
  if (width >= 64) return value;
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return ((value & ones(width)) ^ sign) - sign;
}

std::uint64_t rotated_right(std::uint64_t value, unsigned by, unsigned width) {
  by %= width;
  value &= ones(width);
  if (by == 0) return value;
  return ((value >> by) | (value << (width - by))) & ones(width);
}

// The two masks of a bit field or logical immediate (DecodeBitMasks); false if reserved.
bool bit_masks(unsigned n, unsigned imms, unsigned immr, bool immediate, std::uint64_t& whole,
               std::uint64_t& top) {
  const unsigned joined = (n << 6U) | (~imms & 0x3fU);
  if (joined < 2) return false;
  const unsigned length = static_cast<unsigned>(std::bit_width(joined)) - 1;
  const unsigned size = 1U << length;
  const unsigned levels = size - 1;
  if (immediate && (imms & levels) == levels) return false;
  const unsigned s = imms & levels;
  const unsigned r = immr & levels;
  const unsigned d = (s - r) & levels;
  std::uint64_t element = rotated_right(ones(s + 1), r, size);
  std::uint64_t top_element = ones(d + 1);
  whole = 0;
  top = 0;
  for (unsigned at = 0; at < 64; at += size) {
    whole |= element << at;
    top |= top_element << at;
  }
  return true;
}

class Arm64Step {
 public:
  Arm64Step(NativeRegisters& registers, NativeMemory& memory, std::uint32_t word)
      : r_(registers), memory_(memory), word_(word), wide_((word >> 31U) != 0) {}

  NativeOutcome run() {
    next_ = r_.pc + 4;
    const std::uint32_t group = bits(25, 4);
    bool known = false;
    if ((group & 0xeU) == 0x8U) {
      known = immediate();
    } else if ((group & 0xeU) == 0xaU) {
      known = branch();
    } else if ((group & 0x5U) == 0x4U) {
      known = load_or_store();
    } else if ((group & 0x7U) == 0x5U) {
      known = between_registers();
    } else if ((group & 0x7U) == 0x7U) {
      known = execute_arm64_vector(r_, word_);
    }
    if (fault_) return NativeOutcome::kFault;
    if (!known) return NativeOutcome::kUnknown;
    r_.pc = next_;
    return NativeOutcome::kDone;
  }

 private:
  std::uint32_t bits(unsigned low, unsigned width) const {
    return (word_ >> low) & ((1U << width) - 1);
  }
  std::uint64_t signed_bits(unsigned low, unsigned width) const {
    return sign_extended(bits(low, width), width);
  }
  unsigned width() const { return wide_ ? 64 : 32; }
  std::uint64_t cut(std::uint64_t value) const { return value & ones(width()); }
  // Register 31 is zero here, the stack pointer in the other pair.
  std::uint64_t get(unsigned reg) const { return reg == kZeroRegister ? 0 : r_.general[reg]; }
  void set(unsigned reg, std::uint64_t value) {
    if (reg != kZeroRegister) r_.general[reg] = cut(value);
  }
  std::uint64_t get_sp(unsigned reg) const { return r_.general[reg]; }
  void set_sp(unsigned reg, std::uint64_t value) { r_.general[reg] = cut(value); }

  std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b, bool carry, bool flags) {
    a = cut(a);
    b = cut(b);
    const std::uint64_t sum = cut(a + b + (carry ? 1 : 0));
    if (flags) {
      const std::uint64_t sign = std::uint64_t{1} << (width() - 1);
      set_zero_and_sign(sum);
      r_.carry = carry ? sum <= a : sum < a;
      r_.overflow = ((a ^ sum) & (b ^ sum) & sign) != 0;
    }
    return sum;
  }
  void set_zero_and_sign(std::uint64_t value) {
    r_.zero = cut(value) == 0;
    r_.negative = ((value >> (width() - 1)) & 1U) != 0;
  }
  void set_logical_flags(std::uint64_t value) {
    set_zero_and_sign(value);
    r_.carry = false;
    r_.overflow = false;
  }
  bool holds(unsigned condition) const {
    bool result = true;
    switch (condition >> 1U) {
      case 0:
        result = r_.zero;
        break;
      case 1:
        result = r_.carry;
        break;
      case 2:
        result = r_.negative;
        break;
      case 3:
        result = r_.overflow;
        break;
      case 4:
        result = r_.carry && !r_.zero;
        break;
      case 5:
        result = r_.negative == r_.overflow;
        break;
      case 6:
        result = !r_.zero && r_.negative == r_.overflow;
        break;
      default:
        return true;
    }
    return (condition & 1U) != 0 ? !result : result;
  }
  std::uint64_t shifted(std::uint64_t value, unsigned kind, unsigned by) const {
    value = cut(value);
    by %= width();
    switch (kind) {
      case 0:
        return cut(value << by);
      case 1:
        return value >> by;
      case 2: {
        const auto wide = static_cast<std::int64_t>(sign_extended(value, width()));
        return cut(static_cast<std::uint64_t>(wide >> by));
      }
      default:
        return rotated_right(value, by, width());
    }
  }

  bool immediate();
  bool bit_field();
  bool logical_immediate();
  bool branch();
  bool load_or_store();
  bool move(std::uint64_t address, unsigned reg, unsigned size, bool vector, bool load,
            unsigned sign_width);
  bool single(bool vector, std::uint64_t address);
  bool pair();
  bool vector_structure();
  bool exclusive();
  bool between_registers();
  bool add_or_logical();
  bool one_source();
  bool two_sources();
  bool three_sources();
  bool conditional();

  NativeRegisters& r_;
  NativeMemory& memory_;
  const std::uint32_t word_;
  bool wide_;
  bool fault_ = false;
  std::uint64_t next_ = 0;
};

bool Arm64Step::bit_field() {
  std::uint64_t whole = 0;
  std::uint64_t top = 0;
  const unsigned immr = bits(16, 6);
  const unsigned imms = bits(10, 6);
  if (bits(22, 1) != (wide_ ? 1U : 0U) || !bit_masks(bits(22, 1), imms, immr, false, whole, top))
    return false;
  const std::uint64_t source = get(bits(5, 5));
  const std::uint64_t turned = rotated_right(source, immr, width());
  const unsigned kind = bits(29, 2);
  std::uint64_t value = turned & whole;
  if (kind == 1) {  // BFM
    const std::uint64_t before = get(bits(0, 5));
    value = (before & ~whole) | value;
    value = (before & ~top) | (value & top);
  } else {
    value &= top;
    const bool negative = kind == 0 && ((source >> (imms % width())) & 1U) != 0;
    if (negative) value |= ~top;
  }
  set(bits(0, 5), value);
  return kind != 3;
}

bool Arm64Step::logical_immediate() {
  std::uint64_t whole = 0;
  std::uint64_t top = 0;
  if (!bit_masks(bits(22, 1), bits(10, 6), bits(16, 6), true, whole, top)) return false;
  const std::uint64_t a = get(bits(5, 5));
  switch (bits(29, 2)) {
    case 0:
      set_sp(bits(0, 5), a & whole);
      break;
    case 1:
      set_sp(bits(0, 5), a | whole);
      break;
    case 2:
      set_sp(bits(0, 5), a ^ whole);
      break;
    default:
      set(bits(0, 5), a & whole);
      set_logical_flags(a & whole);
      break;
  }
  return true;
}

bool Arm64Step::immediate() {
  const unsigned rd = bits(0, 5);
  switch (bits(23, 3)) {
    case 0:
    case 1: {  // ADR, ADRP
      const std::uint64_t distance = (signed_bits(5, 19) << 2U) | bits(29, 2);
      const bool pages = wide_;
      wide_ = true;
      set(rd, pages ? (r_.pc & ~std::uint64_t{0xfff}) + (distance << 12U) : r_.pc + distance);
      return true;
    }
    case 2: {  // ADD, SUB
      const std::uint64_t value = std::uint64_t{bits(10, 12)} << (bits(22, 1) != 0 ? 12U : 0U);
      const bool minus = bits(30, 1) != 0;
      const bool flags = bits(29, 1) != 0;
      const std::uint64_t sum =
          add_with_carry(get_sp(bits(5, 5)), minus ? ~value : value, minus, flags);
      if (flags) {
        set(rd, sum);
      } else {
        set_sp(rd, sum);
      }
      return true;
    }
    case 4:
      return logical_immediate();
    case 5: {  // MOVN, MOVZ, MOVK
      const unsigned shift = bits(21, 2) * 16;
      const std::uint64_t half = std::uint64_t{bits(5, 16)} << shift;
      const unsigned kind = bits(29, 2);
      if (kind == 1) return false;
      if (kind == 0) set(rd, ~half);
      if (kind == 2) set(rd, half);
      if (kind == 3) set(rd, (get(rd) & ~(std::uint64_t{0xffff} << shift)) | half);
      return true;
    }
    case 6:
      return bit_field();
    case 7: {  // EXTR
      const unsigned by = bits(10, 6);
      if (by >= width()) return false;
      const std::uint64_t low = cut(get(bits(16, 5)));
      const std::uint64_t high = get(bits(5, 5));
      set(rd, by == 0 ? low : (low >> by) | (high << (width() - by)));
      return true;
    }
    default:
      return false;
  }
}

bool Arm64Step::branch() {
  if ((word_ & 0x7c000000U) == 0x14000000U) {  // B, BL
    if (wide_) r_.general[30] = next_;
    next_ = r_.pc + (signed_bits(0, 26) << 2U);
    return true;
  }
  if ((word_ & 0x7e000000U) == 0x34000000U) {  // CBZ, CBNZ
    const bool zero = cut(get(bits(0, 5))) == 0;
    if (zero == (bits(24, 1) == 0)) next_ = r_.pc + (signed_bits(5, 19) << 2U);
    return true;
  }
  if ((word_ & 0x7e000000U) == 0x36000000U) {  // TBZ, TBNZ
    const unsigned at = (bits(31, 1) << 5U) | bits(19, 5);
    const bool set_bit = ((get(bits(0, 5)) >> at) & 1U) != 0;
    if (set_bit == (bits(24, 1) != 0)) next_ = r_.pc + (signed_bits(5, 14) << 2U);
    return true;
  }
  if ((word_ & 0xff000010U) == 0x54000000U) {  // B.cond
    if (holds(bits(0, 4))) next_ = r_.pc + (signed_bits(5, 19) << 2U);
    return true;
  }
  if ((word_ & 0xfe000000U) == 0xd6000000U) {  // BR, BLR, RET
    const unsigned kind = bits(21, 3);
    if (kind > 2) return false;
    const bool authenticated_return = kind == 2 && bits(10, 2) != 0;
    const std::uint64_t target = get(authenticated_return ? 30 : bits(5, 5));
    if (kind == 1) r_.general[30] = next_;
    next_ = target;
    return true;
  }
  if ((word_ & 0xfffff01fU) == 0xd503201fU) return true;  // hints
  if ((word_ & 0xfffff000U) == 0xd5033000U) return true;  // barriers
  if ((word_ & 0xffffffe0U) == 0xd53bd040U) {             // MRS TPIDR_EL0
    wide_ = true;
    set(bits(0, 5), r_.thread);
    return true;
  }
  return false;
}

// Moves `size` bytes between memory and a register. `sign_width`: 0, or the width to which a
// loaded number is extended by its sign.
bool Arm64Step::move(std::uint64_t address, unsigned reg, unsigned size, bool vector, bool load,
                     unsigned sign_width) {
  if (vector) {
    NativeVector value;
    if (!load) {
      fault_ = !memory_.write(address, r_.vector[reg].bytes.data(), size);
      return true;
    }
    fault_ = !memory_.read(address, value.bytes.data(), size);
    if (!fault_) r_.vector[reg] = value;
    return true;
  }
  std::uint64_t value = get(reg);
  if (!load) {
    fault_ = !memory_.write(address, &value, size);
    return true;
  }
  value = 0;
  fault_ = !memory_.read(address, &value, size);
  if (sign_width != 0) value = sign_extended(value, size * 8) & ones(sign_width);
  if (!fault_ && reg != kZeroRegister) r_.general[reg] = value;
  return true;
}

// One register, with the address worked out.
bool Arm64Step::single(bool vector, std::uint64_t address) {
  const unsigned size = bits(30, 2);
  const unsigned operation = bits(22, 2);
  if (vector) {
    const bool whole = (operation & 2U) != 0;
    if (whole && size != 0) return false;
    return move(address, bits(0, 5), whole ? 16 : 1U << size, true, (operation & 1U) != 0, 0);
  }
  if (size == 3 && operation == 2) return true;  // PRFM
  if (operation == 3 && size >= 2) return false;
  const unsigned sign = operation == 2 ? 64 : operation == 3 ? 32 : 0;
  return move(address, bits(0, 5), 1U << size, false, operation != 0, sign);
}

bool Arm64Step::pair() {
  const bool vector = bits(26, 1) != 0;
  const bool load = bits(22, 1) != 0;
  const unsigned kind = bits(30, 2);
  if (kind == 3 || (kind == 1 && !vector && !load)) return false;
  const bool signed_words = kind == 1 && !vector;
  const unsigned size = vector ? 4U << kind : kind == 2 ? 8 : 4;
  const std::uint64_t distance = signed_bits(15, 7) * size;
  const unsigned rn = bits(5, 5);
  const unsigned mode = bits(23, 2);
  const std::uint64_t moved = get_sp(rn) + distance;
  const std::uint64_t address = mode == 1 ? get_sp(rn) : moved;
  const unsigned sign = signed_words ? 64 : 0;
  const bool good = move(address, bits(0, 5), size, vector, load, sign) && !fault_ &&
                    move(address + size, bits(10, 5), size, vector, load, sign);
  if (good && (mode == 1 || mode == 3)) r_.general[rn] = moved;
  return true;
}

// LD1 and ST1 of one to four whole registers, and LD1R.
bool Arm64Step::vector_structure() {
  const bool load = bits(22, 1) != 0;
  const bool post = bits(23, 1) != 0;
  const unsigned size = bits(30, 1) != 0 ? 16 : 8;
  const unsigned rn = bits(5, 5);
  const unsigned opcode = bits(12, 4);
  std::uint64_t moved = 0;
  if (bits(24, 1) == 0) {
    unsigned count = 0;
    if (opcode == 7) count = 1;
    if (opcode == 10) count = 2;
    if (opcode == 6) count = 3;
    if (opcode == 2) count = 4;
    if (count == 0) return false;
    for (unsigned i = 0; i < count && !fault_; ++i) {
      move(get_sp(rn) + std::uint64_t{i} * size, (bits(0, 5) + i) % 32, size, true, load, 0);
    }
    moved = std::uint64_t{count} * size;
  } else {
    if (opcode != 12 || !load || bits(21, 1) != 0) return false;  // LD1R
    const unsigned element = 1U << bits(10, 2);
    NativeVector value;
    std::array<std::uint8_t, 8> read = {};
    fault_ = !memory_.read(get_sp(rn), read.data(), element);
    for (unsigned i = 0; i < size; ++i) value.bytes[i] = read[i % element];
    if (!fault_) r_.vector[bits(0, 5)] = value;
    moved = element;
  }
  if (post && !fault_) r_.general[rn] += bits(16, 5) == kZeroRegister ? moved : get(bits(16, 5));
  return true;
}

// LDAR, STLR, LDXR, STXR and their acquiring forms: nobody else is here, so each succeeds.
bool Arm64Step::exclusive() {
  const bool is_pair = bits(21, 1) != 0;
  if (is_pair) return false;
  const bool load = bits(22, 1) != 0;
  const unsigned size = 1U << bits(30, 2);
  wide_ = true;
  move(get_sp(bits(5, 5)), bits(0, 5), size, false, load, 0);
  const bool reports = bits(23, 1) == 0 && !load;
  if (reports && !fault_) set(bits(16, 5), 0);
  return true;
}

bool Arm64Step::load_or_store() {
  const std::uint32_t form = word_ & 0x3b000000U;
  const bool vector = bits(26, 1) != 0;
  const unsigned rn = bits(5, 5);
  if (form == 0x18000000U) {  // literal
    const std::uint64_t address = r_.pc + (signed_bits(5, 19) << 2U);
    const unsigned kind = bits(30, 2);
    if (vector) return kind != 3 && move(address, bits(0, 5), 4U << kind, true, true, 0);
    if (kind == 3) return true;  // PRFM
    return move(address, bits(0, 5), kind == 1 ? 8 : 4, false, true, kind == 2 ? 64 : 0);
  }
  const unsigned scale = vector && bits(23, 1) != 0 ? 4 : bits(30, 2);
  if (form == 0x39000000U)
    return single(vector, get_sp(rn) + (std::uint64_t{bits(10, 12)} << scale));
  if (form == 0x38000000U) {
    const unsigned mode = bits(10, 2);
    if (bits(21, 1) != 0) {
      if (mode != 2) return false;  // atomic operations
      const unsigned option = bits(13, 3);
      std::uint64_t index = get(bits(16, 5));
      if ((option & 3U) == 2) {
        index &= ones(32);
        if (option == 6) index = sign_extended(index, 32);
      }
      if ((option & 2U) == 0) return false;
      return single(vector, get_sp(rn) + (index << (bits(12, 1) != 0 ? scale : 0)));
    }
    const std::uint64_t moved = get_sp(rn) + signed_bits(12, 9);
    const std::uint64_t address = mode == 1 ? get_sp(rn) : moved;
    if (!single(vector, address)) return false;
    if (!fault_ && (mode == 1 || mode == 3)) r_.general[rn] = moved;
    return true;
  }
  if ((word_ & 0x3a000000U) == 0x28000000U) return pair();
  if ((word_ & 0xbe000000U) == 0x0c000000U) return vector_structure();
  if ((word_ & 0x3f000000U) == 0x08000000U) return exclusive();
  return false;
}

// ADD, SUB, AND, ORR, EOR and those with a complement, of shifted or extended registers.
bool Arm64Step::add_or_logical() {
  const unsigned rd = bits(0, 5);
  const std::uint64_t second = get(bits(16, 5));
  if (bits(24, 1) == 0) {
    std::uint64_t b = shifted(second, bits(22, 2), bits(10, 6));
    if (bits(21, 1) != 0) b = ~b;
    const std::uint64_t a = get(bits(5, 5));
    const unsigned kind = bits(29, 2);
    const std::uint64_t value = kind == 1 ? a | b : kind == 2 ? a ^ b : a & b;
    set(rd, value);
    if (kind == 3) set_logical_flags(value);
    return true;
  }
  const bool minus = bits(30, 1) != 0;
  const bool flags = bits(29, 1) != 0;
  if (bits(21, 1) != 0) {  // extended register
    const unsigned option = bits(13, 3);
    const unsigned from = 8U << (option & 3U);
    std::uint64_t b = option >= 4 ? sign_extended(second, from) : second & ones(from);
    b <<= bits(10, 3);
    const std::uint64_t sum = add_with_carry(get_sp(bits(5, 5)), minus ? ~b : b, minus, flags);
    if (flags) {
      set(rd, sum);
    } else {
      set_sp(rd, sum);
    }
    return true;
  }
  const std::uint64_t b = shifted(second, bits(22, 2), bits(10, 6));
  set(rd, add_with_carry(get(bits(5, 5)), minus ? ~b : b, minus, flags));
  return bits(22, 2) != 3;
}

bool Arm64Step::one_source() {
  const std::uint64_t value = cut(get(bits(5, 5)));
  const unsigned rd = bits(0, 5);
  const auto reversed = [&](unsigned group) {
    std::uint64_t out = 0;
    for (unsigned at = 0; at < width() / 8; ++at)
      out |= ((value >> (8 * at)) & 0xffU) << (8 * (at ^ (group - 1)));
    return out;
  };
  switch (bits(10, 6)) {
    case 0: {  // RBIT
      std::uint64_t out = 0;
      for (unsigned at = 0; at < width(); ++at) out |= ((value >> at) & 1U) << (width() - 1 - at);
      set(rd, out);
      return true;
    }
    case 1:
      set(rd, reversed(2));
      return true;
    case 2:
      set(rd, reversed(4));
      return true;
    case 3:
      set(rd, reversed(8));
      return wide_;
    case 4:
      set(rd,
          static_cast<std::uint64_t>(width()) - static_cast<std::uint64_t>(std::bit_width(value)));
      return true;
    default:
      return false;
  }
}

bool Arm64Step::two_sources() {
  const std::uint64_t a = cut(get(bits(5, 5)));
  const std::uint64_t b = cut(get(bits(16, 5)));
  const unsigned rd = bits(0, 5);
  switch (bits(10, 6)) {
    case 2:
      set(rd, b == 0 ? 0 : a / b);
      return true;
    case 3: {
      const auto x = static_cast<std::int64_t>(sign_extended(a, width()));
      const auto y = static_cast<std::int64_t>(sign_extended(b, width()));
      if (y == 0) {
        set(rd, 0);
      } else if (y == -1) {
        set(rd, 0 - a);  // the only quotient that may not fit
      } else {
        set(rd, static_cast<std::uint64_t>(x / y));
      }
      return true;
    }
    case 8:
    case 9:
    case 10:
    case 11:
      set(rd, shifted(a, bits(10, 2), static_cast<unsigned>(b % width())));
      return true;
    default:
      return false;
  }
}

bool Arm64Step::three_sources() {
  const std::uint64_t n = get(bits(5, 5));
  const std::uint64_t m = get(bits(16, 5));
  const std::uint64_t a = get(bits(10, 5));
  const unsigned rd = bits(0, 5);
  const bool minus = bits(15, 1) != 0;
  const unsigned kind = bits(21, 3);
  __extension__ using Wide = unsigned __int128;
  __extension__ using SignedWide = __int128;
  std::uint64_t product = 0;
  switch (kind) {
    case 0:
      product = n * m;
      break;
    case 1:
      product = sign_extended(n, 32) * sign_extended(m, 32);
      break;
    case 5:
      product = (n & ones(32)) * (m & ones(32));
      break;
    case 2:
      set(rd, static_cast<std::uint64_t>(
                  (SignedWide{static_cast<std::int64_t>(n)} * static_cast<std::int64_t>(m)) >> 64));
      return wide_ && !minus;
    case 6:
      set(rd, static_cast<std::uint64_t>((Wide{n} * m) >> 64U));
      return wide_ && !minus;
    default:
      return false;
  }
  set(rd, minus ? a - product : a + product);
  return kind == 0 || wide_;
}

// ADC, SBC, CCMN, CCMP, CSEL, CSINC, CSINV, CSNEG.
bool Arm64Step::conditional() {
  const unsigned rd = bits(0, 5);
  const std::uint64_t n = get(bits(5, 5));
  const std::uint64_t m = get(bits(16, 5));
  const bool inverts = bits(30, 1) != 0;
  switch (bits(21, 3)) {
    case 0: {
      if (bits(10, 6) != 0) return false;
      set(rd, add_with_carry(n, inverts ? ~m : m, r_.carry, bits(29, 1) != 0));
      return true;
    }
    case 2: {
      const std::uint64_t b = bits(11, 1) != 0 ? bits(16, 5) : m;
      if (holds(bits(12, 4))) {
        add_with_carry(n, inverts ? ~b : b, inverts, true);
      } else {
        r_.negative = bits(3, 1) != 0;
        r_.zero = bits(2, 1) != 0;
        r_.carry = bits(1, 1) != 0;
        r_.overflow = bits(0, 1) != 0;
      }
      return true;
    }
    case 4: {
      std::uint64_t other = inverts ? ~m : m;
      if (bits(10, 1) != 0) ++other;
      set(rd, holds(bits(12, 4)) ? n : other);
      return bits(11, 1) == 0;
    }
    default:
      return false;
  }
}

bool Arm64Step::between_registers() {
  if (bits(28, 1) == 0) return add_or_logical();
  if (bits(24, 1) != 0) return three_sources();
  if (bits(21, 3) != 6) return conditional();
  return bits(30, 1) != 0 ? one_source() : two_sources();
}

}  // namespace

NativeOutcome execute_arm64(NativeRegisters& registers, NativeMemory& memory, std::uint32_t word) {
  return Arm64Step(registers, memory, word).run();
}

}  // namespace dl::program
