// SPDX-License-Identifier: Apache-2.0
// Calls: into the app's own methods, to models of the framework, and to what is not known.
#include <algorithm>

#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

std::string_view simple_name(std::string_view dotted) {
  const std::size_t dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

bool is_primitive_array(std::string_view type) {
  return type.size() >= 2 && type[0] == '[' && !type.ends_with(";");
}

}  // namespace

const FlowShape* FlowMachine::shape_of(MethodId method) {
  const auto found = shapes_.find(method);
  if (found != shapes_.end()) return found->second.get();
  std::unique_ptr<FlowShape> shape;
  const MethodInfo& info = index().method_info(method);
  if (info.has_code()) {
    auto built = FlowShape::build(index().files()[info.dex], *info.definition);
    if (built) {
      shape = std::make_unique<FlowShape>(std::move(*built));
    } else {
      gap(index().method_text(method), "not interpreted: " + built.error().what);
    }
  }
  return shapes_.emplace(method, std::move(shape)).first->second.get();
}

bool FlowMachine::invoke(FlowFrame& frame, const DexInstruction& instruction, FlowState& state) {
  const SiteId at = site(frame, instruction);
  const MethodId named = instruction.info().index_kind == DexIndexKind::kMethod
                             ? index().method_of(frame.dex, instruction.index)
                             : kNoId;
  if (named == kNoId) {
    state.result = graph_->unknown("invoke-custom", {}, at);
    return true;
  }
  InvokeKind kind = InvokeKind::kVirtual;
  switch (instruction.opcode) {
    case kOpInvokeSuper:
    case kOpInvokeSuperRange:
      kind = InvokeKind::kSuper;
      break;
    case kOpInvokeDirect:
    case kOpInvokeDirectRange:
      kind = InvokeKind::kDirect;
      break;
    case kOpInvokeStatic:
    case kOpInvokeStaticRange:
      kind = InvokeKind::kStatic;
      break;
    case kOpInvokeInterface:
    case kOpInvokeInterfaceRange:
      kind = InvokeKind::kInterface;
      break;
    default:
      break;
  }
  const ProtoInfo& proto = index().proto(named);
  std::vector<NodeId> args;
  std::uint32_t word = 0;
  const auto next = [&](std::string_view type) {
    if (word >= instruction.argument_count) return;
    const std::uint32_t reg = instruction.argument(word);
    NodeId value = reg < state.registers.size() ? state.registers[reg] : kNoNode;
    if (value == kNoNode) value = graph_->unknown("unset register", {}, at);
    args.push_back(graph_->as_type(value, type));
    word += type == "J" || type == "D" ? 2 : 1;
  };
  if (kind != InvokeKind::kStatic) next("L");
  for (const ClassId type : proto.parameters) next(index().descriptor(type));
  const std::size_t expected = proto.parameters.size() + (kind != InvokeKind::kStatic ? 1 : 0);
  if (args.size() != expected) {
    state.result = graph_->unknown("malformed call", {}, at);
    return true;
  }
  const auto value = dispatch(frame, named, kind, std::move(args), state, at);
  if (!value) return false;
  state.result =
      *value == kNoNode
          ? kNoNode
          : graph_->as_type(*value, proto.result == kNoId ? std::string_view{}
                                                          : index().descriptor(proto.result));
  return true;
}

std::optional<NodeId> FlowMachine::dispatch(FlowFrame& frame, MethodId named, InvokeKind kind,
                                            std::vector<NodeId> args, FlowState& state, SiteId at) {
  const ClassId owner = index().method_info(named).owner;
  if (const ApiMethod* api = code_.apis().method_of(named)) {
    const bool several =
        kind != InvokeKind::kStatic &&
        (graph_->at(args[0]).op == FlowOp::kSelect || graph_->at(args[0]).op == FlowOp::kChoice);
    if (several && kind != InvokeKind::kDirect)
      return dispatch_each(frame, named, args[0], args, state, at);
    if (const FlowModel model = find_tflite_model(api->name)) {
      FlowCall call{*this,
                    *graph_,
                    state,
                    api->name,
                    "",
                    "",
                    index().proto(named),
                    kind == InvokeKind::kStatic,
                    args,
                    at,
                    &frame,
                    0};
      if (const auto value = model(call)) return value;
    }
  }
  if (const ApiClass* border = owner == kNoId ? nullptr : code_.apis().class_of(owner);
      border != nullptr && border->rule != nullptr && is_tflite_border(border->rule->name)) {
    return opaque(border->rule->name + "." + std::string(index().method_name(named)),
                  std::move(args), index().proto(named), kind == InvokeKind::kStatic, state, at);
  }
  if (kind == InvokeKind::kStatic) {
    const MethodId target = index().resolve(named);
    if (target != kNoId && index().method_info(target).has_code()) {
      initialise(index().method_info(target).owner);
      return call_method(target, std::move(args), state, at);
    }
    return call_outside(&frame, named, owner, std::move(args), true, state, at);
  }
  const NodeId receiver = args[0];
  if (kind == InvokeKind::kDirect || kind == InvokeKind::kSuper) {
    MethodId target = index().resolve(named);
    if (kind == InvokeKind::kSuper && owner == index().method_info(frame.method).owner) {
      target = index().resolve_virtual(index().class_info(owner).superclass, named);
    }
    if (target != kNoId && index().method_info(target).has_code())
      return call_method(target, std::move(args), state, at);
    return call_outside(&frame, named, owner, std::move(args), false, state, at);
  }
  const FlowNode from = graph_->at(receiver);
  if (from.op == FlowOp::kSelect || from.op == FlowOp::kChoice) {
    return dispatch_each(frame, named, receiver, std::move(args), state, at);
  }
  if (const FlowObject* found = object(state, receiver)) {
    const ClassId type = found->type;
    if (found->kind == FlowObjectKind::kInstance && type != kNoId) {
      const MethodId target = index().resolve_virtual(type, named);
      if (target != kNoId && index().method_info(target).has_code())
        return call_method(target, std::move(args), state, at);
      if (found->ambient && target != kNoId && !index().method_info(target).has_code()) {
        // An abstract class stands for its subclasses.
        return dispatch_each(frame, named, receiver, std::move(args), state, at);
      }
    }
    return call_outside(&frame, named, type == kNoId ? owner : type, std::move(args), false, state,
                        at);
  }
  if (owner != kNoId && index().class_info(owner).defined() && !graph_->is_null(receiver)) {
    return dispatch_each(frame, named, receiver, std::move(args), state, at);
  }
  return call_outside(&frame, named, owner, std::move(args), false, state, at);
}

std::optional<NodeId> FlowMachine::dispatch_each(FlowFrame& frame, MethodId named, NodeId receiver,
                                                 std::vector<NodeId> args, FlowState& state,
                                                 SiteId at) {
  struct Way {
    NodeId condition;
    NodeId receiver;
  };
  std::vector<Way> ways;
  const FlowNode from = graph_->at(receiver);
  if (from.op == FlowOp::kSelect || from.op == FlowOp::kChoice) {
    const std::size_t first = from.op == FlowOp::kSelect ? 1 : 0;
    for (std::size_t i = first; i < from.args.size(); ++i) {
      if (graph_->is_null(from.args[i])) continue;  // would throw
      ways.push_back({from.op == FlowOp::kSelect && i == 1 ? from.args[0] : kNoNode, from.args[i]});
    }
    // What is known beats what is not.
    const bool any_known = std::any_of(ways.begin(), ways.end(), [&](const Way& way) {
      return object(state, way.receiver) != nullptr;
    });
    if (any_known) {
      std::erase_if(ways, [&](const Way& way) {
        const FlowOp op = graph_->at(way.receiver).op;
        return object(state, way.receiver) == nullptr && op != FlowOp::kSelect &&
               op != FlowOp::kChoice;
      });
    }
  } else {
    const ClassId owner = object(state, receiver) != nullptr ? object(state, receiver)->type
                                                             : index().method_info(named).owner;
    std::vector<ClassId> made;
    for (const ClassId type : index().subtypes(owner, 256)) {
      const ClassInfo& info = index().class_info(type);
      if (!info.defined() || (info.definition->access & (kDexAbstract | kDexInterface)) != 0)
        continue;
      const MethodId target = index().resolve_virtual(type, named);
      if (target != kNoId && index().method_info(target).has_code()) made.push_back(type);
    }
    const bool some_reached = std::any_of(
        made.begin(), made.end(), [&](ClassId type) { return code_.reach().instantiated(type); });
    if (some_reached)
      std::erase_if(made, [&](ClassId type) { return !code_.reach().instantiated(type); });
    if (made.size() <= kMaxReceivers) {
      for (const ClassId type : made) ways.push_back({kNoNode, ambient(type)});
    }
  }
  if (ways.empty() || ways.size() > kMaxReceivers) {
    return call_outside(&frame, named, index().method_info(named).owner, std::move(args), false,
                        state, at);
  }
  std::optional<FlowState> merged;
  NodeId value = kNoNode;
  for (std::size_t i = ways.size(); i-- > 0;) {
    FlowState copy = state;
    std::vector<NodeId> own = args;
    own[0] = ways[i].receiver;
    const auto result = dispatch(frame, named, InvokeKind::kVirtual, std::move(own), copy, at);
    if (!result) continue;
    if (!merged) {
      merged = std::move(copy);
      value = *result;
    } else {
      value = *result == kNoNode ? kNoNode : graph_->select(ways[i].condition, *result, value, at);
      merged = merge_states(ways[i].condition, std::move(copy), std::move(*merged));
    }
  }
  if (!merged) return std::nullopt;
  state = std::move(*merged);
  return value;
}

std::optional<NodeId> FlowMachine::call_method(MethodId method, std::vector<NodeId> args,
                                               FlowState& state, SiteId at) {
  const ProtoInfo& proto = index().proto(method);
  const MethodInfo& info = index().method_info(method);
  const bool too_deep = static_cast<int>(stack_.size()) >= limits_.call_depth ||
                        nesting_ >= kMaxFlowNesting - 8 ||
                        std::count(stack_.begin(), stack_.end(), method) >= kMaxFlowRecursion;
  const FlowShape* shape = too_deep ? nullptr : shape_of(method);
  if (shape == nullptr) {
    return opaque(dotted_class_name(index().method_owner(method)) + "." +
                      std::string(index().method_name(method)),
                  std::move(args), proto, info.is_static(), state, at);
  }
  FlowFrame frame;
  frame.method = method;
  frame.dex = info.dex;
  frame.shape = shape;
  frame.caller = at;
  FlowState inner;
  inner.heap = state.heap;
  inner.registers.assign(std::max<std::size_t>(shape->code.registers, 1), kNoNode);
  std::size_t reg = shape->code.registers >= shape->code.ins
                        ? static_cast<std::size_t>(shape->code.registers - shape->code.ins)
                        : 0;
  const auto place = [&](NodeId value, std::string_view type) {
    if (reg < inner.registers.size()) inner.registers[reg] = value;
    reg += type == "J" || type == "D" ? 2 : 1;
  };
  std::size_t next = 0;
  if (!info.is_static() && next < args.size()) place(args[next++], "L");
  for (std::size_t i = 0; i < proto.parameters.size() && next < args.size(); ++i)
    place(args[next++], index().descriptor(proto.parameters[i]));

  const std::uint64_t outer_limit = call_limit_;
  const std::uint64_t left = outer_limit > entry_steps_ ? outer_limit - entry_steps_ : 0;
  if (!stack_.empty())
    call_limit_ = entry_steps_ + std::min(left, std::max(kMinStepsPerCall, left / 2));
  stack_.push_back(method);
  FlowOutcome outcome = run(frame, 0, FlowStop{}, std::move(inner), false);
  stack_.pop_back();
  call_limit_ = outer_limit;
  if (exhausted_ && entry_steps_ < outer_limit && steps_ <= limits_.steps && !graph_->full()) {
    // Only this call's share is used up.
    exhausted_ = false;
    ++unfollowed_;
    if (first_unfollowed_.empty()) first_unfollowed_ = index().method_text(method);
    return opaque(dotted_class_name(index().method_owner(method)) + "." +
                      std::string(index().method_name(method)),
                  std::move(args), proto, info.is_static(), state, at);
  }
  if (!outcome.returned) return std::nullopt;
  state.heap = std::move(outcome.returned->state.heap);
  const NodeId value = outcome.returned->value;
  if (proto.result == kNoId || index().descriptor(proto.result) == "V") return kNoNode;
  return graph_->as_type(value, index().descriptor(proto.result));
}

NodeId FlowMachine::call_outside(FlowFrame* frame, MethodId named, ClassId receiver,
                                 std::vector<NodeId> args, bool is_static, FlowState& state,
                                 SiteId at) {
  ClassId owner = index().method_info(named).owner;
  if (owner != kNoId && index().class_info(owner).defined()) {
    const ClassId outside = index().external_ancestor(receiver != kNoId ? receiver : owner);
    if (outside != kNoId) owner = outside;
  }
  std::string owner_name = dotted_class_name(index().descriptor(owner));
  if (const ApiClass* known = code_.apis().class_of(owner);
      known != nullptr && known->rule != nullptr)
    owner_name = known->rule->name;
  std::string name(index().method_name(named));
  if (const ApiMethod* known = code_.apis().method_of(named))
    name = std::string(simple_name(known->name));
  const std::string api = owner_name + "." + name;
  const ProtoInfo& proto = index().proto(named);
  FlowModel model = find_flow_model(simple_name(owner_name), name);
  if (model == nullptr) model = find_flow_model("*", name);
  if (model != nullptr) {
    const std::string owner_simple(simple_name(owner_name));
    FlowCall call{*this, *graph_,   state, api, owner_simple, name,
                  proto, is_static, args,  at,  frame,        0};
    if (const auto value = model(call)) return *value;
  }
  return opaque(api, std::move(args), proto, is_static, state, at);
}

void FlowMachine::construct(NodeId receiver, NodeId made, FlowState& state) {
  auto target = edit(state, receiver);
  if (!target) return;
  if (target->kind == FlowObjectKind::kFramework || target->kind == FlowObjectKind::kInstance) {
    target->set(kStateField, made);
    put(state, std::move(*target));
  }
}

NodeId FlowMachine::opaque(std::string_view api, std::vector<NodeId> args, const ProtoInfo& proto,
                           bool is_static, FlowState& state, SiteId at) {
  std::vector<NodeId> frozen;
  frozen.reserve(args.size());
  for (const NodeId arg : args) frozen.push_back(freeze(state, arg, at));
  const std::string_view result = proto.result == kNoId ? "V" : index().descriptor(proto.result);
  const NodeId made = graph_->call(api, frozen, at);
  for (std::size_t i = is_static ? 0 : 1; i < args.size(); ++i) {
    const FlowObject* found = object(state, args[i]);
    if (found == nullptr) continue;
    if (found->kind == FlowObjectKind::kBuffer ||
        (found->kind == FlowObjectKind::kArray && is_primitive_array(found->content.type))) {
      havoc(state, args[i], made);
    }
  }
  if (is_static || args.empty()) return result == "V" ? kNoNode : made;
  const FlowObject* receiver = object(state, args[0]);
  if (receiver == nullptr) return result == "V" ? kNoNode : made;
  const bool constructor = api.ends_with(".<init>");
  if (constructor) {
    construct(args[0],
              graph_->call("new " + std::string(api.substr(0, api.size() - 7)),
                           {frozen.begin() + 1, frozen.end()}, receiver->site),
              state);
    return kNoNode;
  }
  if (receiver->kind == FlowObjectKind::kFramework) {
    const bool fluent = receiver->type != kNoId && result == index().descriptor(receiver->type);
    if (result == "V" || fluent) {
      construct(args[0], made, state);
      if (fluent) return args[0];
    }
  } else if (receiver->kind == FlowObjectKind::kBuffer || receiver->kind == FlowObjectKind::kList ||
             receiver->kind == FlowObjectKind::kMap) {
    if (result == "V" || result == "Z") havoc(state, args[0], made);
  }
  return result == "V" ? kNoNode : made;
}

std::optional<NodeId> FlowMachine::call_back(FlowCall& call, NodeId receiver, std::string_view name,
                                             std::vector<NodeId> args) {
  const FlowObject* found = object(call.state, receiver);
  if (found == nullptr || found->type == kNoId || found->kind != FlowObjectKind::kInstance)
    return std::nullopt;
  std::vector<MethodId> fits;
  ClassId type = found->type;
  for (int depth = 0;
       depth < kMaxInheritanceDepth && type != kNoId && index().class_info(type).defined();
       ++depth) {
    for (const MethodId method : index().class_info(type).methods) {
      const MethodInfo& info = index().method_info(method);
      if (index().method_name(method) != name || !info.has_code() || info.is_static()) continue;
      if (index().proto(method).parameters.size() != args.size()) continue;
      // Bridges call the method that they stand for.
      if ((info.definition->access & kDexSynthetic) != 0 && !fits.empty()) continue;
      fits.push_back(method);
    }
    if (!fits.empty()) break;
    type = index().class_info(type).superclass;
  }
  if (fits.empty()) return std::nullopt;
  std::vector<NodeId> all{receiver};
  all.insert(all.end(), args.begin(), args.end());
  return call_method(fits[0], std::move(all), call.state, call.site);
}

void FlowMachine::add_sink(FlowCall& call, std::size_t first_arg) {
  FlowSink sink;
  sink.api = call.api;
  sink.site = call.site;
  sink.entry = entry_;
  for (std::size_t i = first_arg; i < call.args.size(); ++i)
    sink.args.push_back(freeze(call.state, call.args[i], call.site));
  for (FlowSink& known : sinks_) {
    if (known.site != sink.site || known.args != sink.args) continue;
    known.several_ways = true;
    known.guards.clear();
    return;
  }
  sinks_.push_back(std::move(sink));
}

std::uint32_t FlowMachine::add_run(FlowCall& call, NodeId interpreter, std::vector<NodeId> inputs,
                                   std::vector<bool> given) {
  for (const FlowRun& known : runs_) {
    if (known.site == call.site && known.interpreter == interpreter && known.inputs == inputs)
      return known.id;
  }
  FlowRun run;
  run.id = static_cast<std::uint32_t>(runs_.size());
  run.api = call.api;
  run.interpreter = interpreter;
  run.inputs = std::move(inputs);
  run.input_given = std::move(given);
  run.site = call.site;
  run.entry = entry_;
  runs_.push_back(std::move(run));
  return runs_.back().id;
}

NodeId FlowMachine::enum_text(const FlowState& state, NodeId node, SiteId at) {
  const FlowObject* found = object(state, node);
  if (found == nullptr) return kNoNode;
  const NodeId name = found->get(kNameField);
  if (name == kNoNode) return kNoNode;
  const auto text = graph_->constant_string(name);
  return text ? graph_->string(*text, at) : name;
}

std::string_view FlowCall::parameter(std::size_t i) const {
  if (i >= proto.parameters.size()) return {};
  return machine.index().descriptor(proto.parameters[i]);
}

std::string_view FlowCall::result_type() const {
  return proto.result == kNoId ? std::string_view{} : machine.index().descriptor(proto.result);
}

const FlowObject* FlowCall::receiver(FlowObjectKind kind) const {
  const FlowObject* object = machine.object(state, arg(0));
  return object != nullptr && object->kind == kind ? object : nullptr;
}

}  // namespace dl::program
