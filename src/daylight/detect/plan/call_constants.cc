// SPDX-License-Identifier: Apache-2.0
// Follows constants through registers up to a call.
#include "daylight/detect/plan/call_constants.h"

#include <cstring>
#include <map>

#include "daylight/format/code/dex_code.h"

namespace dl {
namespace {

using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;

struct Constant {
  bool is_text = false;
  std::string text;
  std::int64_t bits = 0;
};

// A constant as the parameter's type reads it.
std::optional<Json> typed(const Constant& constant, std::string_view type) {
  if (constant.is_text)
    return type == "Ljava/lang/String;" || type == "Ljava/lang/CharSequence;" ||
                   type == "Ljava/lang/Object;"
               ? std::optional<Json>(constant.text)
               : std::nullopt;
  if (type == "Z") return Json(constant.bits != 0);
  if (type == "I" || type == "S" || type == "B" || type == "C" || type == "J")
    return Json(constant.bits);
  if (type == "F") {
    const auto bits = static_cast<std::uint32_t>(constant.bits);
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return Json(value);
  }
  if (type == "D") {
    double value = 0;
    std::memcpy(&value, &constant.bits, sizeof value);
    return Json(value);
  }
  // An object register that holds zero is null.
  if (constant.bits == 0) return Json(nullptr);
  return std::nullopt;
}

void apply(const DexFile& dex, const DexInstruction& instruction,
           std::map<std::uint32_t, Constant>& known) {
  const std::uint16_t flags = instruction.info().flags;
  switch (instruction.opcode) {
    case kOpConst4:
    case kOpConst16:
    case kOpConst:
    case kOpConstHigh16:
    case kOpConstWide16:
    case kOpConstWide32:
    case kOpConstWide:
    case kOpConstWideHigh16:
      known[instruction.a] = {false, {}, instruction.literal};
      return;
    case kOpConstString:
    case kOpConstStringJumbo:
      known[instruction.a] = {true, std::string(dex.string(instruction.index)), 0};
      return;
    case kOpMove:
    case kOpMoveFrom16:
    case kOpMove16:
    case kOpMoveWide:
    case kOpMoveWideFrom16:
    case kOpMoveWide16:
    case kOpMoveObject:
    case kOpMoveObjectFrom16:
    case kOpMoveObject16: {
      const auto found = known.find(instruction.b);
      if (found == known.end()) {
        known.erase(instruction.a);
      } else {
        known[instruction.a] = Constant(found->second);
      }
      return;
    }
    default:
      break;
  }
  if ((flags & kDexWritesA) == 0) return;
  known.erase(instruction.a);
  if ((flags & kDexWide) != 0) known.erase(instruction.a + 1);
}

}  // namespace

std::vector<std::optional<Json>> constant_arguments(const ClassIndex& index, MethodId caller,
                                                    std::uint32_t pc) {
  std::vector<std::optional<Json>> out;
  const auto code = index.code(caller);
  if (!code) return out;
  const std::uint32_t dex_index = index.method_info(caller).dex;
  const DexFile& dex = index.files()[dex_index];
  const auto targets = dex_jump_targets(*code);
  std::map<std::uint32_t, Constant> known;
  DexInstructionReader reader(*code);
  DexInstruction instruction;
  while (reader.next(instruction) && instruction.pc <= pc) {
    if (instruction.is_payload()) continue;
    if (targets.contains(instruction.pc)) known.clear();
    if (instruction.pc != pc) {
      apply(dex, instruction, known);
      continue;
    }
    if (instruction.info().index_kind != DexIndexKind::kMethod) return out;
    const MethodId callee = index.method_of(dex_index, instruction.index);
    if (callee == kNoId) return out;
    const bool is_static =
        instruction.opcode == kOpInvokeStatic || instruction.opcode == kOpInvokeStaticRange;
    std::uint32_t argument = is_static ? 0 : 1;
    for (const ClassId parameter : index.proto(callee).parameters) {
      const std::string_view type =
          parameter == kNoId ? std::string_view() : index.descriptor(parameter);
      out.emplace_back();
      if (argument < instruction.argument_count) {
        const auto found = known.find(instruction.argument(argument));
        if (found != known.end()) out.back() = typed(found->second, type);
      }
      argument += type == "J" || type == "D" ? 2 : 1;
    }
    return out;
  }
  return out;
}

}  // namespace dl
