// SPDX-License-Identifier: Apache-2.0
// Lengths and operand forms of x86-64 instructions, from tables of the opcode maps.
#include "daylight/program/native_code/native_decode_x86.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace dl::program {
namespace {

using Kind = NativeReferenceKind;

constexpr std::size_t kMaxInstruction = 15;

// What follows an opcode, besides prefixes.
enum Form : std::uint8_t {
  kPlain = 0,
  kModRm = 1,
  kImm8 = 2,
  kImm32 = 4,    // 16 bits with the operand-size prefix
  kImmFull = 8,  // as kImm32, 64 bits with REX.W
  kImm16 = 16,
  kRelative = 32,  // 32 bits whatever the prefix
  kOffset = 64,    // an address of the address size
  kInvalid = 128,
};

using FormTable = std::array<std::uint8_t, 256>;

constexpr void put(FormTable& table, unsigned first, unsigned last, unsigned form) {
  for (unsigned i = first; i <= last; ++i) table[i] = static_cast<std::uint8_t>(form);
}
constexpr void put(FormTable& table, std::initializer_list<unsigned> codes, unsigned form) {
  for (const unsigned code : codes) table[code] = static_cast<std::uint8_t>(form);
}

constexpr FormTable one_byte_forms() {
  FormTable t = {};
  for (unsigned row = 0x00; row <= 0x38; row += 8) {  // ADD, OR ... CMP
    put(t, row, row + 3, kModRm);
    t[row + 4] = kImm8;
    t[row + 5] = kImm32;
    put(t, row + 6, row + 7, kInvalid);
  }
  put(t, 0x60, 0x62, kInvalid);
  t[0x63] = kModRm;
  t[0x68] = kImm32;
  t[0x69] = kModRm | kImm32;
  t[0x6a] = kImm8;
  t[0x6b] = kModRm | kImm8;
  put(t, 0x70, 0x7f, kImm8);
  put(t, 0x80, 0x8f, kModRm);
  put(t, {0x80U, 0x83U}, kModRm | kImm8);
  t[0x81] = kModRm | kImm32;
  put(t, {0x82U, 0x9aU, 0xceU, 0xd4U, 0xd5U, 0xd6U, 0xeaU}, kInvalid);
  put(t, 0xa0, 0xa3, kOffset);
  t[0xa8] = kImm8;
  t[0xa9] = kImm32;
  put(t, 0xb0, 0xb7, kImm8);
  put(t, 0xb8, 0xbf, kImmFull);
  put(t, 0xc0, 0xc1, kModRm | kImm8);
  put(t, {0xc2U, 0xcaU}, kImm16);
  t[0xc6] = kModRm | kImm8;
  t[0xc7] = kModRm | kImm32;
  t[0xc8] = kImm16 | kImm8;
  t[0xcd] = kImm8;
  put(t, 0xd0, 0xd3, kModRm);
  put(t, 0xd8, 0xdf, kModRm);
  put(t, 0xe0, 0xe7, kImm8);
  put(t, 0xe8, 0xe9, kRelative);
  t[0xeb] = kImm8;
  put(t, 0xf6, 0xf7, kModRm);
  put(t, 0xfe, 0xff, kModRm);
  return t;
}

constexpr FormTable two_byte_forms() {
  FormTable t = {};
  put(t, 0x00, 0xff, kModRm);
  put(t, 0x05, 0x09, kPlain);
  put(t, {0x0bU, 0x0eU, 0x77U, 0xa0U, 0xa1U, 0xa2U, 0xa8U, 0xa9U, 0xaaU}, kPlain);
  put(t, 0x30, 0x37, kPlain);
  put(t, 0xc8, 0xcf, kPlain);
  put(t, 0x70, 0x73, kModRm | kImm8);
  put(t, 0x80, 0x8f, kRelative);
  put(t, {0x0fU, 0xa4U, 0xacU, 0xbaU, 0xc2U, 0xc4U, 0xc5U, 0xc6U}, kModRm | kImm8);
  put(t, {0x04U, 0x0aU, 0x0cU, 0x36U, 0xa6U, 0xa7U}, kInvalid);
  put(t, 0x24, 0x27, kInvalid);
  put(t, 0x39, 0x3f, kInvalid);
  t[0x39] = kInvalid;
  return t;
}

constexpr FormTable kOneByte = one_byte_forms();
constexpr FormTable kTwoByte = two_byte_forms();

class X86Decoder {
 public:
  explicit X86Decoder(ByteSpan code) : code_(code.first(std::min(code.size(), kMaxInstruction))) {}

  std::optional<X86Instruction> decode();

 private:
  std::uint8_t next() {
    if (at_ >= code_.size()) {
      failed_ = true;
      return 0;
    }
    return code_[at_++];
  }
  // A signed number of `size` bytes.
  std::int64_t number(std::size_t size) {
    std::uint64_t value = 0;
    if (size > code_.size() - at_) {
      failed_ = true;
      return 0;
    }
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{code_[at_ + i]} << (8 * i);
    at_ += size;
    const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
    return static_cast<std::int64_t>(size == 8 ? value : (value ^ sign) - sign);
  }
  std::uint8_t prefixes();
  std::uint8_t form_of_legacy(std::uint8_t byte);
  std::uint8_t form_of_vector(std::uint8_t byte);
  void read_modrm();
  void read_immediates(std::uint8_t form);

  ByteSpan code_;
  std::size_t at_ = 0;
  bool failed_ = false;
  bool operand16_ = false;
  bool address32_ = false;
  bool wide_ = false;
  std::uint8_t modrm_ = 0;
  X86Instruction out_;
};

// Steps over prefixes and gives the byte behind them.
std::uint8_t X86Decoder::prefixes() {
  for (;;) {
    const std::uint8_t byte = next();
    switch (byte) {
      case 0x66:
        operand16_ = true;
        break;
      case 0x67:
        address32_ = true;
        break;
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
      case 0x64:
      case 0x65:
      case 0xf0:
      case 0xf2:
      case 0xf3:
        break;
      default:
        // REX counts only right before the opcode.
        if ((byte & 0xf0U) != 0x40) return byte;
        wide_ = (byte & 8U) != 0;
        if (at_ < code_.size() && ((code_[at_] & 0xf0U) == 0x40)) wide_ = false;
        break;
    }
    if (failed_) return 0;
  }
}

std::uint8_t X86Decoder::form_of_legacy(std::uint8_t byte) {
  out_.opcode = byte;
  if (byte != 0x0f) return kOneByte[byte];
  out_.opcode = next();
  if (out_.opcode == 0x38 || out_.opcode == 0x3a) {
    out_.map = out_.opcode == 0x38 ? 2 : 3;
    out_.opcode = next();
    return out_.map == 2 ? kModRm : kModRm | kImm8;
  }
  out_.map = 1;
  return kTwoByte[out_.opcode];
}

// VEX (C4, C5), EVEX (62) and XOP (8F with a map above 7).
std::uint8_t X86Decoder::form_of_vector(std::uint8_t byte) {
  out_.vector = true;
  out_.map = 1;
  const std::uint8_t first = next();
  if (byte == 0xc4 || byte == 0x8f) {
    out_.map = first & 0x1fU;
    next();
  } else if (byte == 0x62) {
    out_.map = first & 7U;
    next();
    next();
  }
  out_.opcode = next();
  switch (out_.map) {
    case 1:
      if (byte != 0x62 && out_.opcode == 0x77) return kPlain;  // VZEROUPPER
      return kModRm | (kTwoByte[out_.opcode] & kImm8);
    case 2:
    case 5:
    case 6:
    case 9:
      return kModRm;
    case 3:
    case 8:
      return kModRm | kImm8;
    case 10:
      operand16_ = false;
      return kModRm | kImm32;
    default:
      return kInvalid;
  }
}

void X86Decoder::read_modrm() {
  modrm_ = next();
  out_.reg = (modrm_ >> 3U) & 7U;
  const unsigned mode = modrm_ >> 6U;
  const unsigned base = modrm_ & 7U;
  // Moves of control and debug registers have no memory form.
  const bool registers =
      mode == 3 || (out_.map == 1 && !out_.vector && out_.opcode >= 0x20 && out_.opcode <= 0x23);
  if (registers) return;
  std::size_t size = 0;
  if (mode == 1) size = 1;
  if (mode == 2 || (mode == 0 && base == 5)) size = 4;
  if (base == 4) {
    const std::uint8_t scaled = next();
    if (mode == 0 && (scaled & 7U) == 5) size = 4;
  }
  out_.rip_relative = mode == 0 && base == 5 && !address32_;
  if (size != 0) out_.displacement = static_cast<std::int32_t>(number(size));
}

void X86Decoder::read_immediates(std::uint8_t form) {
  const std::size_t word = operand16_ && !wide_ ? 2 : 4;
  if ((form & kImm16) != 0) out_.immediate = number(2);
  if ((form & kImm8) != 0) out_.immediate = number(1);
  if ((form & kImm32) != 0) out_.immediate = number(word);
  if ((form & kImmFull) != 0) out_.immediate = number(wide_ ? 8 : word);
  if ((form & kRelative) != 0) out_.immediate = number(4);
  if ((form & kOffset) != 0) out_.immediate = number(address32_ ? 4 : 8);
  // TEST is the only one of its group that has an immediate.
  const bool test = !out_.vector && out_.map == 0 && (out_.opcode & 0xfeU) == 0xf6 && out_.reg < 2;
  if (test) out_.immediate = number(out_.opcode == 0xf6 ? 1 : word);
}

std::optional<X86Instruction> X86Decoder::decode() {
  const std::uint8_t byte = prefixes();
  if (failed_) return std::nullopt;
  const bool xop = byte == 0x8f && at_ < code_.size() && (code_[at_] & 0x1fU) >= 8;
  const bool vector = byte == 0xc4 || byte == 0xc5 || byte == 0x62 || xop;
  const std::uint8_t form = vector ? form_of_vector(byte) : form_of_legacy(byte);
  if (failed_ || (form & kInvalid) != 0) return std::nullopt;
  if ((form & kModRm) != 0) read_modrm();
  read_immediates(form);
  if (failed_) return std::nullopt;
  out_.length = static_cast<std::uint8_t>(at_);
  return out_;
}

std::uint64_t plus(std::uint64_t base, std::int64_t distance) {
  return base + static_cast<std::uint64_t>(distance);
}

// What a relative branch is; nothing for other instructions.
std::optional<Kind> branch_kind(const X86Instruction& instruction) {
  if (instruction.vector) return std::nullopt;
  const std::uint8_t opcode = instruction.opcode;
  if (instruction.map == 1)
    return opcode >= 0x80 && opcode <= 0x8f ? std::optional(Kind::kBranch) : std::nullopt;
  if (instruction.map != 0) return std::nullopt;
  if (opcode == 0xe8) return Kind::kCall;
  if (opcode == 0xe9 || opcode == 0xeb) return Kind::kJump;
  if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3))
    return Kind::kBranch;
  return std::nullopt;
}

// What an instruction does with its RIP-relative operand.
Kind operand_kind(const X86Instruction& instruction) {
  if (instruction.vector || instruction.map != 0) return Kind::kLoad;
  if (instruction.opcode == 0x8d) return Kind::kAddress;  // LEA
  if (instruction.opcode == 0xff && instruction.reg == 2) return Kind::kCallSlot;
  if (instruction.opcode == 0xff && instruction.reg == 4) return Kind::kJumpSlot;
  return Kind::kLoad;
}

}  // namespace

std::optional<X86Instruction> decode_x86_64(ByteSpan code) { return X86Decoder(code).decode(); }

void scan_x86_64(ByteSpan code, std::uint64_t address, NativeReferenceSink& sink) {
  for (std::size_t at = 0; at < code.size();) {
    const auto instruction = decode_x86_64(code.subspan(at));
    if (!instruction) {
      sink.add_undecoded(1);
      ++at;
      continue;
    }
    const std::uint64_t pc = address + at;
    const std::uint64_t next = pc + instruction->length;
    if (instruction->rip_relative)
      sink.add(pc, plus(next, instruction->displacement), operand_kind(*instruction));
    else if (const auto kind = branch_kind(*instruction))
      sink.add(pc, plus(next, instruction->immediate), *kind);
    at += instruction->length;
  }
}

}  // namespace dl::program
