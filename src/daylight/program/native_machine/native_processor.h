// SPDX-License-Identifier: Apache-2.0
// The registers of the closed box, and its two processors: one instruction at a time.
//
// Sources: Arm Architecture Reference Manual for A-profile (DDI 0487), chapters C4, C6 and C7;
// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "daylight/base/bytes.h"
#include "daylight/program/native_machine/native_memory.h"

namespace dl::program {

// 128 bits as lanes, the lowest first.
struct NativeVector {
  std::array<std::uint8_t, 16> bytes = {};

  template <typename T>
  T lane(std::size_t index) const {
    T value;
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
  }
  template <typename T>
  void set_lane(std::size_t index, T value) {
    std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof(T));
  }
  void clear_high() { set_lane<std::uint64_t>(1, 0); }
};

// A64: x0-x30 and the stack pointer as 31. x86-64: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8-r15.
struct NativeRegisters {
  std::array<std::uint64_t, 32> general = {};
  std::array<NativeVector, 32> vector = {};
  std::uint64_t pc = 0;
  std::uint64_t thread = 0;  // what TPIDR_EL0, or FS, points to
  bool negative = false;
  bool zero = false;
  bool carry = false;  // x86-64: set by a borrow; A64: cleared by one
  bool overflow = false;
};

enum class NativeOutcome : std::uint8_t {
  kDone,     // pc is that of the next one
  kUnknown,  // an instruction that the box does not know
  kFault,    // memory that is not there
};

// Runs the instruction at `word` or at the start of `code`. Integers, addresses, branches and the
// common integer operations on vectors; no floating point, no system.
NativeOutcome execute_arm64(NativeRegisters& registers, NativeMemory& memory, std::uint32_t word);
NativeOutcome execute_x86_64(NativeRegisters& registers, NativeMemory& memory, ByteSpan code);

// The part of the above for operations between vectors (A64: also to and from general registers).
// False for others.
bool execute_arm64_vector(NativeRegisters& registers, std::uint32_t word);
// `prefix` is 0, 0x66, 0xf2 or 0xf3; `map` and `opcode` as in X86Instruction. Changes `target`.
bool execute_x86_vector(unsigned prefix, unsigned map, unsigned opcode, std::uint8_t immediate,
                        const NativeVector& source, NativeVector& target);

}  // namespace dl::program
