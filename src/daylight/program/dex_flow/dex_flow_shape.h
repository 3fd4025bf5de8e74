// SPDX-License-Identifier: Apache-2.0
// One method's control flow: instructions by address, blocks, where branches meet again, loops,
// handlers.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/code/dex.h"

namespace dl::program {

// Instructions of a method that the interpreter accepts; a longer one is called without being
// looked into.
inline constexpr std::size_t kMaxFlowMethodInstructions = 20000;

// A natural loop: all ways back to its head. Sorted blocks.
struct FlowLoopShape {
  std::uint32_t head = 0;    // block
  std::vector<bool> inside;  // by block
};

struct FlowBlock {
  std::uint32_t first = 0;  // instruction index
  std::uint32_t last = 0;   // instruction index, inclusive
  std::vector<std::uint32_t> successors;
  std::uint32_t meet = kDexNoIndex;  // the block where all ways from here that return meet first
  std::uint32_t loop = kDexNoIndex;  // index in FlowShape::loops whose head this is
};

struct FlowShape {
  DexCode code;
  std::vector<DexInstruction> instructions;   // payloads left out
  std::vector<std::uint32_t> instruction_at;  // pc -> instruction index, kDexNoIndex in between
  std::vector<std::uint32_t> block_of;        // instruction index -> block
  std::vector<FlowBlock> blocks;
  std::vector<FlowLoopShape> loops;
  std::vector<DexTry> tries;

  // kCorrupt where the code does not decode or a branch leads nowhere, kLimit where it is too long.
  static Result<FlowShape> build(const DexFile& dex, const DexMethod& method);

  // Whether every way once around the loop passes the block.
  bool in_every_round(const FlowLoopShape& loop, std::uint32_t block) const;

  // The block that starts at a pc.
  std::uint32_t block_at(std::uint32_t pc) const {
    if (pc >= instruction_at.size() || instruction_at[pc] == kDexNoIndex) return kDexNoIndex;
    return block_of[instruction_at[pc]];
  }
};

}  // namespace dl::program
