// SPDX-License-Identifier: Apache-2.0
// Blocks, dominators, post-dominators and natural loops of one method.
#include "daylight/program/dex_flow/dex_flow_shape.h"

#include <algorithm>

namespace dl::program {
namespace {

constexpr std::uint32_t kNone = kDexNoIndex;

// Immediate dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
// `order` is a reverse postorder that starts with the root; the result maps each node to its
// immediate dominator, kNone where unreachable.
std::vector<std::uint32_t> immediate_dominators(
    const std::vector<std::vector<std::uint32_t>>& predecessors,
    const std::vector<std::uint32_t>& order) {
  std::vector<std::uint32_t> position(predecessors.size(), kNone);
  for (std::uint32_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  std::vector<std::uint32_t> dominator(predecessors.size(), kNone);
  if (order.empty()) return dominator;
  dominator[order[0]] = order[0];
  const auto intersect = [&](std::uint32_t a, std::uint32_t b) {
    while (a != b) {
      while (position[a] > position[b]) a = dominator[a];
      while (position[b] > position[a]) b = dominator[b];
    }
    return a;
  };
  bool changed = true;
  while (changed) {
    changed = false;
    for (std::size_t i = 1; i < order.size(); ++i) {
      const std::uint32_t node = order[i];
      std::uint32_t chosen = kNone;
      for (const std::uint32_t before : predecessors[node]) {
        if (position[before] == kNone || dominator[before] == kNone) continue;
        chosen = chosen == kNone ? before : intersect(before, chosen);
      }
      if (chosen != kNone && dominator[node] != chosen) {
        dominator[node] = chosen;
        changed = true;
      }
    }
  }
  return dominator;
}

std::vector<std::uint32_t> reverse_postorder(
    const std::vector<std::vector<std::uint32_t>>& successors, std::uint32_t root) {
  std::vector<std::uint32_t> order;
  std::vector<std::uint8_t> state(successors.size(), 0);
  std::vector<std::pair<std::uint32_t, std::size_t>> stack{{root, 0}};
  state[root] = 1;
  while (!stack.empty()) {
    auto& [node, next] = stack.back();
    if (next < successors[node].size()) {
      const std::uint32_t to = successors[node][next++];
      if (state[to] == 0) {
        state[to] = 1;
        stack.emplace_back(to, 0);
      }
    } else {
      order.push_back(node);
      stack.pop_back();
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

std::vector<std::vector<std::uint32_t>> reversed(
    const std::vector<std::vector<std::uint32_t>>& edges) {
  std::vector<std::vector<std::uint32_t>> result(edges.size());
  for (std::uint32_t from = 0; from < edges.size(); ++from) {
    for (const std::uint32_t to : edges[from]) result[to].push_back(from);
  }
  return result;
}

// Registers that an instruction names, by its format: how many of a, b and c.
int named_registers(DexFormat format) {
  switch (format) {
    case DexFormat::k12x:
    case DexFormat::k22x:
    case DexFormat::k32x:
    case DexFormat::k22t:
    case DexFormat::k22s:
    case DexFormat::k22b:
    case DexFormat::k22c:
      return 2;
    case DexFormat::k11n:
    case DexFormat::k11x:
    case DexFormat::k21t:
    case DexFormat::k21s:
    case DexFormat::k21h:
    case DexFormat::k21c:
    case DexFormat::k31i:
    case DexFormat::k31t:
    case DexFormat::k31c:
    case DexFormat::k51l:
      return 1;
    case DexFormat::k23x:
      return 3;
    default:
      return 0;
  }
}

// Android's verifier refuses code that names registers which the method does not have; the
// interpreter relies on it.
bool registers_exist(const DexInstruction& instruction, std::uint32_t count) {
  const int named = named_registers(instruction.format);
  const std::uint32_t pair = (instruction.info().flags & kDexWide) != 0 ? 1 : 0;
  if (named >= 1 && std::uint64_t{instruction.a} + pair >= count) return false;
  if (named >= 2 && instruction.b >= count) return false;
  if (named >= 3 && instruction.c >= count) return false;
  for (std::uint32_t i = 0; i < instruction.argument_count; ++i) {
    if (instruction.argument(i) >= count) return false;
  }
  return true;
}

Result<void> read_instructions(const DexFile& dex, FlowShape& shape) {
  DexInstructionReader reader(shape.code);
  DexInstruction instruction;
  shape.instruction_at.assign(shape.code.units() + 1, kNone);
  while (reader.next(instruction)) {
    if (instruction.is_payload()) continue;
    if (!registers_exist(instruction, shape.code.registers)) {
      return fail(ErrorCode::kCorrupt,
                  "an instruction names a register that the method does not have", dex.name());
    }
    if (shape.instructions.size() >= kMaxFlowMethodInstructions)
      return fail(ErrorCode::kLimit, "method too long", dex.name());
    shape.instruction_at[instruction.pc] = static_cast<std::uint32_t>(shape.instructions.size());
    shape.instructions.push_back(instruction);
  }
  if (!reader.complete()) return fail(ErrorCode::kCorrupt, reader.problem(), dex.name());
  if (shape.instructions.empty()) return fail(ErrorCode::kCorrupt, "no instructions", dex.name());
  return {};
}

void find_loops(FlowShape& shape, const std::vector<std::uint32_t>& dominator, std::uint32_t entry,
                const std::vector<std::vector<std::uint32_t>>& predecessors) {
  const auto dominates = [&](std::uint32_t a, std::uint32_t b) {
    while (b != a) {
      if (dominator[b] == kNone || dominator[b] == b || b == entry) return false;
      b = dominator[b];
    }
    return true;
  };
  for (std::uint32_t from = 0; from < shape.blocks.size(); ++from) {
    if (dominator[from] == kNone) continue;
    for (const std::uint32_t head : shape.blocks[from].successors) {
      if (!dominates(head, from)) continue;
      FlowBlock& block = shape.blocks[head];
      if (block.loop == kNone) {
        block.loop = static_cast<std::uint32_t>(shape.loops.size());
        shape.loops.push_back({head, std::vector<bool>(shape.blocks.size(), false)});
        shape.loops.back().inside[head] = true;
      }
      std::vector<bool>& inside = shape.loops[block.loop].inside;
      std::vector<std::uint32_t> waiting{from};
      while (!waiting.empty()) {
        const std::uint32_t next = waiting.back();
        waiting.pop_back();
        if (next >= inside.size() || inside[next]) continue;
        inside[next] = true;
        for (const std::uint32_t before : predecessors[next]) waiting.push_back(before);
      }
    }
  }
}

}  // namespace

Result<FlowShape> FlowShape::build(const DexFile& dex, const DexMethod& method) {
  FlowShape shape;
  shape.code = TRY(dex.code(method));
  TRY_VOID(read_instructions(dex, shape));
  shape.tries = dex_tries(shape.code);
  const auto count = static_cast<std::uint32_t>(shape.instructions.size());

  // Where each instruction may go, and which ones start a block.
  std::vector<std::vector<std::uint32_t>> targets(count);
  std::vector<bool> starts(count, false);
  starts[0] = true;
  const auto instruction_at = [&](std::uint32_t pc) {
    return pc < shape.instruction_at.size() ? shape.instruction_at[pc] : kNone;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const DexInstruction& instruction = shape.instructions[i];
    const std::uint16_t flags = instruction.info().flags;
    const bool branches = (flags & (kDexBranch | kDexSwitch | kDexReturn | kDexThrow)) != 0;
    const auto go = [&](std::uint32_t pc) {
      const std::uint32_t to = instruction_at(pc);
      if (to == kNone) return false;
      if (std::find(targets[i].begin(), targets[i].end(), to) == targets[i].end())
        targets[i].push_back(to);
      if (branches) starts[to] = true;
      return true;
    };
    // The padding before a payload continues into data: nothing reaches it.
    if ((flags & kDexContinues) != 0 && !go(instruction.pc + instruction.size) &&
        instruction.opcode != kOpNop) {
      return fail(ErrorCode::kCorrupt, "code runs off its end", dex.name());
    }
    if ((flags & kDexBranch) != 0 && !go(instruction.target)) {
      return fail(ErrorCode::kCorrupt, "branch into nowhere", dex.name());
    }
    if ((flags & kDexSwitch) != 0) {
      const DexSwitch table = TRY(dex_switch(shape.code, instruction));
      for (const auto& [key, pc] : table.cases) {
        if (!go(pc)) return fail(ErrorCode::kCorrupt, "switch into nowhere", dex.name());
      }
    }
    if (branches && i + 1 < count) starts[i + 1] = true;
  }
  for (const DexTry& region : shape.tries) {
    for (const DexHandler& handler : region.handlers) {
      const std::uint32_t to = instruction_at(handler.pc);
      if (to != kNone) starts[to] = true;
    }
  }

  shape.block_of.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (starts[i]) {
      shape.blocks.emplace_back();
      shape.blocks.back().first = i;
    }
    shape.blocks.back().last = i;
    shape.block_of[i] = static_cast<std::uint32_t>(shape.blocks.size() - 1);
  }
  const auto blocks = static_cast<std::uint32_t>(shape.blocks.size());
  for (FlowBlock& block : shape.blocks) {
    for (const std::uint32_t to : targets[block.last]) {
      const std::uint32_t block_to = shape.block_of[to];
      if (std::find(block.successors.begin(), block.successors.end(), block_to) ==
          block.successors.end()) {
        block.successors.push_back(block_to);
      }
    }
  }

  // Forwards: one root above the entry and all handlers.
  std::vector<std::vector<std::uint32_t>> forward(blocks + 1);
  for (std::uint32_t i = 0; i < blocks; ++i) forward[i] = shape.blocks[i].successors;
  forward[blocks].push_back(0);
  for (const DexTry& region : shape.tries) {
    for (const DexHandler& handler : region.handlers) {
      const std::uint32_t block = shape.block_at(handler.pc);
      if (block != kNone) forward[blocks].push_back(block);
    }
  }
  const auto backward = reversed(forward);
  const auto dominator = immediate_dominators(backward, reverse_postorder(forward, blocks));
  find_loops(shape, dominator, blocks, backward);

  // Backwards from the returns only: a way that ends in a throw meets nothing.
  std::vector<std::vector<std::uint32_t>> from_exit(blocks + 1);
  for (std::uint32_t i = 0; i < blocks; ++i) {
    for (const std::uint32_t to : shape.blocks[i].successors) from_exit[to].push_back(i);
    if ((shape.instructions[shape.blocks[i].last].info().flags & kDexReturn) != 0)
      from_exit[blocks].push_back(i);
  }
  const auto order = reverse_postorder(from_exit, blocks);
  const auto meeting = immediate_dominators(reversed(from_exit), order);
  for (std::uint32_t i = 0; i < blocks; ++i) {
    if (meeting[i] != kNone && meeting[i] != blocks && meeting[i] != i)
      shape.blocks[i].meet = meeting[i];
  }
  return shape;
}

bool FlowShape::in_every_round(const FlowLoopShape& loop, std::uint32_t block) const {
  if (block == loop.head) return true;
  std::vector<bool> seen(blocks.size(), false);
  std::vector<std::uint32_t> waiting{loop.head};
  while (!waiting.empty()) {
    const std::uint32_t at = waiting.back();
    waiting.pop_back();
    for (const std::uint32_t next : blocks[at].successors) {
      if (next == loop.head) return false;
      if (next >= blocks.size() || next == block || seen[next] || !loop.inside[next]) continue;
      seen[next] = true;
      waiting.push_back(next);
    }
  }
  return true;
}

}  // namespace dl::program
