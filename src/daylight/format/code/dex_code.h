// SPDX-License-Identifier: Apache-2.0
// Dalvik code: one method's registers, instructions, payloads and exception handlers, as views of
// the DEX bytes.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/code/dex_opcode.h"

namespace dl {

inline constexpr std::uint32_t kDexNoIndex = 0xffffffffU;
inline constexpr std::uint32_t kDexNoPc = 0xffffffffU;
// Handlers of one catch list (the format allows a size of 2^31).
inline constexpr std::uint32_t kMaxDexHandlers = 4096;

// One method's code item; ins <= registers. All views point into the DEX bytes.
struct DexCode {
  std::uint64_t offset = 0;  // of the code item, from the start of the file
  std::uint16_t registers = 0;
  // The last `ins` registers hold the arguments: `this` first, wide ones take two.
  std::uint16_t ins = 0;
  std::uint16_t outs = 0;
  std::uint16_t tries = 0;
  std::uint32_t debug_info_offset = 0;  // 0 if none
  std::uint32_t missing_units = 0;      // declared, but behind the end of the file
  ByteSpan instructions;                // 16-bit little-endian code units
  ByteSpan after;                       // the rest of the file behind them: try table and handlers

  std::uint32_t units() const { return static_cast<std::uint32_t>(instructions.size() / 2); }
};

// One decoded instruction, fields named as in the specification's formats.
// Which of them hold something follows from dex_opcode(opcode).format:
//  - a, b, c: registers (vA, vB, vC). 2addr ops: a is both destination and first source.
//  - literal: sign-extended constant of 11n 21s 31i 51l 22b 22s; of 21h already shifted (by 16, or
//    by 48 for const-wide/high16).
//  - index: into the table of dex_opcode(opcode).index_kind. proto_index: 45cc and 4rcc.
//  - target: absolute pc of a branch, or of the payload for switches and fill-array-data; kDexNoPc
//    if that is outside.
//  - argument registers: argument_count and argument(i) serve 35c, 3rc, 45cc and 4rcc alike.
struct DexInstruction {
  std::uint32_t pc = 0;    // in code units from the start of the method
  std::uint32_t size = 0;  // in code units; for a payload the size of the whole payload
  std::uint8_t opcode = 0;
  DexFormat format = DexFormat::k10x;  // kPayload: data, not an instruction (opcode is then kOpNop)
  std::uint16_t argument_count = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::int64_t literal = 0;
  std::uint32_t index = kDexNoIndex;
  std::uint32_t proto_index = kDexNoIndex;
  std::uint32_t target = kDexNoPc;
  std::array<std::uint16_t, 5> listed{};  // 35c, 45cc

  const DexOpcode& info() const { return dex_opcode(opcode); }
  bool is_payload() const { return format == DexFormat::kPayload; }
  bool is_range() const { return format == DexFormat::k3rc || format == DexFormat::k4rcc; }
  // The register of argument i < argument_count; wide arguments take two entries, as in the
  // bytecode.
  std::uint32_t argument(std::uint32_t i) const { return is_range() ? c + i : listed[i % 5]; }
};

// Walks a method's instructions in order of address. Never reads outside; not thread safe, but
// cheap to make.
//   DexInstructionReader reader(code);
//   DexInstruction instruction;
//   while (reader.next(instruction)) { ... }
//   if (!reader.complete()) gap(reader.problem());
class DexInstructionReader {
 public:
  explicit DexInstructionReader(const DexCode& code) : DexInstructionReader(code, 0) {}
  // Starts at `pc` (for instance a branch target).
  DexInstructionReader(const DexCode& code, std::uint32_t pc)
      : units_(code.instructions), missing_units_(code.missing_units), pc_(pc) {}

  // The next instruction or payload; false at the end, or at bytes that are no instruction:
  // complete() tells which.
  bool next(DexInstruction& out);
  bool complete() const { return problem_ == nullptr; }
  // Why decoding stopped early, with the pc: "unknown opcode 0xe3 at 0x0012". Empty if it did not.
  std::string problem() const;
  std::uint32_t pc() const { return pc_; }

 private:
  bool stop(const char* why);

  bool decode_payload(DexInstruction& out, std::uint16_t ident);

  ByteSpan units_;
  std::uint32_t missing_units_ = 0;
  std::uint32_t pc_ = 0;
  const char* problem_ = nullptr;
};

// The instruction at `pc`, or kCorrupt.
Result<DexInstruction> decode_dex_instruction(const DexCode& code, std::uint32_t pc);

// packed-switch and sparse-switch alike: (key, absolute pc) in the order of the payload. A target
// outside the code is kDexNoPc.
struct DexSwitch {
  std::vector<std::pair<std::int32_t, std::uint32_t>> cases;
};
// Of an instruction with kDexSwitch. kCorrupt if the payload is absent, of the other kind, or does
// not fit.
Result<DexSwitch> dex_switch(const DexCode& code, const DexInstruction& instruction);

// fill-array-data: `count` little-endian elements of `width` bytes (1, 2, 4 or 8).
struct DexArrayData {
  std::uint16_t width = 0;
  std::uint32_t count = 0;
  ByteSpan data;  // exactly width * count bytes
};
// Of an instruction with kDexArrayData. kCorrupt if the payload is absent or does not fit.
Result<DexArrayData> dex_array_data(const DexCode& code, const DexInstruction& instruction);

struct DexHandler {
  std::uint32_t type = kDexNoIndex;  // type index; kDexNoIndex: catches everything
  std::uint32_t pc = 0;
};
// Instructions with start <= pc < end go to the first handler whose type fits.
struct DexTry {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
  std::vector<DexHandler> handlers;
};
// The try table, in its own order. Ranges and handlers outside the code are dropped with one line
// in `problems` each.
std::vector<DexTry> dex_tries(const DexCode& code, std::vector<std::string>* problems = nullptr);

// Addresses that code can jump to (branches, cases, handlers): what a register held in the line
// before says nothing there. May hold addresses outside of the code.
std::set<std::uint32_t> dex_jump_targets(const DexCode& code);

}  // namespace dl
