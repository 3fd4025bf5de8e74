// SPDX-License-Identifier: Apache-2.0
// Reads x86-64 code for what it refers to: relative branches and RIP-relative operands.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapter 2
// (formats) and appendix A (opcode maps).
#pragma once

#include <cstdint>
#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/program/native_code/native_instructions.h"

namespace dl::program {

// What of an instruction matters here. `map` is 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3
// for 0F 3A, other numbers as VEX and EVEX count them.
struct X86Instruction {
  std::uint8_t length = 0;
  std::uint8_t map = 0;
  std::uint8_t opcode = 0;
  std::uint8_t reg = 0;           // the middle field of ModRM; 0 without
  bool vector = false;            // VEX, EVEX or XOP
  bool rip_relative = false;      // has an operand at RIP + displacement, 64 bits wide
  std::int32_t displacement = 0;  // sign-extended, 0 without
  std::int64_t immediate = 0;     // sign-extended, 0 without; of branches the distance
};

// The instruction at the start of `code` in 64-bit mode; nothing if the bytes are none or are cut.
// It knows lengths, not whether a processor has the instruction: some undefined ones pass.
std::optional<X86Instruction> decode_x86_64(ByteSpan code);

// Reads `code`, which lies at `address`, instruction by instruction from its first byte and tells
// `sink` every reference. A byte that begins no instruction is stepped over and counted as
// undecoded. Never reads outside of `code`.
void scan_x86_64(ByteSpan code, std::uint64_t address, NativeReferenceSink& sink);

}  // namespace dl::program
