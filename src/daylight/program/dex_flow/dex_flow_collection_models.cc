// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about arrays, lists, maps, iterators and readers of lines.
#include <algorithm>
#include <string>

#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

// Elements that a list or array is copied or compared by one by one.
constexpr std::int64_t kMaxCopied = 512;

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
  const FlowObject* from = call.receiver(FlowObjectKind::kArray);
  const NodeId source = call.machine.freeze(call.state, call.arg(0), call.site);
  const bool ranged = call.name == "copyOfRange";
  const NodeId length = ranged ? call.graph.subtract(call.arg(2), call.arg(1)) : call.arg(1);
  const NodeId made = call.machine.new_array(
      call.state, from != nullptr ? from->content.type : call.result_type(), {length}, call.site);
  auto copy = call.machine.edit(call.state, made);
  if (!copy) return made;
  if (!ranged && from != nullptr && from->content.length != kNoNode &&
      call.graph.same(from->content.length, length)) {
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
  target->content.writes.push_back(
      {{call.graph.loop_variable(loop)}, call.arg(1), kNoNode, kNoNode, 1, 1});
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
    const auto truth =
        call.graph.truth(call.graph.relate(FlowGraph::Relation::kEq, x, y, call.site));
    if (!truth) return std::nullopt;
    if (!*truth) return call.graph.integer(0, call.site);
  }
  return call.graph.integer(1, call.site);
}
std::optional<NodeId> as_list(FlowCall& call) {
  const FlowObject* from = call.receiver(FlowObjectKind::kArray);
  if (from == nullptr) return std::nullopt;
  const FlowSnapshot content = from->content;
  const NodeId list =
      call.machine.new_object(call.state, FlowObjectKind::kList,
                              call.machine.index().find_class("Ljava/util/ArrayList;"), call.site);
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
        {"Ljava/lang/Float;", "F"}, {"Ljava/lang/Double;", "D"},   {"Ljava/lang/Integer;", "I"},
        {"Ljava/lang/Byte;", "B"},  {"Ljava/lang/Long;", "J"},     {"Ljava/lang/Boolean;", "Z"},
        {"Ljava/lang/Short;", "S"}, {"Ljava/lang/Character;", "C"}};
    for (const auto& [owner, letter] : kPrimitives) {
      if (type.text.starts_with(owner)) element = letter;
    }
  }
  if (element.empty()) return std::nullopt;
  std::vector<NodeId> dimensions;
  if (call.parameter(1) == "I") {
    dimensions.push_back(call.arg(1));
  } else {
    const auto count =
        call.graph.constant_integer(call.machine.array_length(call.state, call.arg(1), call.site));
    if (!count || *count < 1 || *count > 8) return std::nullopt;
    for (std::int64_t i = 0; i < *count; ++i) {
      dimensions.push_back(
          call.machine.read_array(call.state, call.arg(1), call.graph.integer(i), call.site));
    }
  }
  const std::string array_type = std::string(dimensions.size(), '[') + element;
  return call.machine.new_array(call.state, array_type, std::move(dimensions), call.site);
}

// ---- lists ----

std::optional<NodeId> list_add(FlowCall& call) {
  if (call.receiver(FlowObjectKind::kList) == nullptr) return std::nullopt;
  auto list = call.machine.edit(call.state, call.arg(0));
  if (call.args.size() == 2) {
    list->content.writes.push_back({{list->content.length}, call.arg(1), kNoNode, kNoNode, 1, 1});
    list->content.length = call.graph.add(list->content.length, call.graph.integer(1));
  } else {
    // In the middle: the order is not followed.
    const NodeId why = call.graph.call(
        call.api,
        {call.machine.freeze(call.state, call.arg(0), call.site), call.arg(1), call.arg(2)},
        call.site);
    list->content.base.source = why;
    list->content.writes.clear();
    list->content.length = call.graph.add(list->content.length, call.graph.integer(1));
  }
  FlowMachine::put(call.state, std::move(*list));
  return call.result_type() == "V" ? kNoNode : call.graph.integer(1, call.site);
}
std::optional<NodeId> map_get(FlowCall& call);
std::optional<NodeId> list_get(FlowCall& call) {
  if (call.receiver(FlowObjectKind::kMap) != nullptr) return map_get(call);
  if (call.receiver(FlowObjectKind::kList) == nullptr) {
    if (call.machine.object(call.state, call.arg(0)) != nullptr || call.parameter(0) != "I")
      return std::nullopt;
    return call.graph.read(call.arg(0), {call.arg(1)}, call.site);
  }
  return call.machine.read_array(call.state, call.arg(0), call.arg(1), call.site);
}
std::optional<NodeId> list_set(FlowCall& call) {
  if (call.receiver(FlowObjectKind::kList) == nullptr) return std::nullopt;
  const NodeId old = call.machine.read_array(call.state, call.arg(0), call.arg(1), call.site);
  call.machine.write_array(call.state, call.arg(0), call.arg(1), call.arg(2), call.site);
  return old;
}
std::optional<NodeId> container_size(FlowCall& call) {
  const FlowObject* object = call.machine.object(call.state, call.arg(0));
  if (object != nullptr &&
      (object->kind == FlowObjectKind::kList || object->kind == FlowObjectKind::kMap))
    return object->content.length;
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
  if (!object || (object->kind != FlowObjectKind::kList && object->kind != FlowObjectKind::kMap))
    return std::nullopt;
  object->content.base = {};
  object->content.writes.clear();
  object->content.length = call.graph.integer(0, call.site);
  FlowMachine::put(call.state, std::move(*object));
  return kNoNode;
}
std::optional<NodeId> iterate(FlowCall& call) {
  const FlowObject* list = call.machine.object(call.state, call.arg(0));
  if (list != nullptr && list->kind != FlowObjectKind::kList) return std::nullopt;
  const NodeId node =
      call.machine.new_object(call.state, FlowObjectKind::kFramework,
                              call.machine.index().find_class("Ljava/util/Iterator;"), call.site);
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
  const NodeId length =
      list != nullptr ? list->content.length : call.graph.length(parent, call.site);
  return call.graph.relate(FlowGraph::Relation::kGt, length, iterator->get(kPositionField),
                           call.site);
}
std::optional<NodeId> next_element(FlowCall& call) {
  const FlowObject* found = call.machine.object(call.state, call.arg(0));
  if (found == nullptr || found->get(kPositionField) == kNoNode) return std::nullopt;
  FlowObject iterator = *found;
  const NodeId position = iterator.get(kPositionField);
  const NodeId parent = iterator.get(kParentField);
  iterator.set(kPositionField, call.graph.add(position, call.graph.integer(1)));
  FlowMachine::put(call.state, std::move(iterator));
  if (call.machine.object(call.state, parent) != nullptr)
    return call.machine.read_array(call.state, parent, position, call.site);
  return call.graph.read(parent, {position}, call.site);
}
std::optional<NodeId> add_all(FlowCall& call) {
  auto list = call.machine.edit(call.state, call.arg(0));
  const FlowObject* other = call.machine.object(call.state, call.arg(1));
  if (!list || list->kind != FlowObjectKind::kList) return std::nullopt;
  const NodeId more = other != nullptr && other->content.length != kNoNode
                          ? other->content.length
                          : call.graph.length(call.arg(1), call.site);
  list->content.writes.push_back({{list->content.length},
                                  call.machine.freeze(call.state, call.arg(1), call.site),
                                  kNoNode,
                                  more,
                                  1,
                                  1});
  list->content.length = call.graph.add(list->content.length, more);
  FlowMachine::put(call.state, std::move(*list));
  return call.graph.integer(1, call.site);
}
std::optional<NodeId> to_array(FlowCall& call) {
  const FlowObject* list = call.receiver(FlowObjectKind::kList);
  if (list == nullptr) return std::nullopt;
  const FlowSnapshot content = list->content;
  const NodeId array =
      call.machine.new_array(call.state, "[Ljava/lang/Object;", {content.length}, call.site);
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
  const NodeId lines =
      call.graph.call("java.io.BufferedReader.lines",
                      {call.machine.freeze(call.state, call.arg(0), call.site)}, call.site);
  reader->set(kPositionField, call.graph.add(position, call.graph.integer(1)));
  FlowMachine::put(call.state, std::move(*reader));
  return call.graph.element(lines, position, call.site);
}

// ---- maps ----

std::optional<NodeId> map_put(FlowCall& call) {
  if (call.receiver(FlowObjectKind::kMap) == nullptr || call.args.size() < 3) return std::nullopt;
  auto map = call.machine.edit(call.state, call.arg(0));
  bool known = false;
  for (const FlowWrite& write : map->content.writes)
    known = known || call.graph.same(write.index[0], call.arg(1));
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
    return op == FlowOp::kString || op == FlowOp::kInt || op == FlowOp::kObject ||
           op == FlowOp::kFloat || op == FlowOp::kClass;
  };
  return solid(a) && solid(b) ? Keys::kDiffer : Keys::kUnknown;
}
std::optional<NodeId> map_get(FlowCall& call) {
  const FlowObject* map = call.receiver(FlowObjectKind::kMap);
  if (map == nullptr) return std::nullopt;
  const bool contains = call.name == "containsKey";
  for (auto write = map->content.writes.rbegin(); write != map->content.writes.rend(); ++write) {
    const Keys keys = compare_keys(call.graph, write->index[0], call.arg(1));
    if (keys == Keys::kDiffer) continue;
    if (keys == Keys::kSame && write->guard == kNoNode)
      return contains ? call.graph.integer(1, call.site) : write->value;
    return call.graph.call(call.api,
                           {call.machine.freeze(call.state, call.arg(0), call.site), call.arg(1)},
                           call.site);
  }
  if (map->content.base.source != kNoNode) return std::nullopt;
  return contains ? call.graph.integer(0, call.site) : call.graph.null(call.site);
}

}  // namespace

const FlowModelTable& collection_flow_models() {
  static const FlowModelTable kTable = {
      {"System.arraycopy", array_copy},
      {"Arrays.copyOf", copy_of},
      {"Arrays.copyOfRange", copy_of},
      {"Arrays.fill", fill_array},
      {"Arrays.equals", arrays_equal},
      {"Arrays.asList", as_list},
      {"List.of", as_list},
      {"Array.newInstance", new_instance},
      {"*.add", list_add},
      {"*.addLast", list_add},
      {"*.offer", list_add},
      {"*.get", list_get},
      {"List.set", list_set},
      {"ArrayList.set", list_set},
      {"*.size", container_size},
      {"*.isEmpty", is_empty},
      {"*.clear", clear},
      {"*.iterator", iterate},
      {"*.hasNext", has_next},
      {"*.next", next_element},
      {"*.addAll", add_all},
      {"*.toArray", to_array},
      {"*.put", map_put},
      {"Map.get", map_get},
      {"HashMap.get", map_get},
      {"LinkedHashMap.get", map_get},
      {"TreeMap.get", map_get},
      {"*.containsKey", map_get},
      {"BufferedReader.readLine", read_line},
      {"Scanner.nextLine", read_line},
      {"Iterable.iterator", iterate},
  };
  return kTable;
}

}  // namespace dl::program
