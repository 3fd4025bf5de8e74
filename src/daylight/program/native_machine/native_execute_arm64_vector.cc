// SPDX-License-Identifier: Apache-2.0
// A64 instructions between vectors of whole numbers, and between vectors and general registers.
#include <algorithm>
#include <bit>

#include "daylight/program/native_machine/native_processor.h"

namespace dl::program {
namespace {

// The lane as a number of `size` bytes.
std::uint64_t lane(const NativeVector& vector, unsigned size, unsigned index) {
  std::uint64_t value = 0;
  std::memcpy(&value, vector.bytes.data() + std::size_t{index} * size, size);
  return value;
}

void set_lane(NativeVector& vector, unsigned size, unsigned index, std::uint64_t value) {
  std::memcpy(vector.bytes.data() + std::size_t{index} * size, &value, size);
}

std::int64_t signed_lane(const NativeVector& vector, unsigned size, unsigned index) {
  const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
  return static_cast<std::int64_t>((lane(vector, size, index) ^ sign) - sign);
}

class Arm64VectorStep {
 public:
  Arm64VectorStep(NativeRegisters& registers, std::uint32_t word)
      : r_(registers),
        word_(word),
        whole_(((word >> 30U) & 1U) != 0),
        unsigned_(((word >> 29U) & 1U) != 0),
        n_(registers.vector[(word >> 5U) & 31U]),
        m_(registers.vector[(word >> 16U) & 31U]),
        before_(registers.vector[word & 31U]) {}

  bool run() {
    if ((word_ & 0x5f20fc00U) == 0x1e200000U) return between_files();
    if ((word_ & 0xffbffc00U) == 0x1e204000U) {  // FMOV of 4 or 8 bytes
      out_ = n_;
      return finish(bits(22, 1) != 0 ? 8 : 4);
    }
    if (bits(30, 2) == 1 && bits(28, 1) == 1) return scalar();
    if (bits(31, 1) != 0) return false;
    if (bits(24, 5) == 0x0eU) {
      if (bits(21, 1) == 0) return arrange();
      if (bits(10, 1) != 0) return three_same(whole_ ? 16 : 8);
      if (bits(10, 2) == 0) return three_different();
      if (bits(17, 4) == 0) return two_registers();
      return false;
    }
    if (bits(24, 5) == 0x0fU) {
      if (bits(10, 1) == 0) return by_element();
      if (bits(19, 5) == 0) return modified_immediate();
      if (bits(23, 1) == 0) return shift_by_immediate(whole_ ? 16 : 8);
    }
    return false;
  }

 private:
  std::uint32_t bits(unsigned low, unsigned width) const {
    return (word_ >> low) & ((1U << width) - 1);
  }
  // Writes the first `size` bytes of what was made; the rest of the register becomes zero.
  bool finish(unsigned size) {
    for (unsigned i = size; i < 16; ++i) out_.bytes[i] = 0;
    r_.vector[bits(0, 5)] = out_;
    return true;
  }
  bool finish() { return finish(whole_ ? 16 : 8); }

  bool between_files();
  bool scalar();
  bool arrange();
  bool copy_lane();
  bool three_same(unsigned bytes);
  bool logical(unsigned kind);
  bool three_different();
  bool two_registers();
  bool by_element();
  bool modified_immediate();
  bool shift_by_immediate(unsigned bytes);

  NativeRegisters& r_;
  const std::uint32_t word_;
  const bool whole_;
  const bool unsigned_;
  // Copies: the target may be one of the sources.
  const NativeVector n_;
  const NativeVector m_;
  const NativeVector before_;
  NativeVector out_;
};

// FMOV between a general register and a vector's first lanes.
bool Arm64VectorStep::between_files() {
  const unsigned kind = bits(16, 5);
  const unsigned size = bits(31, 1) != 0 ? 8 : 4;
  if (bits(29, 1) != 0 || bits(22, 2) != (size == 8 ? 1U : 0U)) return false;
  if (kind == 6) {
    if (bits(0, 5) != 31) r_.general[bits(0, 5)] = lane(n_, size, 0);
    return true;
  }
  if (kind != 7) return false;
  const unsigned from = bits(5, 5);
  out_.set_lane<std::uint64_t>(0, from == 31 ? 0 : r_.general[from]);
  return finish(size);
}

bool Arm64VectorStep::scalar() {
  if ((word_ & 0xffe0fc00U) == 0x5e000400U) {  // DUP (element, scalar)
    const unsigned which = bits(16, 5);
    if (which == 0) return false;
    const unsigned log = static_cast<unsigned>(std::countr_zero(which));
    if (log > 3) return false;
    set_lane(out_, 1U << log, 0, lane(n_, 1U << log, which >> (log + 1)));
    return finish(1U << log);
  }
  if ((word_ & 0x5f200400U) == 0x5e200400U && bits(22, 2) == 3) return three_same(8);
  if ((word_ & 0x5f800400U) == 0x5f000400U && bits(22, 1) != 0) return shift_by_immediate(8);
  return false;
}

// DUP, INS, SMOV, UMOV.
bool Arm64VectorStep::copy_lane() {
  const unsigned which = bits(16, 5);
  if (which == 0 || which == 16) return false;
  const unsigned log = static_cast<unsigned>(std::countr_zero(which));
  const unsigned size = 1U << log;
  const unsigned index = which >> (log + 1);
  const unsigned kind = bits(11, 4);
  const std::uint64_t general = bits(5, 5) == 31 ? 0 : r_.general[bits(5, 5)];
  if (unsigned_) {  // INS (element)
    out_ = before_;
    set_lane(out_, size, index, lane(n_, size, kind >> log));
    return finish(16);
  }
  if (kind == 3) {
    out_ = before_;
    set_lane(out_, size, index, general);
    return finish(16);
  }
  if (kind == 5 || kind == 7) {
    std::uint64_t value = lane(n_, size, index);
    if (kind == 5) value = static_cast<std::uint64_t>(signed_lane(n_, size, index));
    if (!whole_) value &= 0xffffffffU;
    if (bits(0, 5) != 31) r_.general[bits(0, 5)] = value;
    return true;
  }
  if (kind > 1) return false;
  for (unsigned i = 0; i < 16 / size; ++i)
    set_lane(out_, size, i, kind == 1 ? general : lane(n_, size, index));
  return finish();
}

// What moves lanes about: EXT, TBL, UZP, TRN, ZIP, and the copies.
bool Arm64VectorStep::arrange() {
  const unsigned bytes = whole_ ? 16 : 8;
  if (bits(22, 2) == 0 && bits(15, 1) == 0 && bits(10, 1) != 0) return copy_lane();
  if (unsigned_) {  // EXT
    if (bits(22, 2) != 0 || bits(15, 1) != 0 || bits(10, 1) != 0) return false;
    for (unsigned i = 0; i < bytes; ++i) {
      const unsigned from = i + bits(11, 4);
      out_.bytes[i] = from < bytes ? n_.bytes[from] : m_.bytes[(from - bytes) % 16];
    }
    return finish();
  }
  if (bits(15, 1) != 0) return false;
  if (bits(10, 2) == 0) {  // TBL, TBX
    if (bits(22, 2) != 0) return false;
    const unsigned registers = bits(13, 2) + 1;
    for (unsigned i = 0; i < bytes; ++i) {
      const unsigned from = m_.bytes[i];
      const bool inside = from < registers * 16;
      out_.bytes[i] = inside             ? r_.vector[(bits(5, 5) + from / 16) % 32].bytes[from % 16]
                      : bits(12, 1) != 0 ? before_.bytes[i]
                                         : std::uint8_t{0};
    }
    return finish();
  }
  if (bits(10, 2) != 2) return false;
  const unsigned size = 1U << bits(22, 2);
  const unsigned lanes = bytes / size;
  const unsigned part = bits(14, 1);
  for (unsigned i = 0; i < lanes; ++i) {
    std::uint64_t value = 0;
    switch (bits(12, 2)) {
      case 1: {  // UZP
        const unsigned from = 2 * i + part;
        value = from < lanes ? lane(n_, size, from) : lane(m_, size, from - lanes);
        break;
      }
      case 2:  // TRN
        value = lane(i % 2 == 0 ? n_ : m_, size, i - i % 2 + part);
        break;
      case 3:  // ZIP
        value = lane(i % 2 == 0 ? n_ : m_, size, i / 2 + part * lanes / 2);
        break;
      default:
        return false;
    }
    set_lane(out_, size, i, value);
  }
  return finish();
}

bool Arm64VectorStep::logical(unsigned kind) {
  for (unsigned i = 0; i < 2; ++i) {
    const std::uint64_t n = lane(n_, 8, i);
    const std::uint64_t m = lane(m_, 8, i);
    const std::uint64_t d = lane(before_, 8, i);
    const std::array<std::uint64_t, 8> values = {n & m,
                                                 n & ~m,
                                                 n | m,
                                                 n | ~m,
                                                 n ^ m,
                                                 (n & d) | (m & ~d),
                                                 (n & m) | (d & ~m),
                                                 (n & ~m) | (d & m)};
    set_lane(out_, 8, i, values[kind]);
  }
  return finish();
}

bool Arm64VectorStep::three_same(unsigned bytes) {
  const unsigned opcode = bits(11, 5);
  if (opcode == 3) return logical(bits(22, 2) + (unsigned_ ? 4 : 0));
  const unsigned size = 1U << bits(22, 2);
  const unsigned lanes = bytes / size;
  for (unsigned i = 0; i < lanes; ++i) {
    const std::uint64_t n = lane(n_, size, i);
    const std::uint64_t m = lane(m_, size, i);
    const std::int64_t sn = signed_lane(n_, size, i);
    const std::int64_t sm = signed_lane(m_, size, i);
    const auto mask = [](bool set) { return set ? ~std::uint64_t{0} : std::uint64_t{0}; };
    std::uint64_t value = 0;
    switch (opcode) {
      case 0x06:
        value = mask(unsigned_ ? n > m : sn > sm);
        break;
      case 0x07:
        value = mask(unsigned_ ? n >= m : sn >= sm);
        break;
      case 0x08: {  // SSHL, USHL: negative amounts shift right
        const int by = static_cast<std::int8_t>(m_.bytes[std::size_t{i} * size]);
        const int width = static_cast<int>(8 * size);
        if (by >= 0) {
          value = by >= width ? 0 : n << by;
        } else if (unsigned_) {
          value = -by >= width ? 0 : n >> -by;
        } else {
          value = static_cast<std::uint64_t>(sn >> (-by >= width ? width - 1 : -by));
        }
        break;
      }
      case 0x0c:
        value = unsigned_ ? std::max(n, m) : static_cast<std::uint64_t>(std::max(sn, sm));
        break;
      case 0x0d:
        value = unsigned_ ? std::min(n, m) : static_cast<std::uint64_t>(std::min(sn, sm));
        break;
      case 0x10:
        value = unsigned_ ? n - m : n + m;
        break;
      case 0x11:
        value = mask(unsigned_ ? n == m : (n & m) != 0);
        break;
      case 0x12: {
        const std::uint64_t d = lane(before_, size, i);
        value = unsigned_ ? d - n * m : d + n * m;
        break;
      }
      case 0x13:
        if (unsigned_) return false;
        value = n * m;
        break;
      case 0x17: {
        if (unsigned_) return false;
        const unsigned from = 2 * i;
        const NativeVector& source = from < lanes ? n_ : m_;
        value = lane(source, size, from % lanes) + lane(source, size, from % lanes + 1);
        break;
      }
      default:
        return false;
    }
    set_lane(out_, size, i, value);
  }
  return finish(bytes);
}

// Sums and products of twice the width, and halves of sums.
bool Arm64VectorStep::three_different() {
  if (bits(22, 2) == 3) return false;
  const unsigned size = 1U << bits(22, 2);
  const unsigned opcode = bits(12, 4);
  const unsigned lanes = 8 / size;
  const unsigned first = whole_ ? lanes : 0;
  const auto read = [&](const NativeVector& from, unsigned index) {
    return unsigned_ ? lane(from, size, index)
                     : static_cast<std::uint64_t>(signed_lane(from, size, index));
  };
  if (opcode == 4 || opcode == 6) {  // ADDHN, SUBHN
    if (whole_) out_ = before_;
    for (unsigned i = 0; i < lanes; ++i) {
      const std::uint64_t n = lane(n_, 2 * size, i);
      const std::uint64_t m = lane(m_, 2 * size, i);
      set_lane(out_, size, first + i, (opcode == 4 ? n + m : n - m) >> (8 * size));
    }
    return !unsigned_ && finish();
  }
  for (unsigned i = 0; i < lanes; ++i) {
    const std::uint64_t wide = lane(n_, 2 * size, i);
    const std::uint64_t n = read(n_, first + i);
    const std::uint64_t m = read(m_, first + i);
    const std::uint64_t d = lane(before_, 2 * size, i);
    std::uint64_t value = 0;
    switch (opcode) {
      case 0:
        value = n + m;
        break;
      case 1:
        value = wide + m;
        break;
      case 2:
        value = n - m;
        break;
      case 3:
        value = wide - m;
        break;
      case 8:
        value = d + n * m;
        break;
      case 10:
        value = d - n * m;
        break;
      case 12:
        value = n * m;
        break;
      default:
        return false;
    }
    set_lane(out_, 2 * size, i, value);
  }
  return finish(16);
}

bool Arm64VectorStep::two_registers() {
  const unsigned opcode = bits(12, 5);
  const unsigned size = 1U << bits(22, 2);
  const unsigned bytes = whole_ ? 16 : 8;
  const unsigned lanes = bytes / size;
  if (opcode <= 1) {  // REV64, REV32, REV16
    const unsigned group = opcode == 1 ? 2 : unsigned_ ? 4 : 8;
    if (size >= group) return false;
    for (unsigned i = 0; i < lanes; ++i)
      set_lane(out_, size, i, lane(n_, size, i ^ (group / size - 1)));
    return finish();
  }
  if (opcode == 5 && unsigned_ && size <= 2) {  // NOT, RBIT
    for (unsigned i = 0; i < bytes; ++i) {
      const unsigned byte = n_.bytes[i];
      unsigned value = ~byte;
      if (size == 2) {
        value = 0;
        for (unsigned at = 0; at < 8; ++at) value |= ((byte >> at) & 1U) << (7 - at);
      }
      out_.bytes[i] = static_cast<std::uint8_t>(value);
    }
    return finish();
  }
  if (opcode == 0x12 && !unsigned_ && size < 8) {  // XTN
    if (whole_) out_ = before_;
    const unsigned count = 8 / size;
    for (unsigned i = 0; i < count; ++i)
      set_lane(out_, size, (whole_ ? count : 0) + i, lane(n_, 2 * size, i));
    return finish();
  }
  if (opcode == 0x0b || (opcode == 0x09 && !unsigned_)) {
    for (unsigned i = 0; i < lanes; ++i) {
      const std::int64_t value = signed_lane(n_, size, i);
      const auto negated = 0 - static_cast<std::uint64_t>(value);
      std::uint64_t made = value == 0 ? ~std::uint64_t{0} : 0;  // CMEQ with zero
      if (opcode == 0x0b)
        made = unsigned_ || value < 0 ? negated : static_cast<std::uint64_t>(value);
      set_lane(out_, size, i, made);
    }
    return finish();
  }
  return false;
}

bool Arm64VectorStep::by_element() {
  const unsigned log = bits(22, 2);
  if (log != 1 && log != 2) return false;
  const unsigned size = 1U << log;
  const unsigned opcode = bits(12, 4);
  const unsigned high = bits(11, 1);
  const unsigned low = bits(21, 1);
  const unsigned middle = bits(20, 1);
  const unsigned index = log == 1 ? (high << 2U) | (low << 1U) | middle : (high << 1U) | low;
  const NativeVector& factors = r_.vector[bits(16, 4) | (log == 1 ? 0 : middle << 4U)];
  const std::uint64_t factor = lane(factors, size, index);
  const bool adds = unsigned_ && opcode == 0;
  const bool subtracts = unsigned_ && opcode == 4;
  if (adds || subtracts || (!unsigned_ && opcode == 8)) {
    for (unsigned i = 0; i < (whole_ ? 16 : 8) / size; ++i) {
      const std::uint64_t product = lane(n_, size, i) * factor;
      const std::uint64_t d = lane(before_, size, i);
      set_lane(out_, size, i, adds ? d + product : subtracts ? d - product : product);
    }
    return finish();
  }
  if (opcode != 2 && opcode != 6 && opcode != 10) return false;
  const std::uint64_t other =
      unsigned_ ? factor : static_cast<std::uint64_t>(signed_lane(factors, size, index));
  const unsigned lanes = 8 / size;
  for (unsigned i = 0; i < lanes; ++i) {
    const unsigned from = i + (whole_ ? lanes : 0);
    const std::uint64_t n =
        unsigned_ ? lane(n_, size, from) : static_cast<std::uint64_t>(signed_lane(n_, size, from));
    const std::uint64_t d = lane(before_, 2 * size, i);
    set_lane(out_, 2 * size, i,
             opcode == 2   ? d + n * other
             : opcode == 6 ? d - n * other
                           : n * other);
  }
  return finish(16);
}

// MOVI, MVNI, ORR and BIC with a constant; no floating point.
bool Arm64VectorStep::modified_immediate() {
  const std::uint64_t byte = (bits(16, 3) << 5U) | bits(5, 5);
  const unsigned mode = bits(12, 4);
  if (bits(11, 1) != 0) return false;
  std::uint64_t value = 0;
  bool modifies = false;
  if (mode < 8) {
    value = byte << (8 * (mode >> 1U));
    value |= value << 32U;
    modifies = (mode & 1U) != 0;
  } else if (mode < 12) {
    value = (byte << (8 * ((mode >> 1U) & 1U))) * 0x0001000100010001U;
    modifies = (mode & 1U) != 0;
  } else if (mode < 14) {
    value = mode == 12 ? (byte << 8U) | 0xffU : (byte << 16U) | 0xffffU;
    value |= value << 32U;
  } else if (mode == 14) {
    value = byte * 0x0101010101010101U;
    if (unsigned_) {
      value = 0;
      for (unsigned i = 0; i < 8; ++i)
        if (((byte >> i) & 1U) != 0) value |= std::uint64_t{0xff} << (8 * i);
    }
  } else {
    return false;
  }
  for (unsigned i = 0; i < 2; ++i) {
    const std::uint64_t d = lane(before_, 8, i);
    std::uint64_t made = unsigned_ && mode != 14 ? ~value : value;
    if (modifies) made = unsigned_ ? d & ~value : d | value;
    set_lane(out_, 8, i, made);
  }
  return finish();
}

bool Arm64VectorStep::shift_by_immediate(unsigned bytes) {
  const unsigned immediate = bits(16, 7);
  const unsigned high = immediate >> 3U;
  if (high == 0) return false;
  const unsigned log = static_cast<unsigned>(std::bit_width(high)) - 1;
  const unsigned size = 1U << log;
  const unsigned width = 8 * size;
  const unsigned right = 2 * width - immediate;  // 1 .. width
  const unsigned left = immediate - width;
  const unsigned opcode = bits(11, 5);
  const auto shifted_right = [&](unsigned i) {
    if (unsigned_) return right >= 64 ? 0 : lane(n_, size, i) >> right;
    return static_cast<std::uint64_t>(signed_lane(n_, size, i) >> (right >= 64 ? 63 : right));
  };
  if (opcode == 0x10 || opcode == 0x14) {  // SHRN; SSHLL, USHLL
    if (size == 8) return false;
    const unsigned lanes = 8 / size;
    const unsigned other = whole_ ? lanes : 0;
    if (opcode == 0x10) {
      if (unsigned_) return false;
      if (whole_) out_ = before_;
      for (unsigned i = 0; i < lanes; ++i)
        set_lane(out_, size, other + i, lane(n_, 2 * size, i) >> right);
      return finish();
    }
    for (unsigned i = 0; i < lanes; ++i) {
      const std::uint64_t n = unsigned_
                                  ? lane(n_, size, other + i)
                                  : static_cast<std::uint64_t>(signed_lane(n_, size, other + i));
      set_lane(out_, 2 * size, i, n << left);
    }
    return finish(16);
  }
  for (unsigned i = 0; i < bytes / size; ++i) {
    const std::uint64_t d = lane(before_, size, i);
    const std::uint64_t n = lane(n_, size, i);
    std::uint64_t value = 0;
    switch (opcode) {
      case 0x00:
        value = shifted_right(i);
        break;
      case 0x02:
        value = d + shifted_right(i);
        break;
      case 0x08: {  // SRI
        const std::uint64_t all = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
        const std::uint64_t mask = right >= 64 ? 0 : all >> right;
        if (!unsigned_) return false;
        value = (d & ~mask) | (right >= 64 ? 0 : n >> right);
        break;
      }
      case 0x0a: {
        const std::uint64_t kept = unsigned_ ? d & ((std::uint64_t{1} << left) - 1) : 0;
        value = (n << left) | kept;
        break;
      }
      default:
        return false;
    }
    set_lane(out_, size, i, value);
  }
  return finish(bytes);
}

}  // namespace

bool execute_arm64_vector(NativeRegisters& registers, std::uint32_t word) {
  return Arm64VectorStep(registers, word).run();
}

}  // namespace dl::program
