// SPDX-License-Identifier: Apache-2.0
// Keys are those that XGBoost and MXNet write.
#include "daylight/format/classic/json_models.h"

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/format/encoding/json_document.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

std::string text_at(const Json& object, const char* key) {
  return json_text(json_child(object, key));
}

// Arguments that training sets; those that are left are inputs.
bool is_parameter_name(std::string_view name) {
  for (const std::string_view ending :
       {"_weight", "_bias", "_gamma", "_beta", "_moving_mean", "_moving_var", "_running_mean",
        "_running_var", "_parameters", "_state"})
    if (name.ends_with(ending)) return true;
  return false;
}

bool is_mxnet_node(const Json& node) {
  return node.is_object() && json_child(node, "op").is_string() &&
         json_child(node, "name").is_string() && json_child(node, "inputs").is_array();
}

std::optional<Json> read_mxnet(ByteSpan bytes) {
  auto document = json_document_with(bytes, '{', {"nodes", "arg_nodes", "heads", "op"});
  if (!document) return std::nullopt;
  const Json& nodes = json_child(*document, "nodes");
  if (!nodes.is_array() || nodes.empty() || !json_child(*document, "heads").is_array() ||
      !std::all_of(nodes.begin(), nodes.end(), is_mxnet_node))
    return std::nullopt;
  return document;
}

// The tensor that [node, output ...] means.
std::string mxnet_tensor(const Json& reference, const Json& nodes) {
  if (!reference.is_array() || reference.empty() || !reference[0].is_number_unsigned()) return "?";
  const auto node = reference[0].get<std::uint64_t>();
  if (node >= nodes.size()) return "?";
  const bool first = reference.size() < 2 || !reference[1].is_number_unsigned() ||
                     reference[1].get<std::uint64_t>() == 0;
  const std::string name = text_at(nodes[node], "name");
  return first ? name : name + ":" + dump_json_line(reference[1]);
}

}  // namespace

std::optional<ModelProbe> probe_xgboost_json(ByteSpan bytes) {
  const auto document = json_document_with(bytes, '{', {"learner", "gradient_booster", "version"});
  if (!document) return std::nullopt;
  const Json& learner = json_child(*document, "learner");
  const Json& booster = json_child(learner, "gradient_booster");
  if (!booster.is_object() || !json_child(*document, "version").is_array()) return std::nullopt;
  ModelProbe probe{"xgboost", bytes.size(), {}, {{"encoding", "json"}}};
  probe.facts.emplace_back("version", dump_json_line(json_child(*document, "version")));
  const auto add = [&](const char* fact, const std::string& value) {
    if (!value.empty()) probe.facts.emplace_back(fact, value);
  };
  add("booster", text_at(booster, "name"));
  add("objective", text_at(json_child(learner, "objective"), "name"));
  add("num_trees",
      text_at(json_child(json_child(booster, "model"), "gbtree_model_param"), "num_trees"));
  add("num_feature", text_at(json_child(learner, "learner_model_param"), "num_feature"));
  return probe;
}

std::optional<ModelProbe> probe_mxnet_symbol(ByteSpan bytes) {
  if (!read_mxnet(bytes)) return std::nullopt;
  return ModelProbe{"mxnet_symbol", bytes.size(), {}};
}

ModelGraph describe_mxnet_symbol(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  const auto document = read_mxnet(
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))));
  if (!document) return graph;
  GraphFiller filler(graph);
  const Json& nodes = json_child(*document, "nodes");
  for (const Json& node : nodes) {
    const std::string name = text_at(node, "name");
    const std::string type = text_at(node, "op");
    if (type == "null") {
      if (!is_parameter_name(name)) filler.input({name, {}, ""});
      continue;
    }
    DetailText detail;
    for (const char* key : {"attrs", "attr", "param"}) {
      const Json& attributes = json_child(node, key);
      if (!attributes.is_object()) continue;
      for (const auto& item : attributes.items()) {
        if (!item.key().starts_with("__"))
          detail.text(item.key(), text_at(attributes, item.key().c_str()));
      }
    }
    GraphOperator op{type, detail.take(), {}, {name}};
    for (const Json& input : json_child(node, "inputs"))
      op.inputs.push_back(mxnet_tensor(input, nodes));
    filler.operation(std::move(op));
  }
  for (const Json& head : json_child(*document, "heads"))
    filler.output({mxnet_tensor(head, nodes), {}, ""});
  filler.gap("weights", "they lie in another file");
  filler.finish();
  set_graph_hash("mxnet_symbol", graph);
  return graph;
}

}  // namespace dl
