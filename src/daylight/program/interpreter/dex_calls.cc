// SPDX-License-Identifier: Apache-2.0
// Methods as the closed box runs them: decoded once, a frame for each call, handlers of what is
// thrown.
#include <algorithm>
#include <utility>

#include "daylight/program/interpreter/dex_frame.h"

namespace dl::program {

const DexInterpreter::Body* DexInterpreter::body_of(MethodId method) {
  const auto known = bodies_.find(method);
  if (known != bodies_.end()) return known->second.get();
  auto& slot = bodies_[method];
  const auto code = index_.code(method);
  if (!code) return nullptr;
  auto body = std::make_unique<Body>();
  body->code = *code;
  body->dex = index_.method_info(method).dex;
  body->registers = code->registers;
  body->at.assign(code->units(), kDexNoIndex);
  DexInstructionReader reader(*code);
  DexInstruction instruction;
  while (reader.next(instruction)) {
    if (instruction.is_payload()) continue;
    if (body->instructions.size() >= kMaxRunInstructions) return nullptr;
    body->at[instruction.pc] = static_cast<std::uint32_t>(body->instructions.size());
    std::size_t highest = std::max({instruction.a, instruction.b, instruction.c});
    for (std::uint32_t i = 0; i < instruction.argument_count; ++i)
      highest = std::max<std::size_t>(highest, instruction.argument(i));
    body->registers = std::max(body->registers, highest + 2);
    body->instructions.push_back(instruction);
  }
  body->tries = dex_tries(*code);
  spend(body->instructions.size());
  slot = std::move(body);
  return slot.get();
}

bool DexInterpreter::run(MethodId method, const std::vector<std::int64_t>& arguments,
                         std::int64_t& result) {
  const MethodInfo& info = index_.method_info(method);
  if (!info.has_code()) return false;
  initialise(info.owner);
  // A wide value takes two words; the first holds it.
  std::vector<std::int64_t> words;
  const std::size_t receiver = info.is_static() ? 0 : 1;
  const auto& parameters = index_.proto(method).parameters;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    words.push_back(arguments[i]);
    if (i < receiver || i - receiver >= parameters.size()) continue;
    const std::string_view type = index_.descriptor(parameters[i - receiver]);
    if (type == "J" || type == "D") words.push_back(0);
  }
  return execute(method, words, result);
}

bool DexInterpreter::execute(MethodId method, const std::vector<std::int64_t>& words,
                             std::int64_t& result) {
  const Body* const body = body_of(method);
  if (body == nullptr || depth_ >= limits_.depth || exhausted_) return false;
  Frame frame{*body, method, std::vector<std::int64_t>(body->registers)};
  const std::size_t first = body->code.registers - body->code.ins;
  for (std::size_t i = 0; i < words.size() && i < body->code.ins; ++i)
    frame.registers[first + i] = words[i];
  ++depth_;
  const MethodId caller = std::exchange(current_, method);
  const bool returned = run_frame(frame);
  current_ = caller;
  --depth_;
  result = frame.result;
  return returned && !exhausted_;
}

// From the first instruction on; true if one of them returned.
bool DexInterpreter::run_frame(Frame& frame) {
  const Body& body = frame.body;
  std::uint32_t next = 0;
  while (next < body.instructions.size() && spend(1)) {
    const DexInstruction& instruction = body.instructions[next];
    switch (step(frame, instruction)) {
      case Step::kNext:
        ++next;
        break;
      case Step::kJump:
        next = body.instruction_at(frame.target);
        break;
      case Step::kReturn:
        return true;
      case Step::kThrow:
        if (exhausted_) return false;
        next = body.instruction_at(body.handler_of(instruction.pc));
        frame.result = opaque();
        break;
    }
  }
  return false;
}

DexInterpreter::Step DexInterpreter::invoke(Frame& frame, const DexInstruction& i) {
  frame.result = 0;
  if (i.opcode >= kOpInvokePolymorphic) {
    frame.result = opaque();
    return Step::kNext;
  }
  const MethodId named = index_.method_of(frame.body.dex, i.index);
  if (named == kNoId) return Step::kThrow;
  std::vector<std::int64_t> words;
  words.reserve(i.argument_count);
  for (std::uint32_t k = 0; k < i.argument_count; ++k) words.push_back(frame.reg(i.argument(k)));
  const bool is_static = i.opcode == kOpInvokeStatic || i.opcode == kOpInvokeStaticRange;
  const RunObject* const receiver = is_static || words.empty() ? nullptr : object(words.front());
  if (!is_static && receiver == nullptr) return Step::kThrow;
  const MethodId target = method_called(i.opcode, named, receiver);
  if (is_static) initialise(index_.method_info(target == kNoId ? named : target).owner);
  const bool own = target != kNoId && index_.method_info(target).has_code();
  const bool good = own ? execute(target, words, frame.result)
                        : call_platform(named, words, is_static, frame.result);
  return good && !exhausted_ ? Step::kNext : Step::kThrow;
}

// The method that a call of `named` reaches on that receiver; none where the app does not define
// it.
MethodId DexInterpreter::method_called(std::uint8_t opcode, MethodId named,
                                       const RunObject* receiver) const {
  const bool is_virtual = opcode == kOpInvokeVirtual || opcode == kOpInvokeVirtualRange ||
                          opcode == kOpInvokeInterface || opcode == kOpInvokeInterfaceRange;
  if (is_virtual && receiver->kind == RunKind::kPlain && receiver->type != kNoId)
    return index_.resolve_virtual(receiver->type, named);
  return index_.resolve(named);
}

}  // namespace dl::program
