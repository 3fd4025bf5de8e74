// SPDX-License-Identifier: Apache-2.0
// The A64 instructions that make addresses and branches; all others only forget what they
// overwrite.
#include "daylight/program/native_code/native_decode_arm64.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

namespace dl::program {
namespace {

using Kind = NativeReferenceKind;

constexpr unsigned kZeroOrStack = 31;  // register 31 is never a known address
constexpr unsigned kLastScratch = 18;  // x0-x18 do not survive a call (AAPCS64)
constexpr unsigned kLink = 30;

// What is known of a register: nothing, that it holds an address, a constant, or the word that lies
// at an address.
enum class What : std::uint8_t { kNothing, kAddress, kConstant, kSlot };

// The signed number in bits [low, low + width) of `word`.
std::int64_t signed_bits(std::uint32_t word, unsigned low, unsigned width) {
  const std::uint64_t raw = (word >> low) & ((std::uint64_t{1} << width) - 1);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return static_cast<std::int64_t>((raw ^ sign) - sign);
}

std::uint64_t plus(std::uint64_t base, std::int64_t distance) {
  return base + static_cast<std::uint64_t>(distance);
}

// What the bits 31 to 21 of an instruction alone say of it. Bit 0 of the first four: it overwrites
// the register in bits 4 to 0; bit 1: it accesses memory at a scaled offset from a base.
enum Action : std::uint8_t {
  kIgnore = 0,
  kForget = 1,
  kAccess = 2,
  kAccessForget = 3,
  kPairAction = 4,
  kDecode = 5,  // must be looked at
};

constexpr Action load_or_store_action(std::uint32_t word) {
  if ((word & 0x3b000000U) == 0x39000000U) {  // a scaled offset
    const bool vector = (word & 0x4000000U) != 0;
    const bool store = ((word >> 22U) & 3U) == 0;
    return vector || store ? kAccess : kAccessForget;
  }
  return (word & 0x3a000000U) == 0x28000000U ? kPairAction : kDecode;
}

constexpr Action action_of(std::uint32_t word) {
  const std::uint32_t group = (word >> 25U) & 0xfU;
  if ((group & 0xeU) == 0x8U) {
    const bool page = (word & 0x1f000000U) == 0x10000000U;
    const bool sum = (word & 0xff800000U) == 0x91000000U;
    const bool wide = (word & 0x7f800000U) == 0x52800000U || (word & 0x7f800000U) == 0x72800000U;
    return page || sum || wide ? kDecode : kForget;
  }
  if ((group & 0xeU) == 0xaU) return kDecode;
  if ((group & 0x5U) == 0x4U) return load_or_store_action(word);
  if ((group & 0x7U) == 0x7U) {
    const bool converts =
        (word & 0x5f200000U) == 0x1e200000U || (word & 0x5f200000U) == 0x1e000000U;
    const bool moves = (word & 0xbfe00000U) == 0x0e000000U;
    return converts || moves ? kDecode : kIgnore;
  }
  const bool moves = (word & 0xffe00000U) == 0xaa000000U;
  const bool adds = (word & 0xffe00000U) == 0x8b000000U;
  return moves || adds ? kDecode : kForget;
}

constexpr unsigned kActionShift = 21;
constexpr auto kActions = [] {
  std::array<Action, std::size_t{1} << (32 - kActionShift)> out = {};
  for (std::uint32_t i = 0; i < out.size(); ++i) out[i] = action_of(i << kActionShift);
  return out;
}();

class Arm64Scanner {
 public:
  explicit Arm64Scanner(NativeReferenceSink& sink) : sink_(sink) {}

  // Most instructions only overwrite a register: they pass without a branch that is hard to
  // foresee.
  void step(std::uint64_t pc, std::uint32_t word) {
    const Action action = kActions[word >> kActionShift];
    if (action <= kAccessForget) {
      const bool access = (action & kAccess) != 0;
      if (access && what_[(word >> 5U) & 31U] == What::kAddress) return unsigned_offset(pc, word);
      what_[(word & 31U) + ((action & kForget) != 0 ? 0U : kNowhere)] = What::kNothing;
    } else if (action == kPairAction) {
      pair(word);
    } else {
      decode(pc, word);
    }
  }

 private:
  // Entries from here on stand for no register.
  static constexpr unsigned kNowhere = 32;

  void decode(std::uint64_t pc, std::uint32_t word) {
    const std::uint32_t group = (word >> 25U) & 0xfU;
    if ((group & 0xeU) == 0x8U) {
      immediate_arithmetic(pc, word);
    } else if ((group & 0xeU) == 0xaU) {
      branch_or_system(pc, word);
    } else if ((group & 0x5U) == 0x4U) {
      load_or_store(pc, word);
    } else if ((group & 0x7U) == 0x7U) {
      vector_arithmetic(word);
    } else {
      register_arithmetic(pc, word);
    }
  }

  void forget(unsigned reg) { what_[reg] = What::kNothing; }
  void set(unsigned reg, What what, std::uint64_t value) {
    if (reg == kZeroOrStack) return;
    what_[reg] = what;
    values_[reg] = value;
  }
  void set_address(std::uint64_t pc, unsigned reg, std::uint64_t value) {
    set(reg, What::kAddress, value);
    sink_.add(pc, value, Kind::kAddress);
  }
  // The address [reg + distance], if the register is known.
  std::optional<std::uint64_t> base(unsigned reg, std::int64_t distance) const {
    if (reg == kZeroOrStack || what_[reg] != What::kAddress) return std::nullopt;
    return plus(values_[reg], distance);
  }

  void immediate_arithmetic(std::uint64_t pc, std::uint32_t word);
  void branch_or_system(std::uint64_t pc, std::uint32_t word);
  void indirect_branch(std::uint64_t pc, std::uint32_t word);
  void load_or_store(std::uint64_t pc, std::uint32_t word);
  void unsigned_offset(std::uint64_t pc, std::uint32_t word);
  void other_register_access(std::uint64_t pc, std::uint32_t word);
  void pair(std::uint32_t word);
  void register_arithmetic(std::uint64_t pc, std::uint32_t word);
  void vector_arithmetic(std::uint32_t word);
  void after_call();

  NativeReferenceSink& sink_;
  std::array<What, 64> what_ = {};
  std::array<std::uint64_t, 32> values_ = {};  // kSlot: where the word lies
};

void Arm64Scanner::immediate_arithmetic(std::uint64_t pc, std::uint32_t word) {
  const unsigned rd = word & 31U;
  const unsigned rn = (word >> 5U) & 31U;
  if ((word & 0x1f000000U) == 0x10000000U) {  // ADR, ADRP
    const std::int64_t low = (word >> 29U) & 3U;
    const std::int64_t distance = signed_bits(word, 5, 19) * 4 + low;
    if ((word & 0x80000000U) == 0) return set_address(pc, rd, plus(pc, distance));
    // The page alone is half an address: the instruction that adds the rest counts.
    return set(rd, What::kAddress, plus(pc & ~std::uint64_t{0xfff}, distance * 4096));
  }
  if ((word & 0xff800000U) == 0x91000000U) {  // ADD (immediate, 64 bits)
    const std::uint32_t shift = (word & 0x400000U) != 0 ? 12 : 0;
    const auto sum = base(rn, std::int64_t{(word >> 10U) & 0xfffU} << shift);
    if (sum && rd != kZeroOrStack) return set_address(pc, rd, *sum);
    return forget(rd);
  }
  const std::uint32_t wide = word & 0x7f800000U;
  const std::uint64_t half = (word >> 5U) & 0xffffU;
  const unsigned shift = ((word >> 21U) & 3U) * 16;
  if (wide == 0x52800000U) return set(rd, What::kConstant, half << shift);  // MOVZ
  if (wide == 0x72800000U && what_[rd] == What::kConstant) {                // MOVK
    const std::uint64_t mask = std::uint64_t{0xffff} << shift;
    values_[rd] = (values_[rd] & ~mask) | (half << shift);
    return;
  }
  forget(rd);
}

void Arm64Scanner::after_call() {
  std::fill_n(what_.begin(), kLastScratch + 1, What::kNothing);
  forget(kLink);
}

// BR, BLR, RET and their authenticated forms.
void Arm64Scanner::indirect_branch(std::uint64_t pc, std::uint32_t word) {
  const unsigned operation =
      (word >> 21U) & 7U;  // bit 24 only says how the target is authenticated
  const unsigned reg = (word >> 5U) & 31U;
  const bool call = operation == 1;
  if (call || operation == 0) {
    if (what_[reg] == What::kSlot)
      sink_.add(pc, values_[reg], call ? Kind::kCallSlot : Kind::kJumpSlot);
    if (what_[reg] == What::kAddress) sink_.add(pc, values_[reg], call ? Kind::kCall : Kind::kJump);
  }
  if (call) after_call();
}

void Arm64Scanner::branch_or_system(std::uint64_t pc, std::uint32_t word) {
  if ((word & 0x7c000000U) == 0x14000000U) {  // B, BL
    const std::uint64_t target = plus(pc, signed_bits(word, 0, 26) * 4);
    const bool call = (word & 0x80000000U) != 0;
    sink_.add(pc, target, call ? Kind::kCall : Kind::kJump);
    if (call) after_call();
    return;
  }
  if ((word & 0x7e000000U) == 0x34000000U ||  // CBZ, CBNZ
      (word & 0xff000000U) == 0x54000000U) {  // B.cond
    return sink_.add(pc, plus(pc, signed_bits(word, 5, 19) * 4), Kind::kBranch);
  }
  if ((word & 0x7e000000U) == 0x36000000U)  // TBZ, TBNZ
    return sink_.add(pc, plus(pc, signed_bits(word, 5, 14) * 4), Kind::kBranch);
  if ((word & 0xfe000000U) == 0xd6000000U) return indirect_branch(pc, word);
  if ((word & 0xfff00000U) == 0xd5300000U) forget(word & 31U);  // MRS
}

void Arm64Scanner::pair(std::uint32_t word) {
  const bool vector = (word & 0x4000000U) != 0;
  const bool load = (word & 0x400000U) != 0;
  if (load && !vector) {
    forget(word & 31U);
    forget((word >> 10U) & 31U);
  }
  const std::uint32_t mode = (word >> 23U) & 3U;
  if (mode == 1 || mode == 3) forget((word >> 5U) & 31U);  // writes its base back
}

// LDR, STR and their narrow forms with a scaled offset.
void Arm64Scanner::unsigned_offset(std::uint64_t pc, std::uint32_t word) {
  const unsigned rt = word & 31U;
  const bool vector = (word & 0x4000000U) != 0;
  const std::uint32_t operation = (word >> 22U) & 3U;
  std::uint32_t scale = word >> 30U;
  if (vector && (operation & 2U) != 0) scale = 4;
  const auto address = base((word >> 5U) & 31U, std::int64_t{(word >> 10U) & 0xfffU} << scale);
  if (address) sink_.add(pc, *address, Kind::kLoad);
  if (vector || operation == 0) return;
  if (address && scale == 3 && operation == 1) return set(rt, What::kSlot, *address);
  forget(rt);
}

// Unscaled, indexed and atomic forms of one register.
void Arm64Scanner::other_register_access(std::uint64_t pc, std::uint32_t word) {
  const bool vector = (word & 0x4000000U) != 0;
  const bool by_register = (word & 0x200000U) != 0;
  const std::uint32_t mode = (word >> 10U) & 3U;
  const unsigned rn = (word >> 5U) & 31U;
  const std::uint32_t operation = (word >> 22U) & 3U;
  if (!by_register && mode == 0) {
    const auto address = base(rn, signed_bits(word, 12, 9));
    if (address) sink_.add(pc, *address, Kind::kLoad);
    const bool whole = (word >> 30U) == 3 && operation == 1;
    if (address && whole && !vector) return set(word & 31U, What::kSlot, *address);
  }
  if (!by_register && (mode == 1 || mode == 3)) forget(rn);  // writes its base back
  const bool atomic = by_register && mode == 0;
  if (!vector && (operation != 0 || atomic)) forget(word & 31U);
}

void Arm64Scanner::load_or_store(std::uint64_t pc, std::uint32_t word) {
  const std::uint32_t form = word & 0x3b000000U;
  if (form == 0x18000000U) {  // LDR (literal)
    const std::uint64_t address = plus(pc, signed_bits(word, 5, 19) * 4);
    sink_.add(pc, address, Kind::kLoad);
    if ((word & 0x4000000U) != 0) return;
    if ((word >> 30U) == 1) return set(word & 31U, What::kSlot, address);
    if ((word >> 30U) != 3) forget(word & 31U);  // 3 is PRFM
    return;
  }
  if (form == 0x38000000U) return other_register_access(pc, word);
  if ((word & 0x3f000000U) == 0x08000000U) {  // exclusive, ordered, compare and swap
    forget(word & 31U);
    forget((word >> 16U) & 31U);
    return;
  }
  if ((word & 0xbe800000U) == 0x0c800000U)
    return forget((word >> 5U) & 31U);                          // LD1..ST4 with index
  if ((word & 0x3f000000U) == 0x19000000U) forget(word & 31U);  // LDAPUR, memory tags
}

void Arm64Scanner::register_arithmetic(std::uint64_t pc, std::uint32_t word) {
  const unsigned rd = word & 31U;
  const unsigned rn = (word >> 5U) & 31U;
  const unsigned rm = (word >> 16U) & 31U;
  if ((word & 0xffe0ffe0U) == 0xaa0003e0U) {  // MOV (register)
    return set(rd, rm == kZeroOrStack ? What::kNothing : what_[rm], values_[rm]);
  }
  if ((word & 0xffe0fc00U) == 0x8b000000U && rd != kZeroOrStack) {  // ADD (shifted register, by 0)
    const bool ordered = what_[rn] == What::kAddress && what_[rm] == What::kConstant;
    const bool swapped = what_[rn] == What::kConstant && what_[rm] == What::kAddress;
    if ((ordered || swapped) && rn != kZeroOrStack && rm != kZeroOrStack)
      return set_address(pc, rd, values_[rn] + values_[rm]);
  }
  forget(rd);
}

// Only conversions and moves to general registers overwrite one.
void Arm64Scanner::vector_arithmetic(std::uint32_t word) {
  const bool converts = (word & 0x5f20fc00U) == 0x1e200000U || (word & 0x5f200000U) == 0x1e000000U;
  const bool moves = (word & 0xbfe0ec00U) == 0x0e002c00U;  // UMOV, SMOV
  if (converts || moves) forget(word & 31U);
}

}  // namespace

void scan_arm64(ByteSpan code, std::uint64_t address, NativeReferenceSink& sink) {
  Arm64Scanner scanner(sink);
  for (std::size_t at = 0; at + 4 <= code.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, code.data() + at, sizeof word);
    scanner.step(address + at, word);
  }
}

}  // namespace dl::program
