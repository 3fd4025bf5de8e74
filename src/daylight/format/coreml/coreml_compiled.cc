// SPDX-License-Identifier: Apache-2.0
// Keys are those that the Core ML compiler writes.
#include "daylight/format/coreml/coreml_compiled.h"

#include <algorithm>
#include <unordered_set>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/coreml/mil_text.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

constexpr const char* kLayersPart = "model.espresso.net";
constexpr const char* kShapesPart = "model.espresso.shape";
constexpr const char* kMetadataPart = "metadata.json";
constexpr const char* kProgramPart = "model.mil";

bool mentions(std::string_view text, std::initializer_list<std::string_view> keys) {
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
    return text.find("\"" + std::string(key) + "\"") != std::string_view::npos;
  });
}

// Parses only what begins like a document and mentions the keys.
std::optional<Json> document_with(ByteSpan bytes, char first,
                                  std::initializer_list<std::string_view> keys) {
  const std::string_view text = as_text(bytes);
  const std::size_t begin = text.substr(0, 64).find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text[begin] != first || text.size() > kMaxCoremlPart ||
      !mentions(text, keys))
    return std::nullopt;
  auto parsed = parse_json(text, "part of a compiled model");
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

const Json& child(const Json& object, const char* key) {
  static const Json kNone;
  return object.is_object() && object.contains(key) ? object[key] : kNone;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
         : value.is_null() ? ""
                           : dump_json_line(value);
}

bool is_layer(const Json& layer) {
  return layer.is_object() && child(layer, "type").is_string() && child(layer, "name").is_string();
}

std::optional<Json> read_layers(ByteSpan bytes) {
  auto document = document_with(bytes, '{', {"format_version", "layers", "type"});
  if (!document) return std::nullopt;
  const Json& layers = child(*document, "layers");
  if (!layers.is_array() || layers.empty() ||
      !std::all_of(layers.begin(), layers.end(), is_layer) ||
      !child(*document, "format_version").is_number())
    return std::nullopt;
  return document;
}

std::optional<Json> read_shapes(ByteSpan bytes) {
  auto document = document_with(bytes, '{', {"layer_shapes"});
  if (!document || !child(*document, "layer_shapes").is_object()) return std::nullopt;
  return document;
}

std::optional<Json> read_metadata(ByteSpan bytes) {
  auto document = document_with(bytes, '[', {"metadataOutputVersion", "outputSchema"});
  if (!document || !document->is_array() || document->empty() ||
      !child((*document)[0], "metadataOutputVersion").is_string())
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
  for (const Json& layer : child(document, "layers")) {
    GraphOperator op{text_of(child(layer, "type")), "", names_of(child(layer, "bottom")),
                     names_of(child(layer, "top"))};
    DetailText detail;
    for (const auto& item : layer.items()) {
      if (!is_note(item.key()) && !item.value().is_structured())
        detail.text(item.key(), text_of(item.value()));
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
  const std::string storage = text_of(child(document, "storage"));
  filler.gap("weights", "they lie in another file" + (storage.empty() ? "" : ": " + storage));
}

std::string plain_type(const std::string& type) {
  const std::string lower = to_lower(type);
  if (lower == "float32" || lower == "float16" || lower == "int32" || lower == "int8") return lower;
  if (lower == "double") return "float64";
  if (lower == "int64" || lower == "string") return lower;
  return lower.empty() ? "" : "other";
}

// One entry of inputSchema or outputSchema: sizes are texts.
GraphTensor schema_tensor(const Json& entry) {
  GraphTensor tensor;
  tensor.name = text_of(child(entry, "name"));
  const std::string type = text_of(child(entry, "type"));
  if (type == "Image") {
    const std::string colour = text_of(child(entry, "colorspace"));
    const bool grey = colour.find("ray") != std::string::npos;
    tensor.dtype = "uint8";
    tensor.shape = {grey ? 1 : 3, parse_integer(text_of(child(entry, "height"))).value_or(-1),
                    parse_integer(text_of(child(entry, "width"))).value_or(-1)};
    return tensor;
  }
  const std::string data = text_of(child(entry, "dataType"));
  tensor.dtype = plain_type(data.empty() ? type : data);
  std::string shape = text_of(child(entry, "shape"));
  if (shape.size() < 2 || shape.front() != '[' || shape.back() != ']') return tensor;
  shape = shape.substr(1, shape.size() - 2);
  for (const std::string& size : split(shape, ','))
    if (tensor.shape.size() < kMaxGraphRank && !trim(size).empty())
      tensor.shape.push_back(parse_integer(trim(size)).value_or(-1));
  return tensor;
}

void describe_metadata(const Json& document, GraphFiller& filler) {
  const Json& model = document[0];
  for (const Json& entry : child(model, "inputSchema")) filler.input(schema_tensor(entry));
  for (const Json& entry : child(model, "outputSchema")) filler.output(schema_tensor(entry));
  filler.metadata("type", text_of(child(child(model, "modelType"), "name")));
  for (const char* key : {"shortDescription", "version", "author", "license", "storagePrecision",
                          "specificationVersion", "generatedClassName", "method"})
    filler.metadata(key, text_of(child(model, key)));
  const Json& user = child(model, "userDefinedMetadata");
  if (user.is_object())
    for (const auto& item : user.items()) {
      filler.metadata(item.key(), text_of(item.value()));
      if (is_label_key(item.key()))
        for (std::string& label : labels_from_text(text_of(item.value())))
          filler.label(std::move(label));
    }
  const Json& labels = child(model, "classLabels");
  if (labels.is_array())
    for (const Json& label : labels) filler.label(text_of(label));
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
  return std::nullopt;
}

ModelGraph describe_coreml_compiled(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  GraphFiller filler(graph);
  const std::string part = probe.facts.empty() ? "" : probe.facts.front().second;
  bool layers = true;
  if (part == kProgramPart) {
    graph.parameters = read_mil_text(as_text(bytes), filler);
  } else if (const auto net = read_layers(bytes)) {
    describe_layers(*net, filler);
  } else {
    layers = false;
    if (const auto metadata = read_metadata(bytes)) describe_metadata(*metadata, filler);
  }
  filler.finish();
  if (layers) set_graph_hash("coreml_compiled", graph);
  return graph;
}

std::optional<ModelProbe> probe_mlpackage(ByteSpan bytes) {
  const auto document = document_with(bytes, '{', {"rootModelIdentifier", "itemInfoEntries"});
  if (!document || !child(*document, "rootModelIdentifier").is_string()) return std::nullopt;
  const Json& items = child(*document, "itemInfoEntries");
  const Json& root = child(items, text_of(child(*document, "rootModelIdentifier")).c_str());
  if (!child(root, "path").is_string()) return std::nullopt;
  return ModelProbe{"mlpackage", bytes.size(), {}, {{"root_model", text_of(child(root, "path"))}}};
}

}  // namespace dl
