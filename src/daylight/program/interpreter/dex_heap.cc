// SPDX-License-Identifier: Apache-2.0
// What the closed box's heap holds: objects, arrays, fields, and classes as they are initialised.
#include <algorithm>
#include <cstring>
#include <utility>

#include "daylight/program/interpreter/dex_frame.h"
#include "daylight/program/interpreter/dex_numbers.h"
#include "daylight/program/interpreter/java_text.h"

namespace dl::program {
namespace {

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

void DexInterpreter::initialise(ClassId type) {
  if (type >= index_.class_count()) return;  // a damaged file names no class
  const ClassInfo& info = index_.class_info(type);
  if (!info.defined() || !initialised_.insert(type).second) return;
  set_constants(info);
  run_initialisers(info);
}

// The values that the file gives static fields.
void DexInterpreter::set_constants(const ClassInfo& info) {
  const DexFile& file = index_.files()[info.dex];
  const auto values = file.static_values(*info.definition);
  if (!values) return;
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

void DexInterpreter::run_initialisers(const ClassInfo& info) {
  std::int64_t ignored = 0;
  for (const MethodId method : info.methods) {
    if (index_.method_name(method) == "<clinit>" && index_.method_info(method).has_code())
      execute(method, {}, ignored);
  }
}

DexInterpreter::Step DexInterpreter::step_object(Frame& frame, const DexInstruction& i) {
  const ClassId type =
      i.info().index_kind == DexIndexKind::kType ? index_.class_of(frame.body.dex, i.index) : kNoId;
  switch (i.opcode) {
    case kOpConstClass:
    case kOpConstMethodHandle:
    case kOpConstMethodType:
      frame.reg(i.a) = opaque(type);
      return Step::kNext;
    case kOpInstanceOf:
      frame.reg(i.a) = is_instance(object(frame.reg(i.b)), type) ? 1 : 0;
      return Step::kNext;
    case kOpNewInstance:
      return make_object(frame, i, type);
    case kOpArrayLength:
      return array_length(frame, i);
    case kOpNewArray:
      return make_array(frame, i, low(frame.reg(i.b)));
    case kOpFilledNewArray:
    case kOpFilledNewArrayRange:
      return make_array(frame, i, i.argument_count);
    case kOpFillArrayData:
      return fill_array(frame, i);
    default:
      return Step::kNext;  // nop, monitors, casts
  }
}

// What is not known counts as one.
bool DexInterpreter::is_instance(const RunObject* held, ClassId type) const {
  return held != nullptr && (held->type == kNoId || type == kNoId ||
                             held->kind == RunKind::kArray || index_.is_subtype(held->type, type));
}

DexInterpreter::Step DexInterpreter::make_object(Frame& frame, const DexInstruction& i,
                                                 ClassId type) {
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

DexInterpreter::Step DexInterpreter::array_length(Frame& frame, const DexInstruction& i) {
  const RunObject* const array = object(frame.reg(i.b));
  if (array == nullptr || array->kind != RunKind::kArray) return Step::kThrow;
  frame.reg(i.a) = static_cast<std::int64_t>(array->bytes.size() / array->width);
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::fill_array(Frame& frame, const DexInstruction& i) {
  RunObject* const array = object(frame.reg(i.a));
  const auto data = dex_array_data(frame.body.code, i);
  if (array == nullptr || array->kind != RunKind::kArray || !data) return Step::kThrow;
  if (data->width != array->width || data->data.size() > array->bytes.size()) return Step::kThrow;
  std::copy(data->data.begin(), data->data.end(), array->bytes.begin());
  spend(data->data.size() / kBytesInStep);
  return Step::kNext;
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
  return i.opcode >= kOpSget ? static_field(frame, i, field) : object_field(frame, i, field);
}

DexInterpreter::Step DexInterpreter::static_field(Frame& frame, const DexInstruction& i,
                                                  FieldId field) {
  const FieldInfo& info = index_.field_info(field);
  initialise(info.owner);
  if ((i.info().flags & kDexFieldPut) != 0) {
    statics_[field] = frame.reg(i.a);
    return Step::kNext;
  }
  if (!info.defined && !statics_.contains(field)) {
    // A constant of the platform: its name is all there is (StandardCharsets.UTF_8).
    const std::int64_t made = unknown_of(info.type);
    if (RunObject* const object = this->object(made)) object->text = utf16_of(info.name);
    statics_[field] = made;
  }
  frame.reg(i.a) = statics_[field];
  return Step::kNext;
}

DexInterpreter::Step DexInterpreter::object_field(Frame& frame, const DexInstruction& i,
                                                  FieldId field) {
  RunObject* const holder = object(frame.reg(i.b));
  if (holder == nullptr) return Step::kThrow;
  if ((i.info().flags & kDexFieldPut) != 0) {
    holder->fields[field] = frame.reg(i.a);
    return Step::kNext;
  }
  const auto known = holder->fields.find(field);
  std::int64_t value = known == holder->fields.end() ? 0 : known->second;
  if (known == holder->fields.end() && holder->lenient) {
    value = unknown_of(index_.field_info(field).type);
    object(frame.reg(i.b))->fields[field] = value;
  }
  frame.reg(i.a) = value;
  return Step::kNext;
}

}  // namespace dl::program
