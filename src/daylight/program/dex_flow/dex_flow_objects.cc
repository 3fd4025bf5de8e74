// SPDX-License-Identifier: Apache-2.0
// Objects, arrays and fields of the interpreter; what a field holds when the method that set it ran
// elsewhere.
#include <algorithm>

#include "daylight/program/dex_flow/dex_flow_machine.h"

namespace dl::program {
namespace {

// Entries that are run to learn what one field holds.
constexpr std::size_t kMaxFieldWriters = 6;
// Values of one field that are kept apart.
constexpr std::size_t kMaxFieldValues = 6;

}  // namespace

const FlowObject* FlowMachine::object(const FlowState& state, NodeId node) const {
  if (node == kNoNode || !graph_->is_object(node)) return nullptr;
  const auto id = static_cast<ObjectId>(graph_->at(node).integer);
  const FlowObject* own = state.heap.find(id);
  return own != nullptr ? own : global_.find(id);
}

std::optional<FlowObject> FlowMachine::edit(const FlowState& state, NodeId node) const {
  const FlowObject* found = object(state, node);
  if (found == nullptr) return std::nullopt;
  return *found;
}

void FlowMachine::put(FlowState& state, FlowObject object) {
  state.heap.put(std::make_shared<const FlowObject>(std::move(object)));
}

NodeId FlowMachine::new_object(FlowState& state, FlowObjectKind kind, ClassId type, SiteId at) {
  if (next_object_ >= kMaxFlowObjects) return graph_->unknown("object limit", {}, at);
  FlowObject made;
  made.id = next_object_++;
  made.kind = kind;
  made.type = type;
  made.site = at;
  if (kind == FlowObjectKind::kList || kind == FlowObjectKind::kMap) {
    made.content.length = graph_->integer(0);
    made.content.type = kind == FlowObjectKind::kList ? "list" : "map";
  }
  made.content.object = made.id;
  const ObjectId id = made.id;
  put(state, std::move(made));
  return graph_->object(id);
}

NodeId FlowMachine::new_array(FlowState& state, std::string_view type,
                              std::vector<NodeId> dimensions, SiteId at) {
  const NodeId node = new_object(state, FlowObjectKind::kArray, index().find_class(type), at);
  auto made = edit(state, node);
  if (!made) return node;
  made->content.type = graph_->intern(type);
  made->content.length = dimensions.empty() ? kNoNode : dimensions[0];
  made->content.dimensions = std::move(dimensions);
  put(state, std::move(*made));
  return node;
}

namespace {

// The array object at the root of a view like a[i][j], and the indices on the way.
NodeId root_of(const FlowGraph& graph, NodeId array, std::vector<NodeId>& path) {
  std::vector<NodeId> reversed;
  while (graph.at(array).op == FlowOp::kElement) {
    reversed.push_back(graph.at(array).args[1]);
    array = graph.at(array).args[0];
  }
  path.assign(reversed.rbegin(), reversed.rend());
  return array;
}

}  // namespace

NodeId FlowMachine::read_array(FlowState& state, NodeId array, NodeId index, SiteId at, int depth) {
  if (array == kNoNode) return graph_->unknown("element", {}, at);
  const FlowNode node = graph_->at(array);
  if (node.op == FlowOp::kSelect && depth < kMaxFlowChoices &&
      (object(state, node.args[1]) != nullptr || object(state, node.args[2]) != nullptr)) {
    const NodeId yes = read_array(state, node.args[1], index, at, depth + 1);
    const NodeId no = read_array(state, node.args[2], index, at, depth + 1);
    return graph_->select(node.args[0], yes, no, at);
  }
  std::vector<NodeId> path;
  const NodeId root = root_of(*graph_, array, path);
  path.push_back(index);
  const FlowObject* found = object(state, root);
  if (found == nullptr ||
      (found->kind != FlowObjectKind::kArray && found->kind != FlowObjectKind::kList)) {
    return graph_->read(array, {index}, at);
  }
  if (path.size() >= found->content.dimensions.size()) note_read(found->id, path);
  const NodeId value = graph_->read_from(found->content, path, at);
  if (value != kNoNode) return value;
  if (path.size() < found->content.dimensions.size()) return graph_->element(array, index, at);
  NodeId result = freeze(state, root, at);
  for (const NodeId step : path) result = graph_->element(result, step, at);
  return result;
}

void FlowMachine::write_array(FlowState& state, NodeId array, NodeId index, NodeId value,
                              SiteId /*at*/) {
  if (array == kNoNode) return;
  const FlowNode node = graph_->at(array);
  if (node.op == FlowOp::kSelect || node.op == FlowOp::kChoice) {
    for (const NodeId option : node.args) {
      if (object(state, option) != nullptr)
        havoc(state, option, graph_->unknown("stored through a choice", {value}));
    }
    return;
  }
  std::vector<NodeId> path;
  const NodeId root = root_of(*graph_, array, path);
  path.push_back(index);
  auto found = edit(state, root);
  if (!found) return;
  const std::string_view type = found->content.type;
  const std::size_t depth = path.size();
  const std::string_view element =
      type.size() > depth && type[0] == '[' ? type.substr(depth) : std::string_view{};
  found->content.writes.push_back(
      {std::move(path), graph_->as_type(value, element), kNoNode, kNoNode, 1, 1});
  put(state, std::move(*found));
}

NodeId FlowMachine::array_length(const FlowState& state, NodeId array, SiteId at, int depth) {
  if (array == kNoNode) return graph_->unknown("length", {}, at);
  std::vector<NodeId> path;
  const NodeId root = root_of(*graph_, array, path);
  if (const FlowObject* found = object(state, root)) {
    if (path.empty() && found->content.length != kNoNode) return found->content.length;
    if (path.size() < found->content.dimensions.size())
      return found->content.dimensions[path.size()];
  }
  if (graph_->at(array).op == FlowOp::kSelect && depth < kMaxFlowChoices) {
    const FlowNode node = graph_->at(array);
    return graph_->select(node.args[0], array_length(state, node.args[1], at, depth + 1),
                          array_length(state, node.args[2], at, depth + 1), at);
  }
  return graph_->length(array, at);
}

NodeId FlowMachine::freeze(const FlowState& state, NodeId node, SiteId at, int depth) {
  const FlowObject* found = object(state, node);
  if (found == nullptr || depth <= 0) {
    if (node == kNoNode || depth <= 0) return node;
    const FlowNode from = graph_->at(node);
    if (from.op == FlowOp::kElement) {
      // A row of an array that may still change.
      std::vector<NodeId> path;
      const NodeId root = root_of(*graph_, node, path);
      if (object(state, root) == nullptr) return node;
      NodeId result = freeze(state, root, at, depth);
      for (const NodeId step : path) result = graph_->element(result, step, at);
      return result;
    }
    if (from.op == FlowOp::kSelect) {
      return graph_->select(from.args[0], freeze(state, from.args[1], at, depth - 1),
                            freeze(state, from.args[2], at, depth - 1), at);
    }
    if (from.op == FlowOp::kChoice) {
      std::vector<NodeId> options;
      for (const NodeId option : from.args) options.push_back(freeze(state, option, at, depth - 1));
      return graph_->choice(options);
    }
    return node;
  }
  switch (found->kind) {
    case FlowObjectKind::kText: {
      const NodeId text = found->get(kStateField);
      return text != kNoNode ? text : graph_->string("", at);
    }
    case FlowObjectKind::kFramework: {
      const NodeId history = found->get(kStateField);
      if (history != kNoNode) return history;
      return graph_->call("new " + dotted_class_name(index().descriptor(found->type)), {},
                          found->site);
    }
    case FlowObjectKind::kInstance:
    case FlowObjectKind::kStatics:
      return node;
    default:
      break;
  }
  FlowSnapshot content = found->content;
  for (FlowWrite& write : content.writes) {
    if (write.value != kNoNode &&
        (graph_->is_object(write.value) || graph_->at(write.value).op == FlowOp::kElement)) {
      write.value = freeze(state, write.value, at, depth - 1);
    }
  }
  if (content.length == kNoNode) content.length = found->get(kLimitField);
  return graph_->snapshot(std::move(content), found->site);
}

void FlowMachine::havoc(FlowState& state, NodeId node, NodeId why) {
  std::vector<NodeId> path;
  const NodeId root = root_of(*graph_, node, path);
  auto found = edit(state, root);
  if (!found) return;
  if (found->kind == FlowObjectKind::kFramework) {
    found->set(kStateField, why);
  } else {
    found->content.base = {};
    found->content.base.source = why;
    found->content.writes.clear();
  }
  put(state, std::move(*found));
}

void FlowMachine::fill_output(FlowState& state, NodeId container, NodeId output, SiteId at,
                              int depth) {
  if (depth > 5) return;
  const FlowNode node = graph_->at(container);
  if (node.op == FlowOp::kSelect || node.op == FlowOp::kChoice) {
    for (std::size_t i = node.op == FlowOp::kSelect ? 1 : 0; i < node.args.size(); ++i) {
      fill_output(state, node.args[i], output, at, depth + 1);
    }
    return;
  }
  auto found = edit(state, container);
  if (!found) return;
  if (found->kind == FlowObjectKind::kBuffer) {
    const NodeId parent = found->get(kParentField);
    if (parent != kNoNode) {
      fill_output(state, parent, output, at, depth + 1);
      return;
    }
    output = graph_->call("bytes", {output}, at);
  } else if (found->kind == FlowObjectKind::kArray) {
    for (const FlowWrite& write : found->content.writes) {
      if (write.index.size() == 1 && graph_->is_object(write.value)) {
        fill_output(state, write.value, graph_->element(output, write.index[0], at), at, depth + 1);
      }
    }
  }
  found->content.base = {};
  found->content.base.source = output;
  found->content.writes.clear();
  put(state, std::move(*found));
}

ClassId FlowMachine::class_of(const FlowState& state, NodeId node) const {
  if (node == kNoNode) return kNoId;
  if (const FlowObject* found = object(state, node)) return found->type;
  const FlowNode& from = graph_->at(node);
  if (from.op == FlowOp::kField && !from.text.empty()) {
    const std::size_t colon = from.text.rfind(':');
    if (colon != std::string_view::npos) return index().find_class(from.text.substr(colon + 1));
  }
  return kNoId;
}

// ---- fields ----

NodeId FlowMachine::default_value(FieldId field) const {
  const FieldInfo& info = index().field_info(field);
  if (info.type == kNoId) return graph_->bits(0, kNoSite);
  return graph_->as_type(graph_->bits(0, kNoSite), index().descriptor(info.type));
}

NodeId FlowMachine::ambient(ClassId type) {
  const auto found = ambient_.find(type);
  if (found != ambient_.end()) return graph_->object(found->second);
  FlowObject made;
  made.id = next_object_++;
  made.kind =
      index().class_info(type).defined() ? FlowObjectKind::kInstance : FlowObjectKind::kFramework;
  made.type = type;
  made.ambient = true;
  ambient_.emplace(type, made.id);
  const NodeId node = graph_->object(made.id);
  global_.put(std::make_shared<const FlowObject>(std::move(made)));
  return node;
}

ObjectId FlowMachine::statics(ClassId type) {
  const auto found = statics_.find(type);
  if (found != statics_.end()) return found->second;
  FlowObject made;
  made.id = next_object_++;
  made.kind = FlowObjectKind::kStatics;
  made.type = type;
  const ObjectId id = made.id;
  statics_.emplace(type, id);
  const ClassInfo& info = index().class_info(type);
  if (info.defined()) {
    const DexFile& dex = index().files()[info.dex];
    if (const auto values = dex.static_values(*info.definition)) {
      for (std::size_t i = 0; i < values->size() && i < info.definition->static_fields.size();
           ++i) {
        const FieldId field = index().field_of(info.dex, info.definition->static_fields[i].field);
        if (field == kNoId) continue;
        const DexValue& value = (*values)[i];
        NodeId node = kNoNode;
        switch (value.kind) {
          case DexValueKind::kFloat:
            node = graph_->real(value.real, false);
            break;
          case DexValueKind::kDouble:
            node = graph_->real(value.real, true);
            break;
          case DexValueKind::kString:
            node = graph_->string(dex.string(value.index));
            break;
          case DexValueKind::kType:
            node = graph_->class_constant(dex.type_descriptor(value.index));
            break;
          case DexValueKind::kNull:
            node = graph_->null();
            break;
          case DexValueKind::kBoolean:
          case DexValueKind::kByte:
          case DexValueKind::kShort:
          case DexValueKind::kChar:
          case DexValueKind::kInt:
          case DexValueKind::kLong:
            node = graph_->integer(value.integer);
            break;
          default:
            break;
        }
        // A field that code sets too is only known once that code ran.
        const bool is_final = (info.definition->static_fields[i].access & kDexFinal) != 0;
        const bool is_default = graph_->is_null(node) || graph_->constant_real(node) == 0.0;
        if (node != kNoNode && (is_final || !is_default || !writers_.contains(field)))
          made.set(field, node);
      }
    }
  }
  global_.put(std::make_shared<const FlowObject>(std::move(made)));
  return id;
}

void FlowMachine::initialise(ClassId type) {
  if (type == kNoId || !index().class_info(type).defined() || initialised_.contains(type)) return;
  initialised_.insert(type);
  initialise(index().class_info(type).superclass);
  for (const MethodId method : index().class_info(type).methods) {
    if (index().method_name(method) == "<clinit>") run_entry(method);
  }
}

NodeId FlowMachine::get_static(FlowState& state, FieldId field, SiteId at) {
  const FieldInfo& info = index().field_info(field);
  if (info.owner == kNoId || !index().class_info(info.owner).defined()) {
    return graph_->field(index().field_text(field), kNoNode, at);
  }
  initialise(info.owner);
  const ObjectId id = statics(info.owner);
  const FlowObject* holder = state.heap.find(id);
  NodeId value = holder != nullptr ? holder->get(field) : kNoNode;
  if (value == kNoNode) value = global_.find(id)->get(field);
  if (value != kNoNode) {
    // A constant that the class file carries points back at the place that uses it.
    const FlowNode& node = graph_->at(value);
    if (node.site == kNoSite) {
      if (node.op == FlowOp::kInt) return graph_->integer(node.integer, at);
      if (node.op == FlowOp::kFloat) return graph_->real(node.real, node.wide, at);
      if (node.op == FlowOp::kString) return graph_->string(node.text, at);
    }
    return value;
  }
  value = resolve_kept(field, at);
  return value != kNoNode ? value : default_value(field);
}

void FlowMachine::put_static(FlowState& state, FieldId field, NodeId value, SiteId at) {
  const FieldInfo& info = index().field_info(field);
  if (info.owner == kNoId || !index().class_info(info.owner).defined()) return;
  if (index().method_name(entry_) != "<clinit>") initialise(info.owner);
  const ObjectId id = statics(info.owner);
  const FlowObject* holder = state.heap.find(id);
  FlowObject copy = holder != nullptr ? *holder : *global_.find(id);
  copy.set(field, value);
  put(state, std::move(copy));
  kept_[field].push_back(value);
  kept_values_.push_back({index().field_text(field), false, value, at, entry_});
}

NodeId FlowMachine::get_field(FlowState& state, NodeId base, FieldId field, SiteId at, int depth) {
  if (base == kNoNode) return graph_->unknown("field of nothing", {}, at);
  const FlowNode from = graph_->at(base);
  if ((from.op == FlowOp::kSelect || from.op == FlowOp::kChoice) && depth < 4) {
    std::vector<NodeId> values;
    for (std::size_t i = from.op == FlowOp::kSelect ? 1 : 0; i < from.args.size(); ++i) {
      if (graph_->is_null(from.args[i])) continue;
      values.push_back(get_field(state, from.args[i], field, at, depth + 1));
    }
    if (values.size() == 2 && from.op == FlowOp::kSelect)
      return graph_->select(from.args[0], values[0], values[1], at);
    return graph_->choice(values);
  }
  const FieldInfo& info = index().field_info(field);
  const bool own_class = info.owner != kNoId && index().class_info(info.owner).defined();
  if (!graph_->is_object(base)) {
    if (!own_class || graph_->is_null(base))
      return graph_->field(index().field_text(field), base, at);
    base = ambient(info.owner);
  }
  const FlowObject* holder = object(state, base);
  if (holder == nullptr) return graph_->field(index().field_text(field), base, at);
  NodeId value = holder->get(field);
  if (value != kNoNode) return value;
  if (holder->ambient && own_class) {
    value = resolve_kept(field, at);
    holder = object(state, base);
    if (value == kNoNode) value = default_value(field);
    FlowObject copy = *holder;
    copy.set(field, value);
    put(state, std::move(copy));
    return value;
  }
  if (!own_class) {
    const NodeId history = freeze(state, base, at);
    return graph_->field(index().field_text(field), history, at);
  }
  return default_value(field);
}

void FlowMachine::put_field(FlowState& state, NodeId base, FieldId field, NodeId value, SiteId at) {
  const FieldInfo& info = index().field_info(field);
  const bool own_class = info.owner != kNoId && index().class_info(info.owner).defined();
  if (base != kNoNode && !graph_->is_object(base) && own_class &&
      graph_->at(base).op != FlowOp::kSelect && graph_->at(base).op != FlowOp::kChoice &&
      !graph_->is_null(base)) {
    base = ambient(info.owner);
  }
  if (own_class) {
    kept_[field].push_back(value);
    kept_values_.push_back(
        {index().field_text(field), false, freeze(state, value, at), at, entry_});
  }
  if (auto holder = edit(state, base)) {
    holder->set(field, value);
    put(state, std::move(*holder));
    return;
  }
  if (base == kNoNode) return;
  const FlowNode from = graph_->at(base);
  if (from.op != FlowOp::kSelect && from.op != FlowOp::kChoice) return;
  // One of several objects is changed: each may hold the old or the new value.
  for (const NodeId option : from.args) {
    auto one = edit(state, option);
    if (!one) continue;
    const NodeId old = one->get(field);
    one->set(field, old == kNoNode ? value : graph_->choice({old, value}));
    put(state, std::move(*one));
  }
}

NodeId FlowMachine::resolve_kept(FieldId field, SiteId at) {
  const auto known = resolved_.find(field);
  if (known != resolved_.end()) return known->second;
  const auto writers = writers_.find(field);
  if (writers == writers_.end()) return kNoNode;
  if (!resolving_.insert(field).second)
    return graph_->field(index().field_text(field), kNoNode, at);
  std::size_t runs = 0;
  bool unfinished = false;
  for (const MethodId writer : writers->second) {
    // A constructor's arguments come from who creates the object.
    std::vector<MethodId> starts;
    if (index().method_name(writer) == "<init>") {
      std::vector<MethodId> waiting{writer};
      std::set<MethodId> seen{writer};
      for (std::size_t i = 0; i < waiting.size() && i < 8; ++i) {
        for (const CallerSite& caller : code_.graph().callers(waiting[i])) {
          if (!seen.insert(caller.caller).second) continue;
          if (index().method_name(caller.caller) == "<init>" &&
              index().is_subtype(index().method_info(caller.caller).owner,
                                 index().method_info(waiting[i]).owner)) {
            waiting.push_back(caller.caller);
          } else {
            starts.push_back(caller.caller);
          }
        }
      }
      if (starts.empty()) starts.push_back(writer);
    } else {
      starts.push_back(writer);
    }
    for (const MethodId start : starts) {
      if (++runs > kMaxFieldWriters) break;
      if (std::find(stack_.begin(), stack_.end(), start) != stack_.end()) unfinished = true;
      run_entry(start);
    }
  }
  resolving_.erase(field);
  std::vector<NodeId> values;
  for (const NodeId value : kept_[field]) {
    if (graph_->at(value).op == FlowOp::kNull && kept_[field].size() > 1) continue;
    // Objects that the same instruction made in several runs of it are one to those who read the
    // field: the last.
    const auto made_at = [&](NodeId id) {
      const FlowObject* found = graph_->is_object(id)
                                    ? global_.find(static_cast<ObjectId>(graph_->at(id).integer))
                                    : nullptr;
      if (found == nullptr || found->site == kNoSite) return std::make_pair(kNoId, kNoId);
      return std::make_pair(graph_->site(found->site).method, graph_->site(found->site).pc);
    };
    const auto own = made_at(value);
    if (own.first != kNoId)
      std::erase_if(values, [&](NodeId other) { return made_at(other) == own; });
    if (values.size() < kMaxFieldValues) values.push_back(value);
  }
  if (values.empty()) {
    if (unfinished) return graph_->field(index().field_text(field), kNoNode, at);
    for (const NodeId value : kept_[field]) values.push_back(value);
  }
  if (values.empty()) return graph_->field(index().field_text(field), kNoNode, at);
  const NodeId result = graph_->choice(values);
  if (!unfinished) resolved_.emplace(field, result);
  return result;
}

}  // namespace dl::program
