// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about java.lang and java.util: texts, numbers, lists, maps, arrays,
// threads.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "daylight/base/text.h"
#include "daylight/program/dex_flow/dex_flow_machine.h"
#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

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
        if (call.machine.object(call.state, call.arg(1)) != nullptr)
          copy.set(kParentField, call.arg(1));
        FlowMachine::put(call.state, std::move(copy));
      }
      return kNoNode;
    case FlowObjectKind::kText: {
      copy.set(kStateField, call.args.size() > 1 && call.parameter(0) != "I"
                                ? call.arg(1)
                                : call.graph.string("", call.site));
      FlowMachine::put(call.state, std::move(copy));
      return kNoNode;
    }
    case FlowObjectKind::kList:
    case FlowObjectKind::kMap: {
      const FlowObject* from =
          call.args.size() > 1 ? call.machine.object(call.state, call.arg(1)) : nullptr;
      if (from != nullptr && from->kind == object->kind) {
        copy.content = from->content;
        copy.content.object = copy.id;
        FlowMachine::put(call.state, std::move(copy));
      } else if (call.args.size() > 1 && call.parameter(0).starts_with("Ljava/util/") &&
                 from == nullptr) {
        copy.content.base.source = call.arg(1);
        copy.content.length = call.graph.length(call.arg(1));
        FlowMachine::put(call.state, std::move(copy));
      }
      return kNoNode;
    }
    default:
      return std::nullopt;
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
  if (call.graph.is_object(a) && call.graph.is_object(b))
    return call.graph.integer(a == b ? 1 : 0, call.site);
  const auto p = call.graph.constant_integer(a);
  const auto q = call.graph.constant_integer(b);
  if (p && q) return call.graph.integer(*p == *q ? 1 : 0, call.site);
  return call.graph.call(call.api, {a, b}, call.site);
}

std::optional<NodeId> copy_array(FlowCall& call) {
  const FlowObject* from = call.receiver(FlowObjectKind::kArray);
  if (from == nullptr) return std::nullopt;
  const FlowSnapshot content = from->content;
  const NodeId made =
      call.machine.new_array(call.state, content.type, content.dimensions, call.site);
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
  if (call.parameter(0).starts_with("L")) return std::nullopt;  // parses a text
  return call.arg(0);
}
std::optional<NodeId> unbox(FlowCall& call) {
  const NodeId value = call.arg(0);
  const std::string_view type = call.result_type();
  const FlowOp op = call.graph.at(value).op;
  const bool real = op == FlowOp::kFloat || op == FlowOp::kFAdd || op == FlowOp::kFSub ||
                    op == FlowOp::kFMul || op == FlowOp::kFDiv;
  if (real && type == "I") return call.graph.convert(FlowOp::kFloatToInt, value, false, call.site);
  return value;
}

std::optional<NodeId> extreme(FlowCall& call) {
  const std::string_view type = call.result_type();
  const bool reals = type == "F" || type == "D";
  return call.graph.extreme(call.name == "max" ? FlowOp::kMax : FlowOp::kMin, call.arg(0),
                            call.arg(1), reals, type == "D", call.site);
}
std::optional<NodeId> absolute(FlowCall& call) {
  const FlowRange bounds = call.graph.range(call.arg(0));
  if (bounds.low >= 0) return call.arg(0);
  return call.graph.call("java.lang.Math.abs", {call.arg(0)}, call.site);
}
std::optional<NodeId> real_function(FlowCall& call) {
  const auto value = call.graph.constant_real(call.arg(0));
  if (!value)
    return call.graph.call("java.lang.Math." + std::string(call.name), {call.arg(0)}, call.site);
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
  const FlowObject* text = call.receiver(FlowObjectKind::kText);
  if (text == nullptr) return std::nullopt;
  const NodeId old = text->get(kStateField);
  std::vector<NodeId> parts;
  if (old != kNoNode && call.graph.constant_string(old) != std::string_view{}) parts.push_back(old);
  NodeId part = call.machine.freeze(call.state, call.arg(1), call.site);
  if (const NodeId name = call.machine.enum_text(call.state, call.arg(1), call.site);
      name != kNoNode)
    part = name;
  const auto number = call.graph.constant_integer(part);
  if (number && call.parameter(0) == "I")
    part = call.graph.string(std::to_string(*number), call.site);
  if (number && call.parameter(0) == "C")
    part = call.graph.string(std::string(1, static_cast<char>(*number & 0x7f)), call.site);
  parts.push_back(part);
  FlowObject copy = *text;
  copy.set(kStateField, call.graph.concat(parts, call.site));
  FlowMachine::put(call.state, std::move(copy));
  return call.arg(0);
}
std::optional<NodeId> text_of(FlowCall& call) {
  const NodeId value = call.arg(0);
  if (call.receiver(FlowObjectKind::kText) != nullptr)
    return call.machine.freeze(call.state, value, call.site);
  if (const NodeId name = call.machine.enum_text(call.state, value, call.site); name != kNoNode)
    return name;
  if (call.graph.constant_string(value)) return value;
  if (const auto number = call.graph.constant_integer(value);
      number && (call.parameter(0) == "I" || call.owner == "Integer")) {
    return call.graph.string(std::to_string(*number), call.site);
  }
  if (call.owner == "Object" && call.machine.object(call.state, value) != nullptr)
    return std::nullopt;
  return call.graph.concat({call.machine.freeze(call.state, value, call.site)}, call.site);
}
std::optional<NodeId> concat_text(FlowCall& call) {
  return call.graph.concat({call.arg(0), call.arg(1)}, call.site);
}

std::optional<NodeId> constant_text(FlowCall& call) {
  const auto text = call.graph.constant_string(call.arg(0));
  if (!text)
    return call.graph.call("java.lang.String." + std::string(call.name),
                           std::vector<NodeId>(call.args), call.site);
  if (call.name == "trim") return call.graph.string(trim(*text), call.site);
  if (call.name == "toLowerCase") return call.graph.string(to_lower(*text), call.site);
  if (call.name == "toUpperCase") {
    std::string upper(*text);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return call.graph.string(upper, call.site);
  }
  if (call.name == "length")
    return call.graph.integer(static_cast<std::int64_t>(text->size()), call.site);
  if (call.name == "isEmpty") return call.graph.integer(text->empty() ? 1 : 0, call.site);
  if (call.name == "split") {
    const auto separator = call.graph.constant_string(call.arg(1));
    if (!separator || separator->size() != 1) return std::nullopt;
    const std::vector<std::string> parts = split(*text, (*separator)[0]);
    const NodeId array = call.machine.new_array(
        call.state, "[Ljava/lang/String;",
        {call.graph.integer(static_cast<std::int64_t>(parts.size()))}, call.site);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      call.machine.write_array(call.state, array, call.graph.integer(static_cast<std::int64_t>(i)),
                               call.graph.string(parts[i], call.site), call.site);
    }
    return array;
  }
  return std::nullopt;
}

// ---- threads: what is posted runs at once ----

std::optional<NodeId> run_it(FlowCall& call) {
  const NodeId task = call.arg(1);
  if (call.machine.object(call.state, task) == nullptr) return std::nullopt;
  std::optional<NodeId> value = call.machine.call_back(call, task, "run", {});
  if (!value) value = call.machine.call_back(call, task, "call", {});
  if (!value) return std::nullopt;
  if (call.result_type() == "V") return kNoNode;
  if (call.result_type() == "Z") return call.graph.integer(1, call.site);
  return call.graph.call("java.util.concurrent.Future",
                         {*value == kNoNode ? call.graph.null() : *value}, call.site);
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
    if (call.machine.object(call.state, call.args[i]) != nullptr)
      thread->set(kParentField, call.args[i]);
  }
  FlowMachine::put(call.state, std::move(*thread));
  return kNoNode;
}
std::optional<NodeId> async_task(FlowCall& call) {
  const NodeId input = call.args.size() > 1 ? call.args.back() : call.graph.null();
  const auto value = call.machine.call_back(call, call.arg(0), "doInBackground", {input});
  if (!value) return std::nullopt;
  call.machine.call_back(call, call.arg(0), "onPostExecute",
                         {*value == kNoNode ? call.graph.null() : *value});
  return call.arg(0);
}

}  // namespace

const FlowModelTable& java_flow_models() {
  static const FlowModelTable kTable = {
      {"*.<init>", any_init},
      {"Thread.<init>", thread_init},
      {"Enum.<init>", any_init},
      {"*.ordinal", enum_ordinal},
      {"Enum.name", enum_name},
      {"*.name", enum_name},
      {"*.getClass", get_class},
      {"Class.getName", class_name},
      {"Class.getSimpleName", class_name},
      {"Class.getCanonicalName", class_name},
      {"*.equals", equal},
      {"*.clone", copy_array},
      {"Objects.requireNonNull", first_argument},
      {"Integer.valueOf", box},
      {"Float.valueOf", box},
      {"Double.valueOf", box},
      {"Long.valueOf", box},
      {"Boolean.valueOf", box},
      {"Byte.valueOf", box},
      {"Short.valueOf", box},
      {"Character.valueOf", box},
      {"*.intValue", unbox},
      {"*.floatValue", unbox},
      {"*.doubleValue", unbox},
      {"*.longValue", unbox},
      {"*.booleanValue", unbox},
      {"*.byteValue", unbox},
      {"Math.max", extreme},
      {"Math.min", extreme},
      {"Integer.max", extreme},
      {"Integer.min", extreme},
      {"Float.max", extreme},
      {"Float.min", extreme},
      {"Math.abs", absolute},
      {"Math.sqrt", real_function},
      {"Math.floor", real_function},
      {"Math.ceil", real_function},
      {"Math.exp", real_function},
      {"Math.log", real_function},
      {"Math.round", real_function},
      {"Math.rint", real_function},
      {"Float.isInfinite", is_infinite},
      {"Float.isNaN", is_infinite},
      {"Double.isNaN", is_infinite},
      {"Double.isInfinite", is_infinite},
      {"StringBuilder.append", append},
      {"StringBuffer.append", append},
      {"*.toString", text_of},
      {"String.valueOf", text_of},
      {"String.concat", concat_text},
      {"String.trim", constant_text},
      {"String.toLowerCase", constant_text},
      {"String.toUpperCase", constant_text},
      {"String.length", constant_text},
      {"String.isEmpty", constant_text},
      {"String.split", constant_text},
      {"Collections.unmodifiableList", first_argument},
      {"Collections.unmodifiableMap", first_argument},
      {"Collections.unmodifiableCollection", first_argument},
      {"Collections.synchronizedList", first_argument},
      {"*.post", run_it},
      {"*.postDelayed", run_it},
      {"*.runOnUiThread", run_it},
      {"Executor.execute", run_it},
      {"ExecutorService.execute", run_it},
      {"ExecutorService.submit", run_it},
      {"ScheduledExecutorService.execute", run_it},
      {"*.submit", run_it},
      {"Future.get", future_get},
      {"*.start", start_thread},
      {"AsyncTask.execute", async_task},
      {"AsyncTask.executeOnExecutor", async_task},
      {"Intrinsics.checkNotNull", nothing},
      {"Intrinsics.checkExpressionValueIsNotNull", nothing},
      {"Intrinsics.checkNotNullExpressionValue", nothing},
      {"Intrinsics.checkParameterIsNotNull", nothing},
      {"Intrinsics.checkNotNullParameter", nothing},
      {"Intrinsics.areEqual", equal},
      {"Object.notify", nothing},
      {"Object.notifyAll", nothing},
      {"CharSequence.toString", text_of},
      {"Object.hashCode", nullptr},
      {"String.intern", itself},
  };
  return kTable;
}

}  // namespace dl::program
