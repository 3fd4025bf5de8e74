// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about java.nio: buffers of bytes, views of them as floats or ints,
// positions.
#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

// A buffer, or a view with elements of several bytes over another buffer.
struct View {
  NodeId root = kNoNode;      // the buffer that holds the bytes
  std::int64_t unit = 1;      // bytes of one element of the view
  NodeId start = kNoNode;     // the view's first byte
  NodeId position = kNoNode;  // in elements
};

std::optional<View> view_of(FlowCall& call, NodeId node) {
  const FlowObject* object = call.machine.object(call.state, node);
  if (object == nullptr || object->kind != FlowObjectKind::kBuffer) return std::nullopt;
  View view;
  view.root = object->get(kParentField) != kNoNode ? object->get(kParentField) : node;
  view.unit = call.graph.constant_integer(object->get(kUnitField)).value_or(1);
  view.start =
      object->get(kStartField) != kNoNode ? object->get(kStartField) : call.graph.integer(0);
  view.position = object->get(kPositionField);
  return view;
}

void set_field(FlowCall& call, NodeId node, FieldId field, NodeId value) {
  auto object = call.machine.edit(call.state, node);
  if (!object) return;
  object->set(field, value);
  FlowMachine::put(call.state, std::move(*object));
}

NodeId make_buffer(FlowCall& call, NodeId bytes, NodeId elements, std::int64_t unit) {
  const NodeId node =
      call.machine.new_object(call.state, FlowObjectKind::kBuffer, call.proto.result, call.site);
  auto made = call.machine.edit(call.state, node);
  if (!made) return node;
  made->content.length = bytes;
  made->content.type = "bytes";
  made->set(kPositionField, call.graph.integer(0));
  made->set(kLimitField, elements);
  made->set(kUnitField, call.graph.integer(unit));
  FlowMachine::put(call.state, std::move(*made));
  return node;
}

std::int64_t unit_of_owner(std::string_view owner) {
  if (owner == "FloatBuffer" || owner == "IntBuffer") return 4;
  if (owner == "DoubleBuffer" || owner == "LongBuffer") return 8;
  if (owner == "ShortBuffer" || owner == "CharBuffer") return 2;
  return 1;
}

std::optional<NodeId> allocate(FlowCall& call) {
  const std::int64_t unit = unit_of_owner(call.owner);
  return make_buffer(call, call.graph.scale(call.arg(0), unit), call.arg(0), unit);
}

std::optional<NodeId> wrap(FlowCall& call) {
  const std::int64_t unit = unit_of_owner(call.owner);
  const NodeId elements = call.machine.array_length(call.state, call.arg(0), call.site);
  const NodeId node = make_buffer(call, call.graph.scale(elements, unit), elements, unit);
  auto made = call.machine.edit(call.state, node);
  if (!made) return node;
  made->content.base.source = call.machine.freeze(call.state, call.arg(0), call.site);
  made->content.base.divide = unit;
  FlowMachine::put(call.state, std::move(*made));
  return node;
}

std::optional<NodeId> as_view(FlowCall& call) {
  const auto from = view_of(call, call.arg(0));
  if (!from) return std::nullopt;
  const std::int64_t unit = call.name == "asFloatBuffer" || call.name == "asIntBuffer"
                                ? 4
                                : (call.name == "asDoubleBuffer" || call.name == "asLongBuffer"
                                       ? 8
                                       : (call.name == "asShortBuffer" ? 2 : 1));
  const FlowObject* parent = call.machine.object(call.state, call.arg(0));
  const NodeId limit = parent->get(kLimitField);
  NodeId elements = kNoNode;
  if (limit != kNoNode) {
    const NodeId left = call.graph.scale(call.graph.subtract(limit, from->position), from->unit);
    elements = call.graph.integer_op(FlowOp::kDiv, left, call.graph.integer(unit), call.site);
  }
  const NodeId node = make_buffer(call, kNoNode, elements, unit);
  auto made = call.machine.edit(call.state, node);
  if (!made) return node;
  made->set(kParentField, from->root);
  made->set(kStartField, call.graph.add(from->start, call.graph.scale(from->position, from->unit)));
  FlowMachine::put(call.state, std::move(*made));
  return node;
}

// Bytes that get/put of one value move; 0 where it moves one element of the view.
std::int64_t bytes_of(std::string_view name) {
  if (name.ends_with("Float") || name.ends_with("Int")) return 4;
  if (name.ends_with("Double") || name.ends_with("Long")) return 8;
  if (name.ends_with("Short") || name.ends_with("Char")) return 2;
  return 0;
}

NodeId byte_at(FlowCall& call, const View& view, NodeId position) {
  return call.graph.add(view.start, call.graph.scale(position, view.unit));
}

// A model's output behind a buffer reads as its elements, whatever their size in bytes.
NodeId read_bytes(FlowCall& call, const View& view, NodeId place, std::int64_t width) {
  if (const FlowObject* root = call.machine.object(call.state, view.root))
    call.machine.note_read(root->id, {place});
  const NodeId value =
      call.machine.object(call.state, view.root) == nullptr
          ? kNoNode
          : call.graph.read_from(call.machine.object(call.state, view.root)->content, {place},
                                 call.site);
  if (value == kNoNode) {
    const NodeId whole = call.machine.freeze(call.state, view.root, call.site);
    return call.graph.element(whole, place, call.site);
  }
  const FlowNode node = call.graph.at(value);
  if (node.op == FlowOp::kElement && call.graph.at(node.args[0]).op == FlowOp::kCall &&
      call.graph.at(node.args[0]).text == "bytes") {
    const NodeId output = call.graph.at(node.args[0]).args[0];
    const NodeId index =
        call.graph.integer_op(FlowOp::kDiv, node.args[1], call.graph.integer(width), call.site);
    return call.graph.element(call.graph.call("flat", {output}, kNoSite), index, call.site);
  }
  return value;
}

std::optional<NodeId> put_value(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  auto root = call.machine.edit(call.state, view->root);
  if (!root) return std::nullopt;
  const std::int64_t width = bytes_of(call.name) != 0 ? bytes_of(call.name) : view->unit;
  const bool absolute =
      call.args.size() == 3 && call.parameter(0) == "I" && !call.parameter(1).starts_with("[");
  const NodeId value = call.arg(absolute ? 2 : 1);
  const NodeId place = byte_at(call, *view, absolute ? call.arg(1) : view->position);
  root->content.writes.push_back({{place}, value, kNoNode, kNoNode, 1, 1});
  FlowMachine::put(call.state, std::move(*root));
  if (!absolute) {
    set_field(call, call.arg(0), kPositionField,
              call.graph.add(view->position, call.graph.integer(width / view->unit)));
  }
  return call.arg(0);
}

// put(array), put(array, offset, count), put(buffer)
std::optional<NodeId> put_many(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  auto root = call.machine.edit(call.state, view->root);
  if (!root) return std::nullopt;
  NodeId count = kNoNode;
  FlowWrite write;
  write.index = {byte_at(call, *view, view->position)};
  if (const auto source = view_of(call, call.arg(1))) {
    const FlowObject* from = call.machine.object(call.state, call.arg(1));
    const NodeId limit = from->get(kLimitField);
    const FlowObject* from_root = call.machine.object(call.state, source->root);
    count = limit != kNoNode ? call.graph.subtract(limit, source->position)
                             : call.graph.unknown("count", {}, call.site);
    FlowSnapshot part;
    part.base.source = from_root != nullptr
                           ? call.machine.freeze(call.state, source->root, call.site)
                           : source->root;
    part.base.start = byte_at(call, *source, source->position);
    part.type = "bytes";
    part.length = call.graph.scale(count, source->unit);
    write.value = call.graph.constant_integer(part.base.start) == std::int64_t{0}
                      ? part.base.source
                      : call.graph.snapshot(part, call.site);
    set_field(call, call.arg(1), kPositionField,
              limit != kNoNode ? limit : call.graph.unknown("position", {}, call.site));
  } else {
    const NodeId array = call.machine.freeze(call.state, call.arg(1), call.site);
    count = call.args.size() >= 4 ? call.arg(3)
                                  : call.machine.array_length(call.state, call.arg(1), call.site);
    write.value = array;
    if (call.args.size() >= 4 && call.graph.constant_integer(call.arg(2)) != std::int64_t{0}) {
      FlowSnapshot part;
      part.base.source = array;
      part.base.start = call.arg(2);
      part.length = count;
      write.value = call.graph.snapshot(std::move(part), call.site);
    }
    write.divide = view->unit;
  }
  write.count = call.graph.scale(count, view->unit);
  const bool from_start = call.graph.constant_integer(write.index[0]) == std::int64_t{0};
  if (from_start && root->content.length != kNoNode &&
      call.graph.same(root->content.length, write.count)) {
    // All of it: what was there before is gone.
    root->content.base = {};
    root->content.base.source = write.value;
    root->content.base.divide = write.divide;
    root->content.writes.clear();
  } else {
    root->content.writes.push_back(std::move(write));
  }
  FlowMachine::put(call.state, std::move(*root));
  set_field(call, call.arg(0), kPositionField, call.graph.add(view->position, count));
  return call.arg(0);
}

std::optional<NodeId> put_any(FlowCall& call) {
  const std::string_view type = call.parameter(0);
  if (type.starts_with("[") || type.starts_with("L")) return put_many(call);
  return put_value(call);
}

std::optional<NodeId> get_any(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) {
    // A buffer that the app did not make: a model's answer, a mapped file.
    if (call.args.size() == 2 && call.parameter(0) == "I" &&
        call.machine.object(call.state, call.arg(0)) == nullptr) {
      return call.graph.read(call.arg(0), {call.arg(1)}, call.site);
    }
    return std::nullopt;
  }
  const std::int64_t width = bytes_of(call.name) != 0 ? bytes_of(call.name) : view->unit;
  if (call.parameter(0).starts_with("[")) {
    auto array = call.machine.edit(call.state, call.arg(1));
    if (!array) return std::nullopt;
    const NodeId place = byte_at(call, *view, view->position);
    const FlowObject* root = call.machine.object(call.state, view->root);
    const NodeId count = call.args.size() >= 4 ? call.arg(3) : array->content.length;
    array->content.base = {};
    array->content.writes.clear();
    const FlowNode* bytes = nullptr;
    if (root != nullptr && root->content.writes.empty() && root->content.base.source != kNoNode &&
        root->content.base.divide == 1) {
      const FlowNode& source = call.graph.at(root->content.base.source);
      if (source.op == FlowOp::kCall && source.text == "bytes") bytes = &source;
    }
    if (bytes != nullptr && call.graph.constant_integer(place) == std::int64_t{0}) {
      array->content.base.source = call.graph.call("flat", {bytes->args[0]}, kNoSite);
    } else {
      array->content.base.source = call.machine.freeze(call.state, view->root, call.site);
      array->content.base.multiply = view->unit;
      array->content.base.start = place;
    }
    FlowMachine::put(call.state, std::move(*array));
    if (count != kNoNode)
      set_field(call, call.arg(0), kPositionField, call.graph.add(view->position, count));
    return call.arg(0);
  }
  const bool absolute = call.args.size() == 2;
  const NodeId place = byte_at(call, *view, absolute ? call.arg(1) : view->position);
  if (!absolute)
    set_field(call, call.arg(0), kPositionField,
              call.graph.add(view->position, call.graph.integer(width / view->unit)));
  return read_bytes(call, *view, place, width);
}

std::optional<NodeId> rewind(FlowCall& call) {
  if (!view_of(call, call.arg(0))) return std::nullopt;
  if (call.name == "flip") {
    set_field(call, call.arg(0), kLimitField,
              call.machine.object(call.state, call.arg(0))->get(kPositionField));
  }
  set_field(call, call.arg(0), kPositionField, call.graph.integer(0));
  return call.arg(0);
}
std::optional<NodeId> order(FlowCall& call) {
  if (call.args.size() == 2 && view_of(call, call.arg(0))) return call.arg(0);
  return std::nullopt;
}
std::optional<NodeId> position(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  if (call.args.size() == 1) return view->position;
  set_field(call, call.arg(0), kPositionField, call.arg(1));
  return call.arg(0);
}
std::optional<NodeId> limit(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  const NodeId current = call.machine.object(call.state, call.arg(0))->get(kLimitField);
  if (call.args.size() == 2) {
    set_field(call, call.arg(0), kLimitField, call.arg(1));
    return call.arg(0);
  }
  if (current == kNoNode) return std::nullopt;
  return current;
}
std::optional<NodeId> remaining(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  const NodeId end = call.machine.object(call.state, call.arg(0))->get(kLimitField);
  if (end == kNoNode) return std::nullopt;
  if (call.name == "hasRemaining")
    return call.graph.relate(FlowGraph::Relation::kGt, end, view->position, call.site);
  return call.graph.subtract(end, view->position);
}
std::optional<NodeId> capacity(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  const FlowObject* root = view ? call.machine.object(call.state, view->root) : nullptr;
  if (root == nullptr || root->content.length == kNoNode) return std::nullopt;
  return call.graph.integer_op(FlowOp::kDiv, root->content.length, call.graph.integer(view->unit),
                               call.site);
}
std::optional<NodeId> is_read_only(FlowCall& call) {
  if (!view_of(call, call.arg(0))) return std::nullopt;
  return call.graph.integer(0, call.site);
}
std::optional<NodeId> same_bytes(FlowCall& call) {
  if (!view_of(call, call.arg(0))) return std::nullopt;
  return call.arg(0);
}
std::optional<NodeId> backing_array(FlowCall& call) {
  const auto view = view_of(call, call.arg(0));
  if (!view) return std::nullopt;
  const FlowObject* root = call.machine.object(call.state, view->root);
  const std::string type =
      call.owner == "FloatBuffer" ? "[F" : (call.owner == "IntBuffer" ? "[I" : "[B");
  const NodeId bytes = root->content.length != kNoNode
                           ? root->content.length
                           : call.graph.unknown("length", {}, call.site);
  const NodeId array = call.machine.new_array(
      call.state, type,
      {call.graph.integer_op(FlowOp::kDiv, bytes, call.graph.integer(view->unit), call.site)},
      call.site);
  auto made = call.machine.edit(call.state, array);
  if (!made) return array;
  const FlowObject* now = call.machine.object(call.state, view->root);
  const FlowNode* source = now->content.base.source != kNoNode && now->content.writes.empty()
                               ? &call.graph.at(now->content.base.source)
                               : nullptr;
  if (source != nullptr && source->op == FlowOp::kCall && source->text == "bytes") {
    made->content.base.source = call.graph.call("flat", {source->args[0]}, kNoSite);
  } else {
    made->content.base.source = call.machine.freeze(call.state, view->root, call.site);
    made->content.base.multiply = view->unit;
  }
  FlowMachine::put(call.state, std::move(*made));
  return array;
}

}  // namespace

const FlowModelTable& buffer_flow_models() {
  static const FlowModelTable kTable = [] {
    FlowModelTable table;
    static constexpr std::pair<std::string_view, FlowModel> kMethods[] = {
        {"allocate", allocate},
        {"allocateDirect", allocate},
        {"wrap", wrap},
        {"asFloatBuffer", as_view},
        {"asIntBuffer", as_view},
        {"asShortBuffer", as_view},
        {"asDoubleBuffer", as_view},
        {"asLongBuffer", as_view},
        {"put", put_any},
        {"putFloat", put_value},
        {"putInt", put_value},
        {"putShort", put_value},
        {"putDouble", put_value},
        {"putLong", put_value},
        {"putChar", put_value},
        {"get", get_any},
        {"getFloat", get_any},
        {"getInt", get_any},
        {"getShort", get_any},
        {"getDouble", get_any},
        {"getLong", get_any},
        {"rewind", rewind},
        {"clear", rewind},
        {"flip", rewind},
        {"order", order},
        {"position", position},
        {"limit", limit},
        {"remaining", remaining},
        {"hasRemaining", remaining},
        {"capacity", capacity},
        {"isReadOnly", is_read_only},
        {"duplicate", same_bytes},
        {"asReadOnlyBuffer", same_bytes},
        {"array", backing_array}};
    static constexpr std::string_view kOwners[] = {"Buffer",       "ByteBuffer", "MappedByteBuffer",
                                                   "FloatBuffer",  "IntBuffer",  "ShortBuffer",
                                                   "DoubleBuffer", "LongBuffer"};
    static std::vector<std::string> names;
    names.reserve(std::size(kOwners) * std::size(kMethods));
    for (const std::string_view owner : kOwners) {
      for (const auto& [method, model] : kMethods) {
        names.push_back(std::string(owner) + "." + std::string(method));
        table.emplace(names.back(), model);
      }
    }
    return table;
  }();
  return kTable;
}

}  // namespace dl::program
