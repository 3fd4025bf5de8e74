// SPDX-License-Identifier: Apache-2.0
// What each Dalvik instruction does to the registers and the heap.
#include "daylight/program/dex_flow/dex_flow_machine.h"

namespace dl::program {
namespace {

struct Arithmetic {
  FlowOp op;
  char type;  // I J F D
};

// The operation of binop opcodes 0x90-0xaf (and their 2addr forms 0xb0-0xcf, 0x20 higher). kLinear:
// addition; kNot: subtraction.
Arithmetic arithmetic(std::uint8_t opcode) {
  static constexpr FlowOp kIntegerOps[] = {
      FlowOp::kLinear, FlowOp::kNot, FlowOp::kMul, FlowOp::kDiv, FlowOp::kRem, FlowOp::kAnd,
      FlowOp::kOr,     FlowOp::kXor, FlowOp::kShl, FlowOp::kShr, FlowOp::kUshr};
  static constexpr FlowOp kRealOps[] = {FlowOp::kFAdd, FlowOp::kFSub, FlowOp::kFMul, FlowOp::kFDiv,
                                        FlowOp::kFRem};
  if (opcode <= kOpUshrInt) return {kIntegerOps[opcode - kOpAddInt], 'I'};
  if (opcode <= kOpUshrLong) return {kIntegerOps[opcode - kOpAddLong], 'J'};
  if (opcode <= kOpRemFloat) return {kRealOps[opcode - kOpAddFloat], 'F'};
  return {kRealOps[opcode - kOpAddDouble], 'D'};
}

}  // namespace

bool FlowMachine::step_arithmetic(const DexInstruction& instruction, FlowState& state, SiteId at) {
  auto& regs = state.registers;
  const std::uint8_t opcode = instruction.opcode;
  const auto integers = [&](FlowOp op, NodeId a, NodeId b) {
    a = graph_->as_integer(a);
    b = graph_->as_integer(b);
    if (op == FlowOp::kLinear) return graph_->add(a, b, at);
    if (op == FlowOp::kNot) return graph_->subtract(a, b, at);
    return graph_->integer_op(op, a, b, at);
  };
  if (opcode >= kOpAddInt && opcode <= kOpRemDouble2addr) {
    const bool two = opcode >= kOpAddInt2addr;
    const Arithmetic what = arithmetic(two ? static_cast<std::uint8_t>(opcode - 0x20) : opcode);
    const NodeId left = regs[two ? instruction.a : instruction.b];
    const NodeId right = regs[two ? instruction.b : instruction.c];
    regs[instruction.a] = what.type == 'I' || what.type == 'J'
                              ? integers(what.op, left, right)
                              : graph_->real_op(what.op, left, right, what.type == 'D', at);
    return true;
  }
  if (opcode >= kOpAddIntLit16 && opcode <= kOpUshrIntLit8) {
    static constexpr FlowOp kOps[] = {FlowOp::kLinear, FlowOp::kNot, FlowOp::kMul, FlowOp::kDiv,
                                      FlowOp::kRem,    FlowOp::kAnd, FlowOp::kOr,  FlowOp::kXor,
                                      FlowOp::kShl,    FlowOp::kShr, FlowOp::kUshr};
    const FlowOp op =
        opcode <= kOpXorIntLit16 ? kOps[opcode - kOpAddIntLit16] : kOps[opcode - kOpAddIntLit8];
    const NodeId value = graph_->as_integer(regs[instruction.b]);
    const NodeId literal = graph_->integer(instruction.literal, at);
    regs[instruction.a] =
        op == FlowOp::kNot ? graph_->subtract(literal, value, at) : integers(op, value, literal);
    return true;
  }
  const NodeId value = regs[instruction.b];
  switch (opcode) {
    case kOpNegInt:
    case kOpNegLong:
      regs[instruction.a] = graph_->scale(graph_->as_integer(value), -1, at);
      return true;
    case kOpNotInt:
    case kOpNotLong:
      regs[instruction.a] = graph_->subtract(graph_->integer(-1), graph_->as_integer(value), at);
      return true;
    case kOpNegFloat:
    case kOpNegDouble:
      regs[instruction.a] =
          graph_->real_op(FlowOp::kFNeg, value, kNoNode, opcode == kOpNegDouble, at);
      return true;
    case kOpIntToLong:
    case kOpLongToInt:
      regs[instruction.a] = graph_->as_integer(value);
      return true;
    case kOpIntToFloat:
    case kOpLongToFloat:
      regs[instruction.a] = graph_->convert(FlowOp::kIntToFloat, value, false, at);
      return true;
    case kOpIntToDouble:
    case kOpLongToDouble:
      regs[instruction.a] = graph_->convert(FlowOp::kIntToFloat, value, true, at);
      return true;
    case kOpFloatToInt:
    case kOpFloatToLong:
      regs[instruction.a] = graph_->convert(FlowOp::kFloatToInt, value, false, at);
      return true;
    case kOpDoubleToInt:
    case kOpDoubleToLong:
      regs[instruction.a] = graph_->convert(FlowOp::kFloatToInt, value, true, at);
      return true;
    case kOpFloatToDouble:
      regs[instruction.a] = graph_->as_real(value, false);
      return true;
    case kOpDoubleToFloat: {
      const NodeId real = graph_->as_real(value, true);
      const auto constant = graph_->constant_real(real);
      regs[instruction.a] = constant
                                ? graph_->real(static_cast<double>(static_cast<float>(*constant)),
                                               false, graph_->at(real).site)
                                : real;
      return true;
    }
    case kOpIntToByte:
      regs[instruction.a] = graph_->convert(FlowOp::kIntToByte, value, false, at);
      return true;
    case kOpIntToChar:
      regs[instruction.a] = graph_->convert(FlowOp::kIntToChar, value, false, at);
      return true;
    case kOpIntToShort:
      regs[instruction.a] = graph_->convert(FlowOp::kIntToShort, value, false, at);
      return true;
    default:
      return false;
  }
}

NodeId FlowMachine::branch_condition(const DexInstruction& instruction, FlowState& state,
                                     SiteId at) {
  using Relation = FlowGraph::Relation;
  static constexpr Relation kRelations[] = {Relation::kEq, Relation::kNe, Relation::kLt,
                                            Relation::kGe, Relation::kGt, Relation::kLe};
  const std::uint8_t opcode = instruction.opcode;
  if (opcode >= kOpIfEqz) {
    return graph_->relate(kRelations[opcode - kOpIfEqz], state.registers[instruction.a],
                          graph_->bits(0, kNoSite), at);
  }
  return graph_->relate(kRelations[opcode - kOpIfEq], state.registers[instruction.a],
                        state.registers[instruction.b], at);
}

bool FlowMachine::step(FlowFrame& frame, const DexInstruction& instruction, FlowState& state) {
  auto& regs = state.registers;
  const DexFile& dex = index().files()[frame.dex];
  const std::uint16_t flags = instruction.info().flags;
  if ((flags & kDexInvoke) != 0) return invoke(frame, instruction, state);
  const bool plain = (flags & (kDexBranch | kDexSwitch)) != 0 || instruction.opcode == kOpNop;
  if (plain) return true;
  const SiteId at = site(frame, instruction);
  switch (instruction.opcode) {
    case kOpMove:
    case kOpMoveFrom16:
    case kOpMove16:
    case kOpMoveWide:
    case kOpMoveWideFrom16:
    case kOpMoveWide16:
    case kOpMoveObject:
    case kOpMoveObjectFrom16:
    case kOpMoveObject16:
      regs[instruction.a] = regs[instruction.b];
      return true;
    case kOpMoveResult:
    case kOpMoveResultWide:
    case kOpMoveResultObject:
    case kOpMoveException:
      regs[instruction.a] =
          state.result != kNoNode ? state.result : graph_->unknown("result", {}, at);
      return true;
    case kOpConst4:
    case kOpConst16:
    case kOpConst:
    case kOpConstHigh16:
    case kOpConstWide16:
    case kOpConstWide32:
    case kOpConstWide:
    case kOpConstWideHigh16:
      regs[instruction.a] = graph_->bits(instruction.literal, at);
      return true;
    case kOpConstString:
    case kOpConstStringJumbo:
      regs[instruction.a] = graph_->string(dex.string(instruction.index), at);
      return true;
    case kOpConstClass:
      regs[instruction.a] = graph_->class_constant(dex.type_descriptor(instruction.index), at);
      return true;
    case kOpMonitorEnter:
    case kOpMonitorExit:
      return true;
    case kOpCheckCast: {
      // A value of unknown class is known better behind a cast.
      return true;
    }
    case kOpInstanceOf: {
      const ClassId wanted = index().class_of(frame.dex, instruction.index);
      const ClassId own = class_of(state, regs[instruction.b]);
      const NodeId value = regs[instruction.b];
      if (graph_->is_null(value)) {
        regs[instruction.a] = graph_->integer(0, at);
      } else if (graph_->is_object(value) && own != kNoId && wanted != kNoId &&
                 index().class_info(own).defined()) {
        regs[instruction.a] = graph_->integer(index().is_subtype(own, wanted) ? 1 : 0, at);
      } else {
        regs[instruction.a] = graph_->call(
            "instanceof",
            {value, graph_->class_constant(dex.type_descriptor(instruction.index), at)}, at);
      }
      return true;
    }
    case kOpArrayLength:
      regs[instruction.a] = array_length(state, regs[instruction.b], at);
      return true;
    case kOpNewInstance: {
      const ClassId type = index().class_of(frame.dex, instruction.index);
      if (type == kNoId) return false;
      initialise(type);
      const std::string_view name = index().descriptor(type);
      FlowObjectKind kind = FlowObjectKind::kFramework;
      if (index().class_info(type).defined()) {
        kind = FlowObjectKind::kInstance;
      } else if (name == "Ljava/util/ArrayList;" || name == "Ljava/util/LinkedList;" ||
                 name == "Ljava/util/Vector;" || name == "Ljava/util/ArrayDeque;" ||
                 name == "Ljava/util/PriorityQueue;" || name == "Ljava/util/Stack;" ||
                 name == "Ljava/util/HashSet;" || name == "Ljava/util/LinkedHashSet;") {
        kind = FlowObjectKind::kList;
      } else if (name == "Ljava/util/HashMap;" || name == "Ljava/util/LinkedHashMap;" ||
                 name == "Ljava/util/TreeMap;" || name == "Ljava/util/EnumMap;" ||
                 name == "Ljava/util/concurrent/ConcurrentHashMap;" ||
                 name == "Ljava/util/Hashtable;") {
        kind = FlowObjectKind::kMap;
      } else if (name == "Ljava/lang/StringBuilder;" || name == "Ljava/lang/StringBuffer;") {
        kind = FlowObjectKind::kText;
      }
      regs[instruction.a] = new_object(state, kind, type, at);
      return regs[instruction.a] != kNoNode;
    }
    case kOpNewArray:
      regs[instruction.a] = new_array(state, dex.type_descriptor(instruction.index),
                                      {graph_->as_integer(regs[instruction.b])}, at);
      return true;
    case kOpFilledNewArray:
    case kOpFilledNewArrayRange: {
      const std::string_view type = dex.type_descriptor(instruction.index);
      const NodeId array =
          new_array(state, type, {graph_->integer(instruction.argument_count, at)}, at);
      for (std::uint32_t i = 0; i < instruction.argument_count; ++i) {
        write_array(
            state, array, graph_->integer(i),
            graph_->as_type(regs[instruction.argument(i)], type.substr(type.size() > 1 ? 1 : 0)),
            at);
      }
      state.result = array;
      return true;
    }
    case kOpFillArrayData: {
      const auto data = dex_array_data(frame.shape->code, instruction);
      const FlowObject* array = object(state, regs[instruction.a]);
      if (!data || array == nullptr) return true;
      const bool real = array->content.type == "[F" || array->content.type == "[D";
      auto copy = *array;
      for (std::uint32_t i = 0; i < data->count && i < 65536; ++i) {
        std::int64_t value = 0;
        for (std::uint16_t byte = 0; byte < data->width; ++byte) {
          value |= static_cast<std::int64_t>(data->data[std::size_t{i} * data->width + byte])
                   << (8 * byte);
        }
        if (data->width == 1) value = (value ^ 0x80) - 0x80;  // sign-extended
        if (data->width == 2) value = static_cast<std::int16_t>(value);
        if (data->width == 4) value = static_cast<std::int32_t>(value);
        NodeId node = graph_->bits(value, at);
        node = real ? graph_->as_real(node, data->width == 8) : graph_->as_integer(node);
        copy.content.writes.push_back({{graph_->integer(i)}, node, kNoNode, kNoNode, 1, 1});
      }
      put(state, std::move(copy));
      return true;
    }
    case kOpCmplFloat:
    case kOpCmpgFloat:
    case kOpCmplDouble:
    case kOpCmpgDouble: {
      const bool wide = instruction.opcode >= kOpCmplDouble;
      const int unordered =
          instruction.opcode == kOpCmplFloat || instruction.opcode == kOpCmplDouble ? -1 : 1;
      regs[instruction.a] =
          graph_->compare(graph_->as_real(regs[instruction.b], wide),
                          graph_->as_real(regs[instruction.c], wide), unordered, at);
      return true;
    }
    case kOpCmpLong:
      regs[instruction.a] = graph_->compare(graph_->as_integer(regs[instruction.b]),
                                            graph_->as_integer(regs[instruction.c]), 0, at);
      return true;
    default:
      break;
  }
  if (instruction.opcode >= kOpAget && instruction.opcode <= kOpAgetShort) {
    regs[instruction.a] =
        read_array(state, regs[instruction.b], graph_->as_integer(regs[instruction.c]), at);
    return true;
  }
  if (instruction.opcode >= kOpAput && instruction.opcode <= kOpAputShort) {
    write_array(state, regs[instruction.b], graph_->as_integer(regs[instruction.c]),
                regs[instruction.a], at);
    return true;
  }
  if ((flags & (kDexFieldGet | kDexFieldPut)) != 0) {
    const FieldId named = index().field_of(frame.dex, instruction.index);
    if (named == kNoId) return false;
    const FieldId field = index().resolve_field(named);
    const std::string_view type = index().field_info(field).type == kNoId
                                      ? std::string_view{}
                                      : index().descriptor(index().field_info(field).type);
    const bool is_static = instruction.opcode >= kOpSget;
    if ((flags & kDexFieldGet) != 0) {
      const NodeId value = is_static ? get_static(state, field, at)
                                     : get_field(state, regs[instruction.b], field, at);
      regs[instruction.a] = graph_->as_type(value, type);
    } else {
      const NodeId value = graph_->as_type(regs[instruction.a], type);
      if (is_static) {
        put_static(state, field, value, at);
      } else {
        put_field(state, regs[instruction.b], field, value, at);
      }
    }
    return true;
  }
  if (step_arithmetic(instruction, state, at)) return true;
  // invoke-custom's lambdas, method handles and what else is rare.
  if ((flags & kDexWritesA) != 0)
    regs[instruction.a] = graph_->unknown(instruction.info().name, {}, at);
  return true;
}

}  // namespace dl::program
