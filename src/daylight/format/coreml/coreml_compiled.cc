// SPDX-License-Identifier: Apache-2.0
// Keys are those that the Core ML compiler writes.
#include "daylight/format/coreml/coreml_compiled.h"

#include <algorithm>
#include <unordered_set>

#include "daylight/base/text.h"
#include "daylight/format/coreml/coreml_data.h"
#include "daylight/format/coreml/coreml_description.h"
#include "daylight/format/coreml/mil_text.h"
#include "daylight/format/encoding/json_document.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

constexpr const char* kLayersPart = "model.espresso.net";
constexpr const char* kShapesPart = "model.espresso.shape";
constexpr const char* kMetadataPart = "metadata.json";
constexpr const char* kProgramPart = "model.mil";
constexpr const char* kDataPart = "coremldata.bin";
constexpr const char* kAnalyticsPart = "analytics/coremldata.bin";

bool is_layer(const Json& layer) {
  return layer.is_object() && json_child(layer, "type").is_string() &&
         json_child(layer, "name").is_string();
}

std::optional<Json> read_layers(ByteSpan bytes) {
  auto document = json_document_with(bytes, '{', {"format_version", "layers", "type"});
  if (!document) return std::nullopt;
  const Json& layers = json_child(*document, "layers");
  if (!layers.is_array() || layers.empty() ||
      !std::all_of(layers.begin(), layers.end(), is_layer) ||
      !json_child(*document, "format_version").is_number())
    return std::nullopt;
  return document;
}

std::optional<Json> read_shapes(ByteSpan bytes) {
  auto document = json_document_with(bytes, '{', {"layer_shapes"});
  if (!document || !json_child(*document, "layer_shapes").is_object()) return std::nullopt;
  return document;
}

std::optional<Json> read_metadata(ByteSpan bytes) {
  auto document = json_document_with(bytes, '[', {"metadataOutputVersion", "outputSchema"});
  if (!document || !document->is_array() || document->empty() ||
      !json_child((*document)[0], "metadataOutputVersion").is_string())
    return std::nullopt;
  return document;
}

std::vector<std::string> names_of(const Json& value) {
  std::vector<std::string> names;
  if (!value.is_string()) return names;
  for (std::string& name : split(value.get<std::string>(), ','))
    if (!trim(name).empty()) names.emplace_back(trim(name));
  return names;
}

// What does not change the computation: names, places of weights, notes of the compiler.
bool is_note(const std::string& key) {
  return key == "name" || key == "type" || key == "bottom" || key == "top" || key == "weights" ||
         key == "attributes" || key.starts_with("blob_") || key.starts_with("debug_") ||
         key.starts_with("hint_");
}

void describe_layers(const Json& document, GraphFiller& filler) {
  std::unordered_set<std::string> made;
  OpenTensors open;
  for (const Json& layer : json_child(document, "layers")) {
    GraphOperator op{json_text(json_child(layer, "type")), "",
                     names_of(json_child(layer, "bottom")), names_of(json_child(layer, "top"))};
    DetailText detail;
    for (const auto& item : layer.items()) {
      if (!is_note(item.key()) && !item.value().is_structured())
        detail.text(item.key(), json_text(item.value()));
    }
    op.detail = detail.take();
    for (const std::string& name : op.inputs) {
      open.take(name);
      if (made.insert(name).second) filler.input({name, {}, ""});
    }
    for (const std::string& name : op.outputs) {
      made.insert(name);
      open.give(name);
    }
    filler.operation(std::move(op));
  }
  for (const std::string& name : open.left()) filler.output({name, {}, ""});
  const std::string storage = json_text(json_child(document, "storage"));
  filler.gap("weights", "they lie in another file" + (storage.empty() ? "" : ": " + storage));
}

std::string plain_type(const std::string& type) {
  std::string lower = to_lower(type);
  if (lower == "float32" || lower == "float16" || lower == "int32" || lower == "int8") return lower;
  if (lower == "double") return "float64";
  if (lower == "int64" || lower == "string") return lower;
  return lower.empty() ? "" : "other";
}

// One entry of inputSchema or outputSchema: sizes are texts.
GraphTensor schema_tensor(const Json& entry) {
  GraphTensor tensor;
  tensor.name = json_text(json_child(entry, "name"));
  const std::string type = json_text(json_child(entry, "type"));
  if (type == "Image") {
    const std::string colour = json_text(json_child(entry, "colorspace"));
    const bool grey = colour.find("ray") != std::string::npos;
    tensor.dtype = "uint8";
    tensor.shape = {grey ? 1 : 3,
                    parse_integer(json_text(json_child(entry, "height"))).value_or(-1),
                    parse_integer(json_text(json_child(entry, "width"))).value_or(-1)};
    return tensor;
  }
  const std::string data = json_text(json_child(entry, "dataType"));
  tensor.dtype = plain_type(data.empty() ? type : data);
  std::string shape = json_text(json_child(entry, "shape"));
  if (shape.size() < 2 || shape.front() != '[' || shape.back() != ']') return tensor;
  shape = shape.substr(1, shape.size() - 2);
  for (const std::string& size : split(shape, ','))
    if (tensor.shape.size() < kMaxGraphRank && !trim(size).empty())
      tensor.shape.push_back(parse_integer(trim(size)).value_or(-1));
  return tensor;
}

void describe_metadata(const Json& document, GraphFiller& filler) {
  const Json& model = document[0];
  for (const Json& entry : json_child(model, "inputSchema")) filler.input(schema_tensor(entry));
  for (const Json& entry : json_child(model, "outputSchema")) filler.output(schema_tensor(entry));
  filler.metadata("type", json_text(json_child(json_child(model, "modelType"), "name")));
  for (const char* key : {"shortDescription", "version", "author", "license", "storagePrecision",
                          "specificationVersion", "generatedClassName", "method"})
    filler.metadata(key, json_text(json_child(model, key)));
  const Json& user = json_child(model, "userDefinedMetadata");
  if (user.is_object())
    for (const auto& item : user.items()) {
      filler.metadata(item.key(), json_text(item.value()));
      if (is_label_key(item.key()))
        for (std::string& label : labels_from_text(json_text(item.value())))
          filler.label(std::move(label));
    }
  const Json& labels = json_child(model, "classLabels");
  if (labels.is_array())
    for (const Json& label : labels) filler.label(json_text(label));
}

void describe_data(const CoremlData& data, GraphFiller& filler) {
  filler.metadata("type", coreml_type_name(data.type));
  if (data.version != 0) filler.metadata("specification_version", std::to_string(data.version));
  std::vector<std::string> labels;
  read_coreml_description(data.description, filler, labels);
  for (std::string& label : labels) filler.label(std::move(label));
  if (!data.known_header)
    filler.gap("header", "its layout is not known; the description was found by its structure");
}

// Parts that say what the model is, but not how it computes.
void describe_without_layers(ByteSpan bytes, GraphFiller& filler) {
  if (const auto metadata = read_metadata(bytes)) {
    describe_metadata(*metadata, filler);
  } else if (const auto data = read_coreml_data(bytes)) {
    describe_data(*data, filler);
  } else if (const auto notes = read_coreml_analytics(bytes)) {
    for (const auto& [key, value] : *notes) filler.metadata(key, value);
  }
  filler.gap("layers", "this part says nothing of them");
}

}  // namespace

std::optional<ModelProbe> probe_coreml_compiled(ByteSpan bytes) {
  const auto found = [&](const char* part) {
    return ModelProbe{"coreml_compiled", bytes.size(), {}, {{"part", part}}};
  };
  if (is_mil_text(bytes)) return found(kProgramPart);
  if (read_layers(bytes)) return found(kLayersPart);
  if (read_shapes(bytes)) return found(kShapesPart);
  if (read_metadata(bytes)) return found(kMetadataPart);
  if (read_coreml_data(bytes)) return found(kDataPart);
  if (read_coreml_analytics(bytes)) return found(kAnalyticsPart);
  return std::nullopt;
}

ModelGraph describe_coreml_compiled(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  GraphFiller filler(graph);
  const std::string part = probe.facts.empty() ? "" : probe.facts.front().second;
  if (part == kProgramPart) {
    graph.parameters = read_mil_text(as_text(bytes), filler);
  } else if (const auto net = read_layers(bytes)) {
    describe_layers(*net, filler);
  } else {
    describe_without_layers(bytes, filler);
    filler.finish();
    return graph;
  }
  filler.finish();
  set_graph_hash("coreml_compiled", graph);
  return graph;
}

std::optional<ModelProbe> probe_mlpackage(ByteSpan bytes) {
  const auto document = json_document_with(bytes, '{', {"rootModelIdentifier", "itemInfoEntries"});
  if (!document || !json_child(*document, "rootModelIdentifier").is_string()) return std::nullopt;
  const Json& items = json_child(*document, "itemInfoEntries");
  const Json& root =
      json_child(items, json_text(json_child(*document, "rootModelIdentifier")).c_str());
  if (!json_child(root, "path").is_string()) return std::nullopt;
  return ModelProbe{
      "mlpackage", bytes.size(), {}, {{"root_model", json_text(json_child(root, "path"))}}};
}

}  // namespace dl
