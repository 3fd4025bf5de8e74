// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about java.lang and java.util: texts, numbers, lists, maps, arrays, threads.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "daylight/base/text.h"
#include "daylight/program/dex_flow_machine.h"
#include "daylight/program/dex_flow_models.h"

namespace dl::program {
namespace {

// Elements that a list or array is copied or compared by one by one.
constexpr std::int64_t kMaxCopied = 512;

std::string_view parameter(const FlowCall& call, std::size_t i) {
  if (i >= call.proto.parameters.size()) return {};
  return call.machine.index().descriptor(call.proto.parameters[i]);
}
std::string_view result_type(const FlowCall& call) {
  return call.proto.result == kNoId ? std::string_view{} : call.machine.index().descriptor(call.proto.result);
}
const FlowObject* receiver(const FlowCall& call, FlowObjectKind kind) {
  const FlowObject* object = call.machine.object(call.state, call.arg(0));
  return object != nullptr && object->kind == kind ? object : nullptr;
}

// ---- objects, enums, classes ----

std::optional<NodeId> any_init(FlowCall& call) {
  const FlowObject* object = call.machine.object(call.state, call.arg(0));
  if (object == nullptr) return kNoNode;
  FlowObject copy = *object;
  if (call.owner == "Enum" && call.args.size() >= 3) {
    copy.set(kNameField, call.arg(1));
    copy.set(kOrdinalField, call.arg(2));
    FlowMachine::put(call.state, std::move(copy));
    return kNoNode;
  }
  switch (object->kind) {
    case FlowObjectKind::kInstance:
      if (call.args.size() > 1) {
        copy.set(kStateField, call.machine.freeze(call.state, call.arg(1), call.site));
        if (call.machine.object(call.state, call.arg(1)) != nullptr) copy.set(kParentField, call.arg(1));
        FlowMachine::put(call.state, std::move(copy));
      }
      return kNoNode;
    case FlowObjectKind::kText: {
      copy.set(kStateField, call.args.size() > 1 && parameter(call, 0) != "I" ? call.arg(1) : call.graph.string("", call.site));
      FlowMachine::put(call.state, std::move(copy));
      return kNoNode;
    }
    case FlowObjectKind::kList:
    case FlowObjectKind::kMap: {
      const FlowObject* from = call.args.size() > 1 ? call.machine.object(call.state, call.arg(1)) : nullptr;
      if (from != nullptr && from->kind == object->kind) {
        copy.content = from->content;
        copy.content.object = copy.id;
        FlowMachine::put(call.state, std::move(copy));
      } else if (call.args.size() > 1 && parameter(call, 0).starts_with("Ljava/util/") && from == nullptr) {
        copy.content.base.source = call.arg(1);
        copy.content.length = call.graph.length(call.arg(1));
        FlowMachine::put(call.state, std::move(copy));
      }
      return kNoNode;
    }
    default: return std::nullopt;
  }
}

std::optional<NodeId> enum_ordinal(FlowCall& call) {
  const FlowObject* object = call.machine.object(call.state, call.arg(0));
  if (object == nullptr || object->get(kOrdinalField) == kNoNode) return std::nullopt;
  return object->get(kOrdinalField);
}
std::optional<NodeId> enum_name(FlowCall& call) {
  const NodeId name = call.machine.enum_text(call.state, call.arg(0), call.site);
  if (name == kNoNode) return std::nullopt;
  return name;
}

std::optional<NodeId> get_class(FlowCall& call) {
  const ClassId type = call.machine.class_of(call.state, call.arg(0));
  if (type == kNoId) return std::nullopt;
  return call.graph.class_constant(call.machine.index().descriptor(type), call.site);
}
std::optional<NodeId> class_name(FlowCall& call) {
  const FlowNode& node = call.graph.at(call.arg(0));
  if (node.op != FlowOp::kClass) return std::nullopt;
  std::string name = dotted_class_name(node.text);
  if (call.name == "getSimpleName") name = name.substr(name.find_last_of(".$") + 1);
  return call.graph.string(name, call.site);
}

std::optional<NodeId> equal(FlowCall& call) {
  if (call.args.size() != 2) return std::nullopt;
  const NodeId a = call.arg(0);
  const NodeId b = call.arg(1);
  const auto x = call.graph.constant_string(a);
  const auto y = call.graph.constant_string(b);
  if (x && y) return call.graph.integer(*x == *y ? 1 : 0, call.site);
  if (call.graph.is_object(a) && call.graph.is_object(b)) return call.graph.integer(a == b ? 1 : 0, call.site);
  const auto p = call.graph.constant_integer(a);
  const auto q = call.graph.constant_integer(b);
  if (p && q) return call.graph.integer(*p == *q ? 1 : 0, call.site);
  return call.graph.call(call.api, {a, b}, call.site);
}

std::optional<NodeId> copy_array(FlowCall& call) {
  const FlowObject* from = receiver(call, FlowObjectKind::kArray);
  if (from == nullptr) return std::nullopt;
  const FlowSnapshot content = from->content;
  const NodeId made = call.machine.new_array(call.state, content.type, content.dimensions, call.site);
  auto copy = call.machine.edit(call.state, made);
  if (!copy) return made;
  const ObjectId own = copy->content.object;
  copy->content = content;
  copy->content.object = own;
  FlowMachine::put(call.state, std::move(*copy));
  return made;
}

std::optional<NodeId> first_argument(FlowCall& call) { return call.arg(call.is_static ? 0 : 1); }
std::optional<NodeId> itself(FlowCall& call) { return call.arg(0); }
std::optional<NodeId> nothing(FlowCall& /*call*/) { return kNoNode; }

// ---- numbers ----

std::optional<NodeId> box(FlowCall& call) {
  if (parameter(call, 0).starts_with("L")) return std::nullopt;  // parses a text
  return call.arg(0);
}
std::optional<NodeId> unbox(FlowCall& call) {
  const NodeId value = call.arg(0);
  const std::string_view type = result_type(call);
  const FlowOp op = call.graph.at(value).op;
  const bool real = op == FlowOp::kFloat || op == FlowOp::kFAdd || op == FlowOp::kFSub || op == FlowOp::kFMul || op == FlowOp::kFDiv;
  if (real && type == "I") return call.graph.convert(FlowOp::kFloatToInt, value, false, call.site);
  return value;
}

std::optional<NodeId> extreme(FlowCall& call) {
  const std::string_view type = result_type(call);
  const bool reals = type == "F" || type == "D";
  return call.graph.extreme(call.name == "max" ? FlowOp::kMax : FlowOp::kMin, call.arg(0), call.arg(1), reals, type == "D", call.site);
}
std::optional<NodeId> absolute(FlowCall& call) {
  const FlowRange bounds = call.graph.range(call.arg(0));
  if (bounds.low >= 0) return call.arg(0);
  return call.graph.call("java.lang.Math.abs", {call.arg(0)}, call.site);
}
std::optional<NodeId> real_function(FlowCall& call) {
  const auto value = call.graph.constant_real(call.arg(0));
  if (!value) return call.graph.call("java.lang.Math." + std::string(call.name), {call.arg(0)}, call.site);
  double result = 0;
  if (call.name == "sqrt") {
    result = std::sqrt(*value);
  } else if (call.name == "floor") {
    result = std::floor(*value);
  } else if (call.name == "ceil") {
    result = std::ceil(*value);
  } else if (call.name == "exp") {
    result = std::exp(*value);
  } else {
    return call.graph.call("java.lang.Math." + std::string(call.name), {call.arg(0)}, call.site);
  }
  return call.graph.real(result, true, call.site);
}
std::optional<NodeId> is_infinite(FlowCall& call) {
  if (call.graph.constant_real(call.arg(0))) return call.graph.integer(0, call.site);
  return std::nullopt;
}

// ---- texts ----

std::optional<NodeId> append(FlowCall& call) {
  const FlowObject* text = receiver(call, FlowObjectKind::kText);
  if (text == nullptr) return std::nullopt;
  const NodeId old = text->get(kStateField);
  std::vector<NodeId> parts;
  if (old != kNoNode && call.graph.constant_string(old) != std::string_view{}) parts.push_back(old);
  NodeId part = call.machine.freeze(call.state, call.arg(1), call.site);
  if (const NodeId name = call.machine.enum_text(call.state, call.arg(1), call.site); name != kNoNode) part = name;
  const auto number = call.graph.constant_integer(part);
  if (number && parameter(call, 0) == "I") part = call.graph.string(std::to_string(*number), call.site);
  if (number && parameter(call, 0) == "C") part = call.graph.string(std::string(1, static_cast<char>(*number & 0x7f)), call.site);
  parts.push_back(part);
  FlowObject copy = *text;
  copy.set(kStateField, call.graph.concat(std::move(parts), call.site));
  FlowMachine::put(call.state, std::move(copy));
  return call.arg(0);
}
std::optional<NodeId> text_of(FlowCall& call) {
  const NodeId value = call.arg(0);
  if (receiver(call, FlowObjectKind::kText) != nullptr) return call.machine.freeze(call.state, value, call.site);
  if (const NodeId name = call.machine.enum_text(call.state, value, call.site); name != kNoNode) return name;
  if (call.graph.constant_string(value)) return value;
  if (const auto number = call.graph.constant_integer(value); number && (parameter(call, 0) == "I" || call.owner == "Integer")) {
    return call.graph.string(std::to_string(*number), call.site);
  }
  if (call.owner == "Object" && call.machine.object(call.state, value) != nullptr) return std::nullopt;
  return call.graph.concat({call.machine.freeze(call.state, value, call.site)}, call.site);
}
std::optional<NodeId> concat_text(FlowCall& call) { return call.graph.concat({call.arg(0), call.arg(1)}, call.site); }

std::optional<NodeId> constant_text(FlowCall& call) {
  const auto text = call.graph.constant_string(call.arg(0));
  if (!text) return call.graph.call("java.lang.String." + std::string(call.name), std::vector<NodeId>(call.args), call.site);
  if (call.name == "trim") return call.graph.string(trim(*text), call.site);
  if (call.name == "toLowerCase") return call.graph.string(to_lower(*text), call.site);
  if (call.name == "toUpperCase") {
    std::string upper(*text);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return call.graph.string(upper, call.site);
  }
  if (call.name == "length") return call.graph.integer(static_cast<std::int64_t>(text->size()), call.site);
  if (call.name == "isEmpty") return call.graph.integer(text->empty() ? 1 : 0, call.site);
  if (call.name == "split") {
    const auto separator = call.graph.constant_string(call.arg(1));
    if (!separator || separator->size() != 1) return std::nullopt;
    const std::vector<std::string> parts = split(*text, (*separator)[0]);
    const NodeId array = call.machine.new_array(call.state, "[Ljava/lang/String;", {call.graph.integer(static_cast<std::int64_t>(parts.size()))}, call.site);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      call.machine.write_array(call.state, array, call.graph.integer(static_cast<std::int64_t>(i)), call.graph.string(parts[i], call.site), call.site);
    }
    return array;
  }
  return std::nullopt;
}

// ---- arrays ----

std::optional<NodeId> array_copy(FlowCall& call) {
  // arraycopy(source, start, target, at, count)
  auto target = call.machine.edit(call.state, call.arg(2));
  if (!target) return kNoNode;
  const NodeId source = call.machine.freeze(call.state, call.arg(0), call.site);
  FlowWrite write;
  write.index = {call.arg(3)};
  write.count = call.arg(4);
  if (const auto start = call.graph.constant_integer(call.arg(1)); start == std::int64_t{0}) {
    write.value = source;
  } else {
    FlowSnapshot shifted;
    shifted.base.source = source;
    shifted.base.start = call.arg(1);
    shifted.length = call.arg(4);
    shifted.type = target->content.type;
    write.value = call.graph.snapshot(std::move(shifted), call.site);
  }
  target->content.writes.push_back(std::move(write));
  FlowMachine::put(call.state, std::move(*target));
  return kNoNode;
}
std::optional<NodeId> copy_of(FlowCall& call) {
  const FlowObject* from = receiver(call, FlowObjectKind::kArray);
  const NodeId source = call.machine.freeze(call.state, call.arg(0), call.site);
  const bool ranged = call.name == "copyOfRange";
  const NodeId length = ranged ? call.graph.subtract(call.arg(2), call.arg(1)) : call.arg(1);
  const NodeId made = call.machine.new_array(call.state, from != nullptr ? from->content.type : result_type(call), {length}, call.site);
  auto copy = call.machine.edit(call.state, made);
  if (!copy) return made;
  if (!ranged && from != nullptr && from->content.length != kNoNode && call.graph.same(from->content.length, length)) {
    const ObjectId own = copy->content.object;
    copy->content = from->content;
    copy->content.object = own;
  } else {
    copy->content.base.source = source;
    if (ranged) copy->content.base.start = call.arg(1);
  }
  FlowMachine::put(call.state, std::move(*copy));
  return made;
}
std::optional<NodeId> fill_array(FlowCall& call) {
  auto target = call.machine.edit(call.state, call.arg(0));
  if (!target || call.args.size() != 2) return std::nullopt;
  const std::uint32_t loop = call.graph.new_loop(call.site);
  call.graph.loop(loop).trip = target->content.length;
  call.graph.loop(loop).closed = true;
  target->content.base = {};
  target->content.writes.clear();
  target->content.writes.push_back({{call.graph.loop_variable(loop)}, call.arg(1), kNoNode, kNoNode, 1, 1});
  FlowMachine::put(call.state, std::move(*target));
  return kNoNode;
}
std::optional<NodeId> arrays_equal(FlowCall& call) {
  const FlowObject* a = call.machine.object(call.state, call.arg(0));
  const FlowObject* b = call.machine.object(call.state, call.arg(1));
  if (a == nullptr || b == nullptr) return std::nullopt;
  const auto n = call.graph.constant_integer(a->content.length);
  const auto m = call.graph.constant_integer(b->content.length);
  if (!n || !m || *n > kMaxCopied) return std::nullopt;
  if (*n != *m) return call.graph.integer(0, call.site);
  for (std::int64_t i = 0; i < *n; ++i) {
    const NodeId at = call.graph.integer(i);
    const NodeId x = call.machine.read_array(call.state, call.arg(0), at, call.site);
    const NodeId y = call.machine.read_array(call.state, call.arg(1), at, call.site);
    const auto truth = call.graph.truth(call.graph.relate(FlowGraph::Relation::kEq, x, y, call.site));
    if (!truth) return std::nullopt;
    if (!*truth) return call.graph.integer(0, call.site);
  }
  return call.graph.integer(1, call.site);
}
std::optional<NodeId> as_list(FlowCall& call) {
  const FlowObject* from = receiver(call, FlowObjectKind::kArray);
  if (from == nullptr) return std::nullopt;
  const FlowSnapshot content = from->content;
  const NodeId list = call.machine.new_object(call.state, FlowObjectKind::kList, call.machine.index().find_class("Ljava/util/ArrayList;"), call.site);
  auto made = call.machine.edit(call.state, list);
  if (!made) return list;
  const ObjectId own = made->content.object;
  made->content = content;
  made->content.object = own;
  made->content.type = "list";
  FlowMachine::put(call.state, std::move(*made));
  return list;
}
std::optional<NodeId> new_instance(FlowCall& call) {
  const FlowNode& type = call.graph.at(call.arg(0));
  std::string element;
  if (type.op == FlowOp::kClass) {
    element = std::string(type.text);
  } else if (type.op == FlowOp::kField && type.text.find(";->TYPE:") != std::string_view::npos) {
    // Float.TYPE is how bytecode names float.class.
    static constexpr std::pair<std::string_view, const char*> kPrimitives[] = {
        {"Ljava/lang/Float;", "F"}, {"Ljava/lang/Double;", "D"}, {"Ljava/lang/Integer;", "I"}, {"Ljava/lang/Byte;", "B"},
        {"Ljava/lang/Long;", "J"},  {"Ljava/lang/Boolean;", "Z"}, {"Ljava/lang/Short;", "S"}, {"Ljava/lang/Character;", "C"}};
    for (const auto& [owner, letter] : kPrimitives) {
      if (type.text.starts_with(owner)) element = letter;
    }
  }
  if (element.empty()) return std::nullopt;
  std::vector<NodeId> dimensions;
  if (parameter(call, 1) == "I") {
    dimensions.push_back(call.arg(1));
  } else {
    const auto count = call.graph.constant_integer(call.machine.array_length(call.state, call.arg(1), call.site));
    if (!count || *count < 1 || *count > 8) return std::nullopt;
    for (std::int64_t i = 0; i < *count; ++i) {
      dimensions.push_back(call.machine.read_array(call.state, call.arg(1), call.graph.integer(i), call.site));
    }
  }
  const std::string array_type = std::string(dimensions.size(), '[') + element;
  return call.machine.new_array(call.state, array_type, std::move(dimensions), call.site);
}

// ---- lists ----

std::optional<NodeId> list_add(FlowCall& call) {
  if (receiver(call, FlowObjectKind::kList) == nullptr) return std::nullopt;
  auto list = call.machine.edit(call.state, call.arg(0));
  if (call.args.size() == 2) {
    list->content.writes.push_back({{list->content.length}, call.arg(1), kNoNode, kNoNode, 1, 1});
    list->content.length = call.graph.add(list->content.length, call.graph.integer(1));
  } else {
    // In the middle: the order is not followed.
    const NodeId why = call.graph.call(call.api, {call.machine.freeze(call.state, call.arg(0), call.site), call.arg(1), call.arg(2)}, call.site);
    list->content.base.source = why;
    list->content.writes.clear();
    list->content.length = call.graph.add(list->content.length, call.graph.integer(1));
  }
  FlowMachine::put(call.state, std::move(*list));
  return result_type(call) == "V" ? kNoNode : call.graph.integer(1, call.site);
}
std::optional<NodeId> map_get(FlowCall& call);
std::optional<NodeId> list_get(FlowCall& call) {
  if (receiver(call, FlowObjectKind::kMap) != nullptr) return map_get(call);
  if (receiver(call, FlowObjectKind::kList) == nullptr) {
    if (call.machine.object(call.state, call.arg(0)) != nullptr || parameter(call, 0) != "I") return std::nullopt;
    return call.graph.read(call.arg(0), {call.arg(1)}, call.site);
  }
  return call.machine.read_array(call.state, call.arg(0), call.arg(1), call.site);
}
std::optional<NodeId> list_set(FlowCall& call) {
  if (receiver(call, FlowObjectKind::kList) == nullptr) return std::nullopt;
  const NodeId old = call.machine.read_array(call.state, call.arg(0), call.arg(1), call.site);
  call.machine.write_array(call.state, call.arg(0), call.arg(1), call.arg(2), call.site);
  return old;
}
std::optional<NodeId> container_size(FlowCall& call) {
  const FlowObject* object = call.machine.object(call.state, call.arg(0));
  if (object != nullptr && (object->kind == FlowObjectKind::kList || object->kind == FlowObjectKind::kMap)) return object->content.length;
  if (object != nullptr) return std::nullopt;
  return call.graph.length(call.arg(0), call.site);
}
std::optional<NodeId> is_empty(FlowCall& call) {
  const auto size = container_size(call);
  if (!size) return std::nullopt;
  return call.graph.relate(FlowGraph::Relation::kEq, *size, call.graph.integer(0), call.site);
}
std::optional<NodeId> clear(FlowCall& call) {
  auto object = call.machine.edit(call.state, call.arg(0));
  if (!object || (object->kind != FlowObjectKind::kList && object->kind != FlowObjectKind::kMap)) return std::nullopt;
  object->content.base = {};
  object->content.writes.clear();
  object->content.length = call.graph.integer(0, call.site);
  FlowMachine::put(call.state, std::move(*object));
  return kNoNode;
}
std::optional<NodeId> iterate(FlowCall& call) {
  const FlowObject* list = call.machine.object(call.state, call.arg(0));
  if (list != nullptr && list->kind != FlowObjectKind::kList) return std::nullopt;
  const NodeId node = call.machine.new_object(call.state, FlowObjectKind::kFramework, call.machine.index().find_class("Ljava/util/Iterator;"), call.site);
  auto iterator = call.machine.edit(call.state, node);
  if (!iterator) return node;
  iterator->set(kParentField, call.arg(0));
  iterator->set(kPositionField, call.graph.integer(0));
  FlowMachine::put(call.state, std::move(*iterator));
  return node;
}
std::optional<NodeId> has_next(FlowCall& call) {
  const FlowObject* iterator = call.machine.object(call.state, call.arg(0));
  if (iterator == nullptr || iterator->get(kPositionField) == kNoNode) return std::nullopt;
  const NodeId parent = iterator->get(kParentField);
  const FlowObject* list = call.machine.object(call.state, parent);
  const NodeId length = list != nullptr ? list->content.length : call.graph.length(parent, call.site);
  return call.graph.relate(FlowGraph::Relation::kGt, length, iterator->get(kPositionField), call.site);
}
std::optional<NodeId> next_element(FlowCall& call) {
  const FlowObject* found = call.machine.object(call.state, call.arg(0));
  if (found == nullptr || found->get(kPositionField) == kNoNode) return std::nullopt;
  FlowObject iterator = *found;
  const NodeId position = iterator.get(kPositionField);
  const NodeId parent = iterator.get(kParentField);
  iterator.set(kPositionField, call.graph.add(position, call.graph.integer(1)));
  FlowMachine::put(call.state, std::move(iterator));
  if (call.machine.object(call.state, parent) != nullptr) return call.machine.read_array(call.state, parent, position, call.site);
  return call.graph.read(parent, {position}, call.site);
}
std::optional<NodeId> add_all(FlowCall& call) {
  auto list = call.machine.edit(call.state, call.arg(0));
  const FlowObject* other = call.machine.object(call.state, call.arg(1));
  if (!list || list->kind != FlowObjectKind::kList) return std::nullopt;
  const NodeId more = other != nullptr && other->content.length != kNoNode ? other->content.length : call.graph.length(call.arg(1), call.site);
  list->content.writes.push_back({{list->content.length}, call.machine.freeze(call.state, call.arg(1), call.site), kNoNode, more, 1, 1});
  list->content.length = call.graph.add(list->content.length, more);
  FlowMachine::put(call.state, std::move(*list));
  return call.graph.integer(1, call.site);
}
std::optional<NodeId> to_array(FlowCall& call) {
  const FlowObject* list = receiver(call, FlowObjectKind::kList);
  if (list == nullptr) return std::nullopt;
  const FlowSnapshot content = list->content;
  const NodeId array = call.machine.new_array(call.state, "[Ljava/lang/Object;", {content.length}, call.site);
  auto made = call.machine.edit(call.state, array);
  if (!made) return array;
  const ObjectId own = made->content.object;
  made->content = content;
  made->content.object = own;
  made->content.type = "[Ljava/lang/Object;";
  FlowMachine::put(call.state, std::move(*made));
  return array;
}

// Lines of a reader, one after the other: line n of its content.
std::optional<NodeId> read_line(FlowCall& call) {
  auto reader = call.machine.edit(call.state, call.arg(0));
  if (!reader || reader->kind != FlowObjectKind::kFramework) return std::nullopt;
  const NodeId known = reader->get(kPositionField);
  const NodeId position = known != kNoNode ? known : call.graph.integer(0);
  const NodeId lines = call.graph.call("java.io.BufferedReader.lines", {call.machine.freeze(call.state, call.arg(0), call.site)}, call.site);
  reader->set(kPositionField, call.graph.add(position, call.graph.integer(1)));
  FlowMachine::put(call.state, std::move(*reader));
  return call.graph.element(lines, position, call.site);
}

// ---- maps ----

std::optional<NodeId> map_put(FlowCall& call) {
  if (receiver(call, FlowObjectKind::kMap) == nullptr || call.args.size() < 3) return std::nullopt;
  auto map = call.machine.edit(call.state, call.arg(0));
  bool known = false;
  for (const FlowWrite& write : map->content.writes) known = known || call.graph.same(write.index[0], call.arg(1));
  map->content.writes.push_back({{call.arg(1)}, call.arg(2), kNoNode, kNoNode, 1, 1});
  if (!known) map->content.length = call.graph.add(map->content.length, call.graph.integer(1));
  FlowMachine::put(call.state, std::move(*map));
  return call.graph.null(call.site);
}
enum class Keys { kSame, kDiffer, kUnknown };
Keys compare_keys(const FlowGraph& graph, NodeId a, NodeId b) {
  if (graph.same(a, b)) return Keys::kSame;
  const auto solid = [&](NodeId id) {
    const FlowOp op = graph.at(id).op;
    return op == FlowOp::kString || op == FlowOp::kInt || op == FlowOp::kObject || op == FlowOp::kFloat || op == FlowOp::kClass;
  };
  return solid(a) && solid(b) ? Keys::kDiffer : Keys::kUnknown;
}
std::optional<NodeId> map_get(FlowCall& call) {
  const FlowObject* map = receiver(call, FlowObjectKind::kMap);
  if (map == nullptr) return std::nullopt;
  const bool contains = call.name == "containsKey";
  for (auto write = map->content.writes.rbegin(); write != map->content.writes.rend(); ++write) {
    const Keys keys = compare_keys(call.graph, write->index[0], call.arg(1));
    if (keys == Keys::kDiffer) continue;
    if (keys == Keys::kSame && write->guard == kNoNode) return contains ? call.graph.integer(1, call.site) : write->value;
    return call.graph.call(call.api, {call.machine.freeze(call.state, call.arg(0), call.site), call.arg(1)}, call.site);
  }
  if (map->content.base.source != kNoNode) return std::nullopt;
  return contains ? call.graph.integer(0, call.site) : call.graph.null(call.site);
}

// ---- threads: what is posted runs at once ----

std::optional<NodeId> run_it(FlowCall& call) {
  const NodeId task = call.arg(1);
  if (call.machine.object(call.state, task) == nullptr) return std::nullopt;
  std::optional<NodeId> value = call.machine.call_back(call, task, "run", {});
  if (!value) value = call.machine.call_back(call, task, "call", {});
  if (!value) return std::nullopt;
  if (result_type(call) == "V") return kNoNode;
  if (result_type(call) == "Z") return call.graph.integer(1, call.site);
  return call.graph.call("java.util.concurrent.Future", {*value == kNoNode ? call.graph.null() : *value}, call.site);
}
std::optional<NodeId> future_get(FlowCall& call) {
  const FlowNode& node = call.graph.at(call.arg(0));
  if (node.op == FlowOp::kCall && node.text == "java.util.concurrent.Future") return node.args[0];
  return std::nullopt;
}
std::optional<NodeId> start_thread(FlowCall& call) {
  const FlowObject* thread = call.machine.object(call.state, call.arg(0));
  if (thread == nullptr) return std::nullopt;
  const NodeId target = thread->get(kParentField);
  if (target != kNoNode && call.machine.call_back(call, target, "run", {})) return kNoNode;
  if (call.machine.call_back(call, call.arg(0), "run", {})) return kNoNode;
  return kNoNode;
}
std::optional<NodeId> thread_init(FlowCall& call) {
  auto thread = call.machine.edit(call.state, call.arg(0));
  if (!thread) return kNoNode;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    if (call.machine.object(call.state, call.args[i]) != nullptr) thread->set(kParentField, call.args[i]);
  }
  FlowMachine::put(call.state, std::move(*thread));
  return kNoNode;
}
std::optional<NodeId> async_task(FlowCall& call) {
  const NodeId input = call.args.size() > 1 ? call.args.back() : call.graph.null();
  const auto value = call.machine.call_back(call, call.arg(0), "doInBackground", {input});
  if (!value) return std::nullopt;
  call.machine.call_back(call, call.arg(0), "onPostExecute", {*value == kNoNode ? call.graph.null() : *value});
  return call.arg(0);
}

}  // namespace

const FlowModelTable& java_flow_models() {
  static const FlowModelTable kTable = {
      {"*.<init>", any_init}, {"Thread.<init>", thread_init}, {"Enum.<init>", any_init},
      {"*.ordinal", enum_ordinal}, {"Enum.name", enum_name}, {"*.name", enum_name}, {"*.getClass", get_class},
      {"Class.getName", class_name}, {"Class.getSimpleName", class_name}, {"Class.getCanonicalName", class_name},
      {"*.equals", equal}, {"*.clone", copy_array}, {"Objects.requireNonNull", first_argument},
      {"Integer.valueOf", box}, {"Float.valueOf", box}, {"Double.valueOf", box}, {"Long.valueOf", box}, {"Boolean.valueOf", box},
      {"Byte.valueOf", box}, {"Short.valueOf", box}, {"Character.valueOf", box},
      {"*.intValue", unbox}, {"*.floatValue", unbox}, {"*.doubleValue", unbox}, {"*.longValue", unbox}, {"*.booleanValue", unbox},
      {"*.byteValue", unbox},
      {"Math.max", extreme}, {"Math.min", extreme}, {"Integer.max", extreme}, {"Integer.min", extreme}, {"Float.max", extreme},
      {"Float.min", extreme}, {"Math.abs", absolute}, {"Math.sqrt", real_function}, {"Math.floor", real_function},
      {"Math.ceil", real_function}, {"Math.exp", real_function}, {"Math.log", real_function}, {"Math.round", real_function},
      {"Math.rint", real_function}, {"Float.isInfinite", is_infinite}, {"Float.isNaN", is_infinite}, {"Double.isNaN", is_infinite},
      {"Double.isInfinite", is_infinite},
      {"StringBuilder.append", append}, {"StringBuffer.append", append}, {"*.toString", text_of}, {"String.valueOf", text_of},
      {"String.concat", concat_text}, {"String.trim", constant_text}, {"String.toLowerCase", constant_text},
      {"String.toUpperCase", constant_text}, {"String.length", constant_text}, {"String.isEmpty", constant_text},
      {"String.split", constant_text},
      {"System.arraycopy", array_copy}, {"Arrays.copyOf", copy_of}, {"Arrays.copyOfRange", copy_of}, {"Arrays.fill", fill_array},
      {"Arrays.equals", arrays_equal}, {"Arrays.asList", as_list}, {"List.of", as_list}, {"Array.newInstance", new_instance},
      {"*.add", list_add}, {"*.addLast", list_add}, {"*.offer", list_add}, {"*.get", list_get}, {"List.set", list_set}, {"ArrayList.set", list_set},
      {"*.size", container_size}, {"*.isEmpty", is_empty}, {"*.clear", clear}, {"*.iterator", iterate}, {"*.hasNext", has_next},
      {"*.next", next_element}, {"*.addAll", add_all}, {"*.toArray", to_array}, {"*.put", map_put}, {"Map.get", map_get},
      {"HashMap.get", map_get}, {"LinkedHashMap.get", map_get}, {"TreeMap.get", map_get}, {"*.containsKey", map_get},
      {"BufferedReader.readLine", read_line}, {"Scanner.nextLine", read_line}, {"Collections.unmodifiableList", first_argument}, {"Collections.unmodifiableMap", first_argument},
      {"Collections.unmodifiableCollection", first_argument}, {"Collections.synchronizedList", first_argument},
      {"*.post", run_it}, {"*.postDelayed", run_it}, {"*.runOnUiThread", run_it}, {"Executor.execute", run_it},
      {"ExecutorService.execute", run_it}, {"ExecutorService.submit", run_it}, {"ScheduledExecutorService.execute", run_it},
      {"*.submit", run_it}, {"Future.get", future_get}, {"*.start", start_thread}, {"AsyncTask.execute", async_task},
      {"AsyncTask.executeOnExecutor", async_task}, {"Intrinsics.checkNotNull", nothing}, {"Intrinsics.checkExpressionValueIsNotNull", nothing},
      {"Intrinsics.checkNotNullExpressionValue", nothing}, {"Intrinsics.checkParameterIsNotNull", nothing},
      {"Intrinsics.checkNotNullParameter", nothing}, {"Intrinsics.areEqual", equal}, {"Object.notify", nothing}, {"Object.notifyAll", nothing},
      {"CharSequence.toString", text_of}, {"Object.hashCode", nullptr}, {"Iterable.iterator", iterate}, {"String.intern", itself},
  };
  return kTable;
}

}  // namespace dl::program
