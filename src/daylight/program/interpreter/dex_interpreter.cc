// SPDX-License-Identifier: Apache-2.0
// The instructions of the closed box, group by group, and its limits.
#include "daylight/program/interpreter/dex_interpreter.h"

#include <utility>

#include "daylight/program/interpreter/dex_frame.h"
#include "daylight/program/interpreter/dex_numbers.h"

namespace dl::program {

DexInterpreter::DexInterpreter(const ClassIndex& index, const RunWorld& world,
                               const RunLimits& limits)
    : index_(index), world_(world), limits_(limits), objects_(1) {}
DexInterpreter::~DexInterpreter() = default;

bool DexInterpreter::spend(std::uint64_t steps) {
  steps_ += steps;
  if (steps_ > limits_.steps) exhausted_ = true;
  return !exhausted_;
}

DexInterpreter::Step DexInterpreter::step(Frame& frame, const DexInstruction& i) {
  const std::uint8_t op = i.opcode;
  if (op >= kOpMove && op <= kOpMoveObject16) {
    frame.reg(i.a) = frame.reg(i.b);
    return Step::kNext;
  }
  if (op >= kOpConst4 && op <= kOpConstWideHigh16) {
    frame.reg(i.a) = i.literal;
    return Step::kNext;
  }
  if (op >= kOpNegInt && op <= kOpIntToShort) {
    frame.reg(i.a) = dex_conversion(op, frame.reg(i.b));
    return Step::kNext;
  }
  if (op >= kOpAddInt && op <= kOpUshrIntLit8) return step_number(frame, i);
  if (op >= kOpAget && op <= kOpAputShort) return step_array(frame, i);
  if (op >= kOpIget && op <= kOpSputShort) return step_field(frame, i);
  if (op >= kOpGoto && op <= kOpIfLez) return step_branch(frame, i);
  if ((i.info().flags & kDexInvoke) != 0) return invoke(frame, i);
  return step_other(frame, i);
}

// What stands alone: results, returns, texts, throwing; the rest is about objects.
DexInterpreter::Step DexInterpreter::step_other(Frame& frame, const DexInstruction& i) {
  switch (i.opcode) {
    case kOpMoveResult:
    case kOpMoveResultWide:
    case kOpMoveResultObject:
    case kOpMoveException:
      frame.reg(i.a) = frame.result;
      return Step::kNext;
    case kOpReturn:
    case kOpReturnWide:
    case kOpReturnObject:
      frame.result = frame.reg(i.a);
      return Step::kReturn;
    case kOpReturnVoid:
      return Step::kReturn;
    case kOpConstString:
    case kOpConstStringJumbo: {
      RunRef& known = literals_[(std::uint64_t{frame.body.dex} << 32U) | i.index];
      if (known == 0) known = text(index_.files()[frame.body.dex].string(i.index));
      frame.reg(i.a) = known;
      return Step::kNext;
    }
    case kOpThrow:
      return Step::kThrow;
    default:
      return step_object(frame, i);
  }
}

DexInterpreter::Step DexInterpreter::step_number(Frame& frame, const DexInstruction& i) {
  const auto value = [&] {
    if (i.opcode >= kOpAddIntLit16)
      return dex_arithmetic_with_literal(i.opcode, frame.reg(i.b), i.literal);
    if (i.opcode >= kOpAddInt2addr)
      return dex_arithmetic_in_place(i.opcode, frame.reg(i.a), frame.reg(i.b));
    return dex_arithmetic(i.opcode, frame.reg(i.b), frame.reg(i.c));
  }();
  if (!value) return Step::kThrow;
  frame.reg(i.a) = *value;
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_branch(Frame& frame, const DexInstruction& i) {
  const std::uint8_t op = i.opcode;
  frame.target = i.target;
  if (op <= kOpGoto32) return Step::kJump;
  if (op <= kOpSparseSwitch) return step_switch(frame, i);
  if (op <= kOpCmpLong) {
    frame.reg(i.a) = dex_comparison(op, frame.reg(i.b), frame.reg(i.c));
    return Step::kNext;
  }
  const std::int64_t second = op >= kOpIfEqz ? 0 : frame.reg(i.b);
  return dex_branch_holds(op, frame.reg(i.a), second) ? Step::kJump : Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_switch(Frame& frame, const DexInstruction& i) {
  const auto table = dex_switch(frame.body.code, i);
  if (!table) return Step::kThrow;
  spend(table->cases.size() / 4);
  for (const auto& [key, pc] : table->cases) {
    if (key != low(frame.reg(i.a))) continue;
    frame.target = pc;
    return Step::kJump;
  }
  return Step::kNext;
}

}  // namespace dl::program
