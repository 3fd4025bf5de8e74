// SPDX-License-Identifier: Apache-2.0
// Looks for the three marks of such a loop in the order of the instructions.
#include "daylight/program/native_machine/native_xor_loops.h"

#include <cstring>
#include <optional>

#include "daylight/program/native_code/native_decode_x86.h"

namespace dl::program {
namespace {

// What was seen so far in one function.
struct Seen {
  std::vector<std::uint64_t> mixes;   // exclusive ors
  std::vector<std::uint64_t> stores;  // ascending, as the others

  // The exclusive or of the loop from `begin` to `end`.
  std::optional<std::uint64_t> mix_of_loop(std::uint64_t begin, std::uint64_t end) const {
    const bool stored = !stores.empty() && stores.back() >= begin && stores.back() <= end;
    if (!stored || mixes.empty() || mixes.back() < begin) return std::nullopt;
    return mixes.back();
  }
};

std::uint64_t signed_bits(std::uint32_t word, unsigned low, unsigned width) {
  const std::uint64_t raw = (word >> low) & ((std::uint64_t{1} << width) - 1);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  return (raw ^ sign) - sign;
}

bool arm64_mixes(std::uint32_t word) {
  const bool registers = (word & 0x7f200000U) == 0x4a000000U;  // EOR (shifted register)
  const bool vectors = (word & 0xbfe0fc00U) == 0x2e201c00U;    // EOR (vector)
  if (registers || vectors) return ((word >> 5U) & 31U) != ((word >> 16U) & 31U);
  return (word & 0x7f800000U) == 0x52000000U;  // EOR (immediate)
}

bool arm64_stores(std::uint32_t word) {
  if ((word & 0x0a000000U) != 0x08000000U) return false;
  const bool pair = (word & 0x3a000000U) == 0x28000000U;
  const bool single = (word & 0x3a000000U) == 0x38000000U;
  const bool structure = (word & 0xbe000000U) == 0x0c000000U;
  if (single) return (word & 0xc00000U) == 0 || (word & 0x4c00000U) == 0x4800000U;
  return (pair || structure) && (word & 0x400000U) == 0;
}

// The target of a branch that stays in the function, conditional or not.
std::optional<std::uint64_t> arm64_branch(std::uint32_t word, std::uint64_t pc) {
  if ((word & 0xfc000000U) == 0x14000000U) return pc + signed_bits(word, 0, 26) * 4;
  if ((word & 0x7e000000U) == 0x34000000U || (word & 0xff000000U) == 0x54000000U)
    return pc + signed_bits(word, 5, 19) * 4;
  if ((word & 0x7e000000U) == 0x36000000U) return pc + signed_bits(word, 5, 14) * 4;
  return std::nullopt;
}

std::optional<std::uint64_t> loop_of_arm64(ByteSpan code, std::uint64_t address) {
  Seen seen;
  for (std::size_t at = 0; at + 4 <= code.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, code.data() + at, sizeof word);
    const std::uint64_t pc = address + at;
    if (arm64_mixes(word)) seen.mixes.push_back(pc);
    if (arm64_stores(word)) seen.stores.push_back(pc);
    const auto target = arm64_branch(word, pc);
    if (!target || *target > pc || *target < address) continue;
    if (const auto mix = seen.mix_of_loop(*target, pc)) return mix;
  }
  return std::nullopt;
}

// Whether the instruction, which ends with its ModRM byte, has one register twice: a zero.
bool same_register(ByteSpan instruction) {
  const unsigned modrm = instruction.back();
  if ((modrm >> 6U) != 3 || ((modrm >> 3U) & 7U) != (modrm & 7U)) return false;
  for (const std::uint8_t byte : instruction) {
    if ((byte & 0xf0U) == 0x40) return ((byte >> 2U) & 1U) == (byte & 1U);
    if (byte != 0x66) break;
  }
  return true;
}

bool x86_mixes(const X86Instruction& in, ByteSpan instruction) {
  if (in.map == 0) {
    if (in.opcode >= 0x30 && in.opcode <= 0x33) return !same_register(instruction);
    if (in.opcode == 0x34 || in.opcode == 0x35) return true;
    return (in.opcode == 0x80 || in.opcode == 0x81 || in.opcode == 0x83) && in.reg == 6;
  }
  const bool vectors = in.map == 1 && (in.opcode == 0xef || in.opcode == 0x57);
  return vectors && !same_register(instruction);
}

// Stores of registers; what reads and writes memory at once.
bool x86_stores(const X86Instruction& in, ByteSpan instruction) {
  const std::uint8_t op = in.opcode;
  if (in.map == 1) return op == 0x11 || op == 0x29 || op == 0x7f || op == 0xd6 || op == 0x7e;
  const bool register_form = (instruction.back() >> 6U) == 3;
  if (op == 0x88 || op == 0x89) return !register_form;
  return in.map == 0 && (op == 0x30 || op == 0x31 || op == 0x80 || op == 0x81 || op == 0x83);
}

std::optional<std::uint64_t> loop_of_x86_64(ByteSpan code, std::uint64_t address) {
  Seen seen;
  for (std::size_t at = 0; at < code.size();) {
    const auto in = decode_x86_64(code.subspan(at));
    if (!in) {
      ++at;
      continue;
    }
    const std::uint64_t pc = address + at;
    const ByteSpan bytes = code.subspan(at, in->length);
    at += in->length;
    if (in->vector) continue;
    if (x86_mixes(*in, bytes)) seen.mixes.push_back(pc);
    if (x86_stores(*in, bytes)) seen.stores.push_back(pc);
    const bool conditional = (in->map == 0 && in->opcode >= 0x70 && in->opcode <= 0x7f) ||
                             (in->map == 1 && in->opcode >= 0x80 && in->opcode <= 0x8f);
    const bool jump = in->map == 0 && (in->opcode == 0xe9 || in->opcode == 0xeb);
    if (!conditional && !jump) continue;
    const std::uint64_t target = address + at + static_cast<std::uint64_t>(in->immediate);
    if (target > pc || target < address) continue;
    if (const auto mix = seen.mix_of_loop(target, pc)) return mix;
  }
  return std::nullopt;
}

}  // namespace

std::vector<NativeXorLoop> find_xor_loops(const NativeCode& code) {
  std::vector<NativeXorLoop> out;
  const bool arm = code.elf().machine() == ElfMachine::kArm64;
  const auto functions = code.functions().all();
  for (FunctionId id = 0; id < functions.size() && out.size() < kMaxXorLoops; ++id) {
    const NativeFunction& function = functions[id];
    if (function.is_stub() || function.size == 0 || function.size > kMaxXorFunctionSize) continue;
    const auto bytes = code.elf().at_address(function.address, function.size);
    if (!bytes) continue;
    const auto at =
        arm ? loop_of_arm64(*bytes, function.address) : loop_of_x86_64(*bytes, function.address);
    if (at) out.push_back({id, *at});
  }
  return out;
}

}  // namespace dl::program
