// SPDX-License-Identifier: Apache-2.0
// Reads layers out of a Keras model configuration.
#include "daylight/format/tensorflow/keras_config.h"

#include <algorithm>
#include <string>
#include <utility>

#include "daylight/base/json.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxDetail = 1000;
constexpr std::size_t kMaxValue = 100;
constexpr int kMaxNesting = 8;

// Keys that do not change what a layer computes.
constexpr std::string_view kQuiet[] = {"name",
                                       "trainable",
                                       "dtype",
                                       "batch_input_shape",
                                       "batch_shape",
                                       "kernel_initializer",
                                       "bias_initializer",
                                       "gamma_initializer",
                                       "beta_initializer",
                                       "moving_mean_initializer",
                                       "moving_variance_initializer",
                                       "depthwise_initializer",
                                       "pointwise_initializer",
                                       "kernel_regularizer",
                                       "bias_regularizer",
                                       "activity_regularizer",
                                       "kernel_constraint",
                                       "bias_constraint",
                                       "seed"};

std::string text_of(const Json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

std::string detail_of(const Json& config) {
  std::string out;
  for (const auto& [key, value] : config.items()) {
    if (std::find(std::begin(kQuiet), std::end(kQuiet), key) != std::end(kQuiet)) continue;
    if (value.is_null() || value.is_object()) continue;
    std::string text = printable(dump_json_line(value), kMaxValue);
    std::replace(text.begin(), text.end(), ' ', '_');
    if (out.size() < kMaxDetail) out += (out.empty() ? "" : " ") + printable(key) + "=" + text;
  }
  return out;
}

// "float32" as it is, or as the policy {"class_name": "DTypePolicy", "config": {"name": ...}}.
std::string dtype_of(const Json& config) {
  const Json* policy = member(config, "dtype");
  const Json* inner = policy == nullptr ? nullptr : member(*policy, "config");
  std::string name = inner != nullptr ? text_of(*inner, "name") : text_of(config, "dtype");
  for (const std::string_view known :
       {"float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64", "uint8",
        "uint16", "uint32", "uint64", "bool", "string"}) {
    if (name == known) return name;
  }
  return name.empty() ? "" : "other";
}

void add_input(const std::string& name, const Json& config, const Json& shape, ModelGraph& graph) {
  GraphTensor tensor;
  tensor.name = name;
  tensor.dtype = dtype_of(config);
  for (const Json& side : shape)
    tensor.shape.push_back(side.is_number_integer() ? side.get<std::int64_t>() : -1);
  if (graph.inputs.size() < kMaxGraphBorders) graph.inputs.push_back(std::move(tensor));
}

// Names in [[["conv1", 0, 0, {}]]] and in {"args": [{"config": {"keras_history": ["conv1", ..]}}]}.
void collect_inbound(const Json& value, int level, std::vector<std::string>& out) {
  constexpr std::size_t kMostInputs = 1024;
  if (level > kMaxNesting || out.size() >= kMostInputs) return;
  if (value.is_array()) {
    if (value.size() >= 3 && value[0].is_string() && value[1].is_number()) {
      out.push_back(value[0].get<std::string>());
      return;
    }
    for (const Json& item : value) collect_inbound(item, level + 1, out);
  } else if (value.is_object()) {
    for (const char* key : {"args", "config", "keras_history", "inbound_nodes"}) {
      if (const Json* inner = member(value, key)) collect_inbound(*inner, level + 1, out);
    }
  }
}

// Layers of a chain do not name their inputs: each takes what the one before it gives, `previous`
// (null where layers name them).
void add_layers(const Json& config, int level, std::string* previous, ModelGraph& graph);

bool is_chain(const std::string& type, const Json& config) {
  // The oldest versions store a sequential model as a bare list.
  return type == "Sequential" || config.is_array();
}

void add_layer(const Json& layer, int level, std::string* previous, ModelGraph& graph) {
  if (!layer.is_object() || graph.operators.size() >= kMaxGraphOperators) return;
  const std::string type = text_of(layer, "class_name");
  const Json* config = member(layer, "config");
  if (config == nullptr) return;
  std::string name = text_of(*config, "name");
  if (name.empty()) name = text_of(layer, "name");
  for (const char* key : {"batch_input_shape", "batch_shape"}) {
    const Json* shape = member(*config, key);
    if (shape != nullptr && shape->is_array() && level == 0)
      add_input(name, *config, *shape, graph);
  }
  if (member(*config, "layers") != nullptr && level < kMaxNesting) {
    std::string inner = previous != nullptr ? *previous : "";
    add_layers(*config, level + 1, is_chain(type, *config) ? &inner : nullptr, graph);
    if (previous != nullptr && !graph.operators.empty())
      *previous = graph.operators.back().outputs.front();
    return;
  }
  GraphOperator op;
  op.name = type.empty() ? "?" : type;
  if (config->is_object()) op.detail = detail_of(*config);
  if (const Json* inbound = member(layer, "inbound_nodes")) collect_inbound(*inbound, 0, op.inputs);
  if (previous != nullptr && op.inputs.empty() && !previous->empty())
    op.inputs.push_back(*previous);
  if (previous != nullptr) *previous = name;
  op.outputs.push_back(std::move(name));
  graph.operators.push_back(std::move(op));
}

void add_layers(const Json& config, int level, std::string* previous, ModelGraph& graph) {
  const Json* layers = config.is_array() ? &config : member(config, "layers");
  if (layers == nullptr || !layers->is_array()) return;
  for (const Json& layer : *layers) add_layer(layer, level, previous, graph);
}

// [["dense_1", 0, 0], ...]
void add_outputs(const Json& config, ModelGraph& graph) {
  const Json* outputs = member(config, "output_layers");
  if (outputs == nullptr) return;
  std::vector<std::string> names;
  collect_inbound(*outputs, 0, names);
  for (std::string& name : names) {
    GraphTensor tensor;
    tensor.name = std::move(name);
    graph.outputs.push_back(std::move(tensor));
  }
}

}  // namespace

void add_keras_config(std::string_view json, ModelGraph& graph) {
  const auto parsed = parse_json(json, "model configuration");
  if (!parsed) {
    graph.gaps.push_back({"model configuration", parsed.error().what});
    return;
  }
  const std::string type = text_of(*parsed, "class_name");
  if (!type.empty()) graph.metadata.emplace_back("class", printable(type));
  const Json* config = member(*parsed, "config");
  if (config == nullptr) return;
  const std::string name = text_of(*config, "name");
  if (!name.empty()) graph.metadata.emplace_back("name", printable(name));
  std::string last;
  add_layers(*config, 0, is_chain(type, *config) ? &last : nullptr, graph);
  add_outputs(*config, graph);
  // A chain names no outputs either.
  if (graph.outputs.empty() && !last.empty()) graph.outputs.push_back({std::move(last), {}, ""});
}

}  // namespace dl
