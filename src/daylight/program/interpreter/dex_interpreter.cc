// SPDX-License-Identifier: Apache-2.0
// The instructions of the closed box.
#include "daylight/program/interpreter/dex_interpreter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace dl::program {
namespace {

constexpr std::uint64_t kBytesInStep = 16;

std::int32_t low(std::int64_t value) { return static_cast<std::int32_t>(value); }
std::uint32_t bits(std::int64_t value) { return static_cast<std::uint32_t>(value); }
std::int64_t of_bits(std::uint32_t value) { return static_cast<std::int32_t>(value); }
std::uint64_t wide_bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

float as_float(std::int64_t value) { return std::bit_cast<float>(bits(value)); }
double as_double(std::int64_t value) { return std::bit_cast<double>(value); }
std::int64_t of_float(float value) { return of_bits(std::bit_cast<std::uint32_t>(value)); }
std::int64_t of_double(double value) { return std::bit_cast<std::int64_t>(value); }

// Java's conversion: saturates, and makes 0 of what is no number.
template <typename T>
std::int64_t saturated(double value) {
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(std::numeric_limits<T>::max()))
    return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

enum Arithmetic : std::uint8_t { kAdd, kSub, kMul, kDiv, kRem, kAnd, kOr, kXor, kShl, kShr, kUshr };

// Nothing where Java throws.
std::optional<std::int64_t> int_result(int op, std::int64_t first, std::int64_t second) {
  const std::uint32_t a = bits(first);
  const std::uint32_t b = bits(second);
  switch (op) {
    case kAdd:
      return of_bits(a + b);
    case kSub:
      return of_bits(a - b);
    case kMul:
      return of_bits(a * b);
    case kDiv:
    case kRem:
      if (b == 0) return std::nullopt;
      if (low(second) == -1) return op == kDiv ? of_bits(0U - a) : 0;
      return op == kDiv ? low(first) / low(second) : low(first) % low(second);
    case kAnd:
      return of_bits(a & b);
    case kOr:
      return of_bits(a | b);
    case kXor:
      return of_bits(a ^ b);
    case kShl:
      return of_bits(a << (b & 31U));
    case kShr:
      return low(first) >> (b & 31U);
    default:
      return of_bits(a >> (b & 31U));
  }
}

std::optional<std::int64_t> long_result(int op, std::int64_t first, std::int64_t second) {
  const std::uint64_t a = wide_bits(first);
  const std::uint64_t b = wide_bits(second);
  const auto signed_of = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  switch (op) {
    case kAdd:
      return signed_of(a + b);
    case kSub:
      return signed_of(a - b);
    case kMul:
      return signed_of(a * b);
    case kDiv:
    case kRem:
      if (b == 0) return std::nullopt;
      if (second == -1) return op == kDiv ? signed_of(0U - a) : 0;
      return op == kDiv ? first / second : first % second;
    case kAnd:
      return signed_of(a & b);
    case kOr:
      return signed_of(a | b);
    case kXor:
      return signed_of(a ^ b);
    case kShl:
      return signed_of(a << (b & 63U));
    case kShr:
      return first >> (b & 63U);
    default:
      return signed_of(a >> (b & 63U));
  }
}

double real_result(int op, double a, double b) {
  switch (op) {
    case kAdd:
      return a + b;
    case kSub:
      return a - b;
    case kMul:
      return a * b;
    case kDiv:
      return a / b;
    default:
      return std::fmod(a, b);
  }
}

std::int64_t compared(double a, double b, int unordered) {
  if (std::isnan(a) || std::isnan(b)) return unordered;
  return a < b ? -1 : (a > b ? 1 : 0);
}

bool holds(int relation, std::int64_t a, std::int64_t b) {
  switch (relation) {
    case 0:
      return a == b;
    case 1:
      return a != b;
    case 2:
      return a < b;
    case 3:
      return a >= b;
    case 4:
      return a > b;
    default:
      return a <= b;
  }
}

std::uint8_t width_of(std::string_view element) {
  switch (element.empty() ? 'L' : element.front()) {
    case 'Z':
    case 'B':
      return 1;
    case 'C':
    case 'S':
      return 2;
    case 'I':
    case 'F':
      return 4;
    default:
      return 8;
  }
}

std::int64_t load_element(const std::uint8_t* at, std::uint8_t width, bool is_unsigned) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, width);
  switch (width) {
    case 1:
      return static_cast<std::int8_t>(value);
    case 2:
      return is_unsigned ? static_cast<std::int64_t>(value)
                         : std::int64_t{static_cast<std::int16_t>(value)};
    case 4:
      return static_cast<std::int32_t>(value);
    default:
      return static_cast<std::int64_t>(value);
  }
}

}  // namespace

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
};

struct DexInterpreter::Frame {
  const Body& body;
  MethodId method;
  std::vector<std::int64_t> registers;
  std::int64_t result = 0;  // of the last call, or the method's own
  std::uint32_t target = kDexNoPc;

  std::int64_t& reg(std::uint32_t index) { return registers[index]; }
};

DexInterpreter::DexInterpreter(const ClassIndex& index, const RunWorld& world,
                               const RunLimits& limits)
    : index_(index), world_(world), limits_(limits), objects_(1) {}
DexInterpreter::~DexInterpreter() = default;

bool DexInterpreter::spend(std::uint64_t steps) {
  steps_ += steps;
  if (steps_ > limits_.steps) exhausted_ = true;
  return !exhausted_;
}

bool DexInterpreter::spend_memory(std::uint64_t bytes) {
  if (bytes > limits_.memory - std::min(limits_.memory, memory_)) {
    exhausted_ = true;
    return false;
  }
  memory_ += bytes;
  return spend(bytes / kBytesInStep);
}

RunRef DexInterpreter::add(RunObject object) {
  const std::uint64_t size = object.bytes.size() + object.text.size() * 2;
  if (objects_.size() >= limits_.objects || !spend_memory(size)) {
    exhausted_ = true;
    return 0;
  }
  if (object.writer == kNoId) object.writer = current_;
  objects_.push_back(std::move(object));
  return static_cast<RunRef>(objects_.size()) - 1;
}

RunRef DexInterpreter::bytes(ByteSpan content) {
  RunObject object;
  object.kind = RunKind::kArray;
  object.width = 1;
  object.element_is_byte = true;
  object.bytes.assign(content.begin(), content.end());
  return add(std::move(object));
}

RunRef DexInterpreter::text(std::string_view utf8) {
  RunObject object;
  object.kind = RunKind::kText;
  object.text = utf16_of(utf8);
  return add(std::move(object));
}

RunRef DexInterpreter::stream(ByteSpan content) {
  RunObject object;
  object.kind = RunKind::kStream;
  object.link = bytes(content);
  object.limit = static_cast<std::int64_t>(content.size());
  return add(std::move(object));
}

RunRef DexInterpreter::opaque(ClassId type) {
  RunObject object;
  object.type = type;
  object.lenient = true;
  return add(std::move(object));
}

RunRef DexInterpreter::instance(ClassId type) {
  initialise(type);
  RunObject object;
  object.kind = RunKind::kPlain;
  object.type = type;
  object.lenient = true;
  const RunRef made = add(std::move(object));
  MethodId chosen = kNoId;
  for (const MethodId method : index_.class_info(type).methods) {
    if (index_.method_name(method) != "<init>" || !index_.method_info(method).has_code()) continue;
    if (chosen == kNoId ||
        index_.proto(method).parameters.size() < index_.proto(chosen).parameters.size())
      chosen = method;
  }
  if (chosen == kNoId || made == 0) return made;
  std::vector<std::int64_t> arguments{made};
  for (const ClassId parameter : index_.proto(chosen).parameters)
    arguments.push_back(unknown_of(parameter));
  std::int64_t ignored = 0;
  run(chosen, arguments, ignored);
  return made;
}

std::int64_t DexInterpreter::unknown_of(ClassId type) {
  const std::string_view descriptor = index_.descriptor(type);
  return descriptor.starts_with('L') || descriptor.starts_with('[') ? opaque(type) : 0;
}

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
  bool returned = false;
  std::uint32_t next = 0;
  while (next < body->instructions.size() && spend(1)) {
    const DexInstruction& instruction = body->instructions[next];
    const Step step = this->step(frame, instruction);
    if (step == Step::kNext) {
      ++next;
      continue;
    }
    if (step == Step::kReturn) {
      returned = true;
      break;
    }
    std::uint32_t target = frame.target;
    if (step == Step::kThrow) {
      if (exhausted_) break;
      // The type of what was thrown is not known: the first handler takes it.
      target = kDexNoPc;
      for (const DexTry& each : body->tries) {
        if (instruction.pc < each.start || instruction.pc >= each.end || each.handlers.empty())
          continue;
        target = each.handlers.front().pc;
        break;
      }
      frame.result = opaque();
    }
    next = body->instruction_at(target);
  }
  current_ = caller;
  --depth_;
  result = frame.result;
  return returned && !exhausted_;
}

void DexInterpreter::initialise(ClassId type) {
  if (type >= index_.class_count()) return;  // a damaged file names no class
  const ClassInfo& info = index_.class_info(type);
  if (!info.defined() || !initialised_.insert(type).second) return;
  const DexFile& file = index_.files()[info.dex];
  if (const auto values = file.static_values(*info.definition)) {
    for (std::size_t i = 0; i < values->size() && i < info.definition->static_fields.size(); ++i) {
      const DexValue& value = (*values)[i];
      const FieldId field = index_.field_of(info.dex, info.definition->static_fields[i].field);
      std::int64_t& slot = statics_[field];
      slot = value.integer;
      if (value.kind == DexValueKind::kFloat) slot = of_float(static_cast<float>(value.real));
      if (value.kind == DexValueKind::kDouble) slot = of_double(value.real);
      if (value.kind == DexValueKind::kString) slot = text(file.string(value.index));
    }
  }
  std::int64_t ignored = 0;
  for (const MethodId method : info.methods) {
    if (index_.method_name(method) == "<clinit>" && index_.method_info(method).has_code())
      execute(method, {}, ignored);
  }
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
  if (op >= kOpNegInt && op <= kOpIntToShort) return step_conversion(frame, i);
  if (op >= kOpAddInt && op <= kOpUshrIntLit8) return step_number(frame, i);
  if (op >= kOpAget && op <= kOpAputShort) return step_array(frame, i);
  if (op >= kOpIget && op <= kOpSputShort) return step_field(frame, i);
  if ((op >= kOpGoto && op <= kOpIfLez) && op != kOpThrow) return step_branch(frame, i);
  if ((i.info().flags & kDexInvoke) != 0) return invoke(frame, i);
  const ClassId type =
      i.info().index_kind == DexIndexKind::kType ? index_.class_of(frame.body.dex, i.index) : kNoId;
  switch (op) {
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
    case kOpConstClass:
    case kOpConstMethodHandle:
    case kOpConstMethodType:
      frame.reg(i.a) = opaque(type);
      return Step::kNext;
    case kOpInstanceOf: {
      const RunObject* const held = object(frame.reg(i.b));
      frame.reg(i.a) =
          held != nullptr && (held->type == kNoId || type == kNoId ||
                              held->kind == RunKind::kArray || index_.is_subtype(held->type, type));
      return Step::kNext;
    }
    case kOpArrayLength: {
      const RunObject* const array = object(frame.reg(i.b));
      if (array == nullptr || array->kind != RunKind::kArray) return Step::kThrow;
      frame.reg(i.a) = static_cast<std::int64_t>(array->bytes.size() / array->width);
      return Step::kNext;
    }
    case kOpNewInstance: {
      if (type == kNoId) return Step::kThrow;
      initialise(type);
      RunObject made;
      made.type = type;
      const bool defined = index_.class_info(type).defined();
      made.kind = defined ? RunKind::kPlain : RunKind::kOpaque;
      made.lenient = !defined;
      frame.reg(i.a) = add(std::move(made));
      return Step::kNext;
    }
    case kOpNewArray: {
      const std::int64_t length = low(frame.reg(i.b));
      return make_array(frame, i, length);
    }
    case kOpFilledNewArray:
    case kOpFilledNewArrayRange:
      return make_array(frame, i, i.argument_count);
    case kOpFillArrayData: {
      RunObject* const array = object(frame.reg(i.a));
      const auto data = dex_array_data(frame.body.code, i);
      if (array == nullptr || array->kind != RunKind::kArray || !data) return Step::kThrow;
      if (data->width != array->width || data->data.size() > array->bytes.size())
        return Step::kThrow;
      std::copy(data->data.begin(), data->data.end(), array->bytes.begin());
      spend(data->data.size() / kBytesInStep);
      return Step::kNext;
    }
    case kOpThrow:
      return Step::kThrow;
    default:
      return Step::kNext;  // nop, monitors, casts
  }
}

DexInterpreter::Step DexInterpreter::make_array(Frame& frame, const DexInstruction& i,
                                                std::int64_t length) {
  const ClassId type = index_.class_of(frame.body.dex, i.index);
  const std::string_view descriptor = index_.descriptor(type);
  if (length < 0 || descriptor.size() < 2) return Step::kThrow;
  RunObject array;
  array.kind = RunKind::kArray;
  array.type = type;
  array.width = width_of(descriptor.substr(1));
  array.element_is_byte = descriptor == "[B";
  const std::uint64_t size = static_cast<std::uint64_t>(length) * array.width;
  if (size > limits_.memory || memory_ + size > limits_.memory) {
    exhausted_ = true;
    return Step::kThrow;
  }
  array.bytes.resize(size);
  if (i.opcode == kOpNewArray) {
    frame.reg(i.a) = add(std::move(array));
    return Step::kNext;
  }
  for (std::uint32_t k = 0; k < i.argument_count; ++k) {
    const std::int64_t value = frame.reg(i.argument(k));
    std::memcpy(array.bytes.data() + std::size_t{k} * array.width, &value, array.width);
  }
  frame.result = add(std::move(array));
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_array(Frame& frame, const DexInstruction& i) {
  RunObject* const array = object(frame.reg(i.b));
  const std::int64_t index = low(frame.reg(i.c));
  if (array == nullptr || array->kind != RunKind::kArray || index < 0) return Step::kThrow;
  const std::uint64_t at = static_cast<std::uint64_t>(index) * array->width;
  if (at >= array->bytes.size()) return Step::kThrow;
  std::uint8_t* const place = array->bytes.data() + at;
  if (i.opcode <= kOpAgetShort) {
    frame.reg(i.a) = load_element(place, array->width, i.opcode == kOpAgetChar);
  } else {
    std::memcpy(place, &frame.reg(i.a), array->width);
    array->writer = frame.method;
  }
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_field(Frame& frame, const DexInstruction& i) {
  const FieldId named = index_.field_of(frame.body.dex, i.index);
  if (named == kNoId) return Step::kThrow;
  const FieldId field = index_.resolve_field(named);
  const FieldInfo& info = index_.field_info(field);
  const bool put = (i.info().flags & kDexFieldPut) != 0;
  if (i.opcode >= kOpSget) {
    initialise(info.owner);
    if (put) {
      statics_[field] = frame.reg(i.a);
      return Step::kNext;
    }
    const auto known = statics_.find(field);
    if (known == statics_.end() && !info.defined) {
      // A constant of the platform: its name is all there is (StandardCharsets.UTF_8).
      const std::int64_t made = unknown_of(info.type);
      if (RunObject* const object = this->object(made)) object->text = utf16_of(info.name);
      statics_[field] = made;
    }
    frame.reg(i.a) = statics_[field];
    return Step::kNext;
  }
  RunObject* const holder = object(frame.reg(i.b));
  if (holder == nullptr) return Step::kThrow;
  if (put) {
    holder->fields[field] = frame.reg(i.a);
    return Step::kNext;
  }
  const auto known = holder->fields.find(field);
  std::int64_t value = known == holder->fields.end() ? 0 : known->second;
  if (known == holder->fields.end() && holder->lenient) {
    value = unknown_of(info.type);
    object(frame.reg(i.b))->fields[field] = value;
  }
  frame.reg(i.a) = value;
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_branch(Frame& frame, const DexInstruction& i) {
  const std::uint8_t op = i.opcode;
  frame.target = i.target;
  if (op <= kOpGoto32) return Step::kJump;
  if (op <= kOpSparseSwitch) {
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
  if (op <= kOpCmpLong) {
    const std::int64_t b = frame.reg(i.b);
    const std::int64_t c = frame.reg(i.c);
    if (op == kOpCmpLong) frame.reg(i.a) = b < c ? -1 : (b > c ? 1 : 0);
    if (op <= kOpCmpgFloat)
      frame.reg(i.a) = compared(as_float(b), as_float(c), op == kOpCmplFloat ? -1 : 1);
    if (op == kOpCmplDouble || op == kOpCmpgDouble)
      frame.reg(i.a) = compared(as_double(b), as_double(c), op == kOpCmplDouble ? -1 : 1);
    return Step::kNext;
  }
  const bool with_zero = op >= kOpIfEqz;
  const std::int64_t second = with_zero ? 0 : frame.reg(i.b);
  const int relation = op - (with_zero ? kOpIfEqz : kOpIfEq);
  return holds(relation, frame.reg(i.a), second) ? Step::kJump : Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_number(Frame& frame, const DexInstruction& i) {
  const std::uint8_t op = i.opcode;
  std::optional<std::int64_t> value;
  if (op >= kOpAddIntLit16) {
    std::int64_t first = frame.reg(i.b);
    std::int64_t second = i.literal;
    int kind = op - (op >= kOpAddIntLit8 ? kOpAddIntLit8 : kOpAddIntLit16);
    if (kind == kSub) std::swap(first, second);  // rsub: the constant minus the register
    value = int_result(kind, first, second);
  } else {
    const bool two = op >= kOpAddInt2addr;
    const int kind = two ? op - kOpAddInt2addr : op - kOpAddInt;
    const std::int64_t first = frame.reg(two ? i.a : i.b);
    const std::int64_t second = frame.reg(two ? i.b : i.c);
    constexpr int kLongs = kOpAddLong - kOpAddInt;
    constexpr int kFloats = kOpAddFloat - kOpAddInt;
    constexpr int kDoubles = kOpAddDouble - kOpAddInt;
    if (kind < kLongs) {
      value = int_result(kind, first, second);
    } else if (kind < kFloats) {
      value = long_result(kind - kLongs, first, second);
    } else if (kind < kDoubles) {
      value = of_float(
          static_cast<float>(real_result(kind - kFloats, as_float(first), as_float(second))));
    } else {
      value = of_double(real_result(kind - kDoubles, as_double(first), as_double(second)));
    }
  }
  if (!value) return Step::kThrow;
  frame.reg(i.a) = *value;
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::step_conversion(Frame& frame, const DexInstruction& i) {
  const std::int64_t b = frame.reg(i.b);
  std::int64_t& a = frame.reg(i.a);
  switch (i.opcode) {
    case kOpNegInt:
      a = of_bits(0U - bits(b));
      break;
    case kOpNotInt:
      a = of_bits(~bits(b));
      break;
    case kOpNegLong:
      a = static_cast<std::int64_t>(0U - wide_bits(b));
      break;
    case kOpNotLong:
      a = ~b;
      break;
    case kOpNegFloat:
      a = of_float(-as_float(b));
      break;
    case kOpNegDouble:
      a = of_double(-as_double(b));
      break;
    case kOpIntToLong:
      a = low(b);
      break;
    case kOpIntToFloat:
      a = of_float(static_cast<float>(low(b)));
      break;
    case kOpIntToDouble:
      a = of_double(low(b));
      break;
    case kOpLongToInt:
      a = low(b);
      break;
    case kOpLongToFloat:
      a = of_float(static_cast<float>(b));
      break;
    case kOpLongToDouble:
      a = of_double(static_cast<double>(b));
      break;
    case kOpFloatToInt:
      a = saturated<std::int32_t>(as_float(b));
      break;
    case kOpFloatToLong:
      a = saturated<std::int64_t>(as_float(b));
      break;
    case kOpFloatToDouble:
      a = of_double(as_float(b));
      break;
    case kOpDoubleToInt:
      a = saturated<std::int32_t>(as_double(b));
      break;
    case kOpDoubleToLong:
      a = saturated<std::int64_t>(as_double(b));
      break;
    case kOpDoubleToFloat:
      a = of_float(static_cast<float>(as_double(b)));
      break;
    case kOpIntToByte:
      a = static_cast<std::int8_t>(b);
      break;
    case kOpIntToChar:
      a = static_cast<std::uint16_t>(b);
      break;
    default:
      a = static_cast<std::int16_t>(b);
      break;
  }
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::invoke(Frame& frame, const DexInstruction& i) {
  frame.result = 0;
  const std::uint8_t op = i.opcode;
  if (op >= kOpInvokePolymorphic) {
    frame.result = opaque();
    return Step::kNext;
  }
  const MethodId named = index_.method_of(frame.body.dex, i.index);
  if (named == kNoId) return Step::kThrow;
  std::vector<std::int64_t> words;
  words.reserve(i.argument_count);
  for (std::uint32_t k = 0; k < i.argument_count; ++k) words.push_back(frame.reg(i.argument(k)));
  const bool is_static = op == kOpInvokeStatic || op == kOpInvokeStaticRange;
  const bool is_virtual = op == kOpInvokeVirtual || op == kOpInvokeVirtualRange ||
                          op == kOpInvokeInterface || op == kOpInvokeInterfaceRange;
  MethodId target = kNoId;
  const RunObject* const receiver = is_static || words.empty() ? nullptr : object(words.front());
  if (!is_static && receiver == nullptr) return Step::kThrow;
  if (is_virtual && receiver->kind == RunKind::kPlain && receiver->type != kNoId) {
    target = index_.resolve_virtual(receiver->type, named);
  } else {
    target = index_.resolve(named);
  }
  if (is_static) initialise(index_.method_info(target == kNoId ? named : target).owner);
  bool good = false;
  if (target != kNoId && index_.method_info(target).has_code()) {
    good = execute(target, words, frame.result);
  } else {
    good = call_platform(named, words, is_static, frame.result);
  }
  return good && !exhausted_ ? Step::kNext : Step::kThrow;
}

std::u16string utf16_of(std::string_view utf8) {
  std::u16string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<std::uint8_t>(utf8[i++]);
    const int more = lead < 0x80 ? 0 : lead < 0xc0 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    std::uint32_t point = more <= 0 ? lead : lead & (0x3fU >> static_cast<unsigned>(more));
    bool good = more >= 0;
    for (int k = 0; k < more && good; ++k) {
      good = i < utf8.size() && (static_cast<std::uint8_t>(utf8[i]) & 0xc0U) == 0x80;
      if (good) point = (point << 6U) | (static_cast<std::uint8_t>(utf8[i++]) & 0x3fU);
    }
    if (!good || point > 0x10ffff) point = 0xfffd;
    if (point >= 0x10000) {
      out.push_back(static_cast<char16_t>(0xd800U + ((point - 0x10000U) >> 10U)));
      out.push_back(static_cast<char16_t>(0xdc00U + ((point - 0x10000U) & 0x3ffU)));
    } else {
      out.push_back(static_cast<char16_t>(point));
    }
  }
  return out;
}

std::string utf8_of(std::u16string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t point = text[i];
    if (point >= 0xd800 && point < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 &&
        text[i + 1] < 0xe000) {
      point = 0x10000U + ((point - 0xd800U) << 10U) + (text[++i] - 0xdc00U);
    }
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0U | (point >> 6U));
      put(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
      put(0xe0U | (point >> 12U));
      put(0x80U | ((point >> 6U) & 0x3fU));
      put(0x80U | (point & 0x3fU));
    } else {
      put(0xf0U | (point >> 18U));
      put(0x80U | ((point >> 12U) & 0x3fU));
      put(0x80U | ((point >> 6U) & 0x3fU));
      put(0x80U | (point & 0x3fU));
    }
  }
  return out;
}

}  // namespace dl::program
