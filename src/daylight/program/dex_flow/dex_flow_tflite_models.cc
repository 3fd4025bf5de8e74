// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about TensorFlow Lite's Java API: what a model is made from, what it
// is given, where its answers go.
#include <algorithm>

#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

// Inputs and outputs of one run.
constexpr std::int64_t kMaxTensors = 64;

NodeId interpreter_of(FlowCall& call) {
  const NodeId node = call.arg(0);
  if (const FlowObject* object = call.machine.object(call.state, node)) {
    const NodeId made = object->get(kStateField);
    if (made != kNoNode) return made;
  }
  return call.machine.freeze(call.state, node, call.site);
}

std::optional<NodeId> make_interpreter(FlowCall& call) {
  const bool constructor = call.api.ends_with(".<init>");
  std::vector<NodeId> args;
  for (std::size_t i = constructor ? 1 : 0; i < call.args.size(); ++i)
    args.push_back(call.machine.freeze(call.state, call.args[i], call.site));
  const NodeId made =
      call.graph.call("org.tensorflow.lite.Interpreter", std::move(args), call.site);
  if (!constructor) return made;
  auto object = call.machine.edit(call.state, call.arg(0));
  if (!object) return kNoNode;
  object->set(kStateField, made);
  FlowMachine::put(call.state, std::move(*object));
  return kNoNode;
}

// Fills the containers of a map from output index to container.
void fill_outputs(FlowCall& call, NodeId map, std::uint32_t run) {
  const FlowObject* object = call.machine.object(call.state, map);
  if (object == nullptr) return;
  const std::vector<FlowWrite> writes = object->content.writes;
  for (const FlowWrite& write : writes) {
    const auto index = call.graph.constant_integer(write.index[0]);
    if (!index || *index < 0 || *index >= kMaxTensors) continue;
    call.machine.fill_output(call.state, write.value,
                             call.graph.output(run, static_cast<std::uint32_t>(*index), call.site),
                             call.site);
  }
}

std::optional<NodeId> run_model(FlowCall& call) {
  if (call.args.size() < 3) return std::nullopt;
  const NodeId input = call.machine.freeze(call.state, call.arg(1), call.site);
  const std::uint32_t run = call.machine.add_run(call, interpreter_of(call), {input}, {true});
  call.machine.fill_output(call.state, call.arg(2), call.graph.output(run, 0, call.site),
                           call.site);
  return kNoNode;
}

std::optional<NodeId> run_many(FlowCall& call) {
  if (call.args.size() < 3) return std::nullopt;
  std::vector<NodeId> inputs;
  std::vector<bool> given;
  const auto count =
      call.graph.constant_integer(call.machine.array_length(call.state, call.arg(1), call.site));
  if (count && *count > 0 && *count <= kMaxTensors) {
    for (std::int64_t i = 0; i < *count; ++i) {
      const NodeId one =
          call.machine.read_array(call.state, call.arg(1), call.graph.integer(i), call.site);
      inputs.push_back(call.machine.freeze(call.state, one, call.site));
      given.push_back(true);
    }
  } else {
    inputs.push_back(call.machine.freeze(call.state, call.arg(1), call.site));
    given.push_back(false);
  }
  const std::uint32_t run =
      call.machine.add_run(call, interpreter_of(call), std::move(inputs), std::move(given));
  fill_outputs(call, call.arg(2), run);
  return kNoNode;
}

std::optional<NodeId> no_effect(FlowCall& /*call*/) { return kNoNode; }

std::optional<NodeId> tensor(FlowCall& call) {
  const NodeId index = call.args.size() > 1 ? call.arg(1) : call.graph.integer(0);
  const std::string name(call.api.substr(call.api.rfind('.') + 1));
  return call.graph.call("org.tensorflow.lite." + name, {interpreter_of(call), index}, kNoSite);
}
std::optional<NodeId> tensor_fact(FlowCall& call) {
  const std::string name(call.api.substr(call.api.rfind('.') + 1));
  return call.graph.call("org.tensorflow.lite.Tensor." + name,
                         {call.machine.freeze(call.state, call.arg(0), call.site)}, kNoSite);
}

}  // namespace

bool is_tflite_border(std::string_view canonical_class) {
  static constexpr std::string_view kClasses[] = {"Interpreter",
                                                  "InterpreterImpl",
                                                  "InterpreterApi",
                                                  "NativeInterpreterWrapper",
                                                  "NativeInterpreterWrapperExperimental",
                                                  "TensorImpl",
                                                  "Tensor",
                                                  "TensorFlowLite",
                                                  "NativeSignatureRunnerWrapper"};
  constexpr std::string_view kPackage = "org.tensorflow.lite.";
  if (!canonical_class.starts_with(kPackage)) return false;
  return std::find(std::begin(kClasses), std::end(kClasses),
                   canonical_class.substr(kPackage.size())) != std::end(kClasses);
}

FlowModel find_tflite_model(std::string_view canonical) {
  static const FlowModelTable kTable = {
      {"Interpreter.<init>", make_interpreter},
      {"InterpreterApi.create", make_interpreter},
      {"InterpreterFactory.create", make_interpreter},
      {"InterpreterImpl.<init>", make_interpreter},
      {"TfLite.createInterpreter", make_interpreter},
      {"Interpreter.run", run_model},
      {"InterpreterApi.run", run_model},
      {"InterpreterImpl.run", run_model},
      {"Interpreter.runForMultipleInputsOutputs", run_many},
      {"InterpreterApi.runForMultipleInputsOutputs", run_many},
      {"InterpreterImpl.runForMultipleInputsOutputs", run_many},
      {"NativeInterpreterWrapper.<init>", make_interpreter},
      {"NativeInterpreterWrapper.run", run_many},
      {"Interpreter.close", no_effect},
      {"Interpreter.allocateTensors", no_effect},
      {"InterpreterImpl.close", no_effect},
      {"InterpreterImpl.allocateTensors", no_effect},
      {"Interpreter.setNumThreads", no_effect},
      {"Interpreter.setUseNNAPI", no_effect},
      {"Interpreter.getInputTensor", tensor},
      {"Interpreter.getOutputTensor", tensor},
      {"InterpreterImpl.getInputTensor", tensor},
      {"InterpreterImpl.getOutputTensor", tensor},
      {"InterpreterApi.getInputTensor", tensor},
      {"InterpreterApi.getOutputTensor", tensor},
      {"Tensor.shape", tensor_fact},
      {"Tensor.dataType", tensor_fact},
      {"Tensor.numBytes", tensor_fact},
      {"Tensor.numElements", tensor_fact},
      {"TensorImpl.shape", tensor_fact},
  };
  constexpr std::string_view kPackage = "org.tensorflow.lite.";
  if (!canonical.starts_with(kPackage)) return nullptr;
  const auto found = kTable.find(canonical.substr(kPackage.size()));
  return found == kTable.end() ? nullptr : found->second;
}

}  // namespace dl::program
