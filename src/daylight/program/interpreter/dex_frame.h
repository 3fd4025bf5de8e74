// SPDX-License-Identifier: Apache-2.0
// A method as the closed box runs it: its decoded body, and the registers of one call.
// Internal to program/interpreter.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/program/interpreter/dex_interpreter.h"

namespace dl::program {

// Bytes that are moved for the price of one instruction.
inline constexpr std::uint64_t kBytesInStep = 16;

struct DexInterpreter::Body {
  DexCode code;
  std::vector<DexInstruction> instructions;
  std::vector<std::uint32_t> at;  // pc -> instruction
  std::vector<DexTry> tries;
  std::uint32_t dex = 0;
  std::size_t registers = 0;

  std::uint32_t instruction_at(std::uint32_t pc) const {
    return pc < at.size() ? at[pc] : kDexNoIndex;
  }
  // Where to go on when the instruction at `pc` throws; kDexNoPc: nowhere. The type of what was
  // thrown is not known: the first handler takes it.
  std::uint32_t handler_of(std::uint32_t pc) const {
    for (const DexTry& each : tries) {
      if (pc >= each.start && pc < each.end && !each.handlers.empty())
        return each.handlers.front().pc;
    }
    return kDexNoPc;
  }
};

struct DexInterpreter::Frame {
  const Body& body;
  MethodId method;
  std::vector<std::int64_t> registers;
  std::int64_t result = 0;  // of the last call, or the method's own
  std::uint32_t target = kDexNoPc;

  std::int64_t& reg(std::uint32_t index) { return registers[index]; }
};

}  // namespace dl::program
