// SPDX-License-Identifier: Apache-2.0
// One pass over all code items.
#include "daylight/program/code/code_facts.h"

#include "daylight/format/code/dex_code.h"

namespace dl::program {
namespace {

// The kind of an invoke instruction, by its opcode.
InvokeKind invoke_kind(std::uint8_t opcode) {
  switch (opcode) {
    case kOpInvokeSuper:
    case kOpInvokeSuperRange:
      return InvokeKind::kSuper;
    case kOpInvokeDirect:
    case kOpInvokeDirectRange:
      return InvokeKind::kDirect;
    case kOpInvokeStatic:
    case kOpInvokeStaticRange:
      return InvokeKind::kStatic;
    case kOpInvokeInterface:
    case kOpInvokeInterfaceRange:
      return InvokeKind::kInterface;
    default:
      return InvokeKind::kVirtual;
  }
}

// The method that a lambda's or string concatenation's call site runs in the end: the method handle
// among the bootstrap arguments.
MethodId dynamic_target(const ClassIndex& index, std::uint32_t dex, std::uint32_t call_site) {
  const auto values = index.files()[dex].call_site(call_site);
  if (!values) return kNoId;
  for (std::size_t i = 1; i < values->size();
       ++i) {  // the first handle is the bootstrap method itself
    const DexValue& value = (*values)[i];
    if (value.kind != DexValueKind::kMethodHandle) continue;
    const DexMethodHandle handle = index.files()[dex].method_handle(value.index);
    if (handle.kind >= 4) return index.method_of(dex, handle.target);
  }
  return kNoId;
}

}  // namespace

CodeFacts CodeFacts::build(const ClassIndex& index) {
  CodeFacts facts;
  facts.starts_.resize(index.method_count() + 1);
  for (const DexFile& file : index.files())
    facts.unit_limit_ += kMaxCodeReads * file.bytes().size() / 2;
  for (MethodId method = 0; method < index.method_count(); ++method) {
    facts.starts_[method] = {static_cast<std::uint32_t>(facts.calls_.size()),
                             static_cast<std::uint32_t>(facts.strings_.size()),
                             static_cast<std::uint32_t>(facts.types_.size()),
                             static_cast<std::uint32_t>(facts.fields_.size())};
    if (index.method_info(method).has_code()) facts.scan(index, method);
  }
  facts.starts_.back() = {static_cast<std::uint32_t>(facts.calls_.size()),
                          static_cast<std::uint32_t>(facts.strings_.size()),
                          static_cast<std::uint32_t>(facts.types_.size()),
                          static_cast<std::uint32_t>(facts.fields_.size())};
  return facts;
}

void CodeFacts::scan(const ClassIndex& index, MethodId method) {
  const auto code = index.code(method);
  if (!code) {
    gaps_.add(index.method_text(method), code.error().what);
    return;
  }
  if (units_ > unit_limit_) {
    gaps_.add(index.method_text(method), "not read: too many methods share their code");
    return;
  }
  const std::uint32_t dex_index = index.method_info(method).dex;
  const DexFile& dex = index.files()[dex_index];
  DexInstructionReader reader(*code);
  DexInstruction instruction;
  while (reader.next(instruction)) {
    if (instruction.is_payload()) continue;
    const std::uint32_t pc = instruction.pc;
    const DexOpcode& info = instruction.info();
    switch (info.index_kind) {
      case DexIndexKind::kMethod: {
        const MethodId callee = index.method_of(dex_index, instruction.index);
        if (callee != kNoId) calls_.push_back({callee, pc, invoke_kind(instruction.opcode)});
        break;
      }
      case DexIndexKind::kCallSite: {
        const MethodId callee = dynamic_target(index, dex_index, instruction.index);
        if (callee != kNoId) calls_.push_back({callee, pc, InvokeKind::kDynamic});
        break;
      }
      case DexIndexKind::kString:
        strings_.push_back({dex.string(instruction.index), pc});
        break;
      case DexIndexKind::kType: {
        const ClassId type = index.class_of(dex_index, instruction.index);
        if (type == kNoId) break;
        TypeUseKind kind = TypeUseKind::kNewArray;
        if (instruction.opcode == kOpNewInstance) kind = TypeUseKind::kNew;
        if (instruction.opcode == kOpConstClass) kind = TypeUseKind::kConstClass;
        if (instruction.opcode == kOpCheckCast) kind = TypeUseKind::kCast;
        if (instruction.opcode == kOpInstanceOf) kind = TypeUseKind::kInstanceOf;
        types_.push_back({type, pc, kind});
        break;
      }
      case DexIndexKind::kField: {
        const FieldId field = index.field_of(dex_index, instruction.index);
        if (field == kNoId) break;
        const bool is_static = instruction.opcode >= kOpSget;
        fields_.push_back({field, pc, (info.flags & kDexFieldPut) != 0, is_static});
        break;
      }
      default:
        break;
    }
  }
  units_ += reader.pc();
  if (!reader.complete()) gaps_.add(index.method_text(method), reader.problem());
}

std::vector<MethodId> CodeFacts::methods_with_string(std::string_view text) const {
  std::vector<MethodId> out;
  for (MethodId method = 0; method + 1 < starts_.size(); ++method) {
    for (const StringUse& use : strings(method)) {
      if (use.text != text) continue;
      out.push_back(method);
      break;
    }
  }
  return out;
}

}  // namespace dl::program
