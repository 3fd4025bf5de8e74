// SPDX-License-Identifier: Apache-2.0
// How Caffe networks are known and read; field numbers are those of the public caffe.proto.
#include "daylight/format/classic/caffe.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "daylight/format/classic/caffe_params.h"
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/encoding/protobuf_text.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 1> kShapeRules = {{{1, K::kVarints, nullptr, true}}};
constexpr ProtoSchema kShape = {kShapeRules, 0};

constexpr std::array<ProtoRule, 9> kBlobRules = {{
    {1, K::kVarint},  // num, channels, height, width
    {2, K::kVarint},
    {3, K::kVarint},
    {4, K::kVarint},
    {5, K::kFixed32s, nullptr, true},  // data
    {6, K::kFixed32s, nullptr, true},  // diff
    {7, K::kMessage, &kShape},
    {8, K::kFixed64s, nullptr, true},  // double_data
    {9, K::kFixed64s, nullptr, true},
}};
constexpr ProtoSchema kBlob = {kBlobRules, 64};

constexpr std::array<ProtoRule, 11> kLayerRules = {{
    {1, K::kText},                               // name
    {2, K::kText, nullptr, false, true},         // type
    {3, K::kText, nullptr, true},                // bottom
    {4, K::kText, nullptr, true},                // top
    {5, K::kFixed32s, nullptr, true},            // loss_weight
    {6, K::kBytes, nullptr, true},               // param
    {7, K::kMessage, &kBlob, true},              // blobs
    {8, K::kBytes, nullptr, true},               // include
    {9, K::kBytes, nullptr, true},               // exclude
    {10, K::kVarint, nullptr, false, false, 1},  // phase
    {11, K::kVarints, nullptr, true},            // propagate_down
}};
constexpr ProtoSchema kLayer = {kLayerRules, kMaxCaffeLayerField};

constexpr std::array<ProtoRule, 8> kOldLayerRules = {{
    {1, K::kBytes},                               // layer: the form before this one
    {2, K::kText, nullptr, true},                 // bottom
    {3, K::kText, nullptr, true},                 // top
    {4, K::kText},                                // name
    {5, K::kVarint, nullptr, false, false, 200},  // type
    {6, K::kMessage, &kBlob, true},               // blobs
    {7, K::kFixed32s, nullptr, true},             // blobs_lr
    {8, K::kFixed32s, nullptr, true},             // weight_decay
}};
constexpr ProtoSchema kOldLayer = {kOldLayerRules, 2000};

constexpr std::array<ProtoRule, 9> kNetRules = {{
    {1, K::kText},                       // name
    {2, K::kMessage, &kOldLayer, true},  // layers
    {3, K::kText, nullptr, true},        // input
    {4, K::kVarints, nullptr, true},     // input_dim
    {5, K::kVarint, nullptr, false, false, 1},
    {6, K::kBytes},  // state
    {7, K::kVarint, nullptr, false, false, 1},
    {8, K::kMessage, &kShape, true},    // input_shape
    {100, K::kMessage, &kLayer, true},  // layer
}};
constexpr ProtoSchema kNet = {kNetRules, 0};

constexpr std::uint32_t kLayerField = 100;
constexpr std::uint32_t kOldLayerField = 2;

bool is_type_name(std::string_view type) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !type.empty() && type.size() < 100 && std::all_of(type.begin(), type.end(), is_part) &&
         (type[0] < '0' || type[0] > '9');
}

// One layer of either form.
struct Layer {
  GraphOperator op;
  DetailText detail;
  std::vector<std::vector<std::int64_t>> shapes;  // of an input layer's outputs
};

void note_phase(std::int64_t phase, DetailText& detail) {
  detail.text("phase", phase == 0 ? "TRAIN" : "TEST");
}

void add_blob(ByteSpan message, WeightsDigest& weights) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 5 && field->number != 8) continue;
    const std::size_t size = field->number == 5 ? 4 : 8;
    if (field->wire == ProtoWire::kBytes) {
      weights.add(field->bytes, field->bytes.size() / size);
    } else {
      std::array<std::uint8_t, 8> one{};
      std::memcpy(one.data(), &field->value, size);
      weights.add(ByteSpan(one).first(size), 1);
    }
  }
}

std::vector<std::int64_t> read_shape(ByteSpan message) {
  std::vector<std::int64_t> shape;
  ProtoReader reader(message);
  while (const auto field = reader.next())
    if (field->number == 1) append_proto_integers(*field, kMaxGraphRank, shape);
  return shape;
}

// Field numbers of the two forms of a layer.
struct LayerFields {
  bool old;
  std::uint32_t name, type, bottom, top, blobs, include;
};
constexpr LayerFields kNewFields = {false, 1, 2, 3, 4, 7, 8};
constexpr LayerFields kOldFields = {true, 4, 5, 2, 3, 6, 32};
constexpr std::uint32_t kInputParam = 143;

void read_oldest_layer(ByteSpan message, Layer& layer, WeightsDigest& weights) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) layer.op.name = field->text();
    if (field->number == 50) add_blob(field->bytes, weights);
    if (field->number >= 3 && field->number <= 15 && field->wire == ProtoWire::kVarint)
      layer.detail.integer("field_" + std::to_string(field->number), field->integer());
  }
}

Layer read_layer(ByteSpan message, const LayerFields& fields, WeightsDigest& weights) {
  Layer layer;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    const std::uint32_t number = field->number;
    if (number == fields.type) {
      layer.op.name = fields.old ? caffe_old_type(field->integer()) : std::string(field->text());
    } else if (number == fields.bottom) {
      layer.op.inputs.emplace_back(field->text());
    } else if (number == fields.top) {
      layer.op.outputs.emplace_back(field->text());
    } else if (number == fields.blobs) {
      add_blob(field->bytes, weights);
    } else if (number == fields.include) {
      const auto phase = proto_field(field->bytes, 1);
      if (phase) note_phase(phase->integer(), layer.detail);
    } else if (fields.old && number == 1) {
      read_oldest_layer(field->bytes, layer, weights);
    } else if (field->is_message() && is_caffe_param(number, fields.old)) {
      add_caffe_params(number, fields.old, field->bytes, layer.detail);
      if (!fields.old && number == kInputParam) {
        ProtoReader shapes(field->bytes);
        while (const auto shape = shapes.next())
          if (shape->number == 1) layer.shapes.push_back(read_shape(shape->bytes));
      }
    }
  }
  return layer;
}

Layer read_text_layer(const ProtoTextField& message) {
  Layer layer;
  const bool old = message.name == "layers";
  for (const ProtoTextField& field : message.fields) {
    if (field.name == "type") {
      layer.op.name = old ? caffe_old_type(std::string_view(field.value)) : field.value;
    } else if (field.name == "bottom") {
      layer.op.inputs.push_back(field.value);
    } else if (field.name == "top") {
      layer.op.outputs.push_back(field.value);
    } else if (field.name == "include") {
      const std::string phase = field.text("phase");
      if (!phase.empty()) note_phase(phase == "TRAIN" || phase == "0" ? 0 : 1, layer.detail);
    } else if (field.is_message && field.name.ends_with("_param")) {
      add_caffe_params(field, layer.detail);
      if (field.name != "input_param") continue;
      for (const ProtoTextField& shape : field.fields) {
        std::vector<std::int64_t> sizes;
        for (const std::string& size : shape.texts("dim"))
          sizes.push_back(static_cast<std::int64_t>(
              std::clamp(proto_text_number(size).value_or(-1), -1.0, 1e15)));
        layer.shapes.push_back(std::move(sizes));
      }
    }
  }
  return layer;
}

// Layers that bring data from outside and so begin a network.
bool brings_data(const GraphOperator& op) {
  return op.inputs.empty() &&
         (op.name == "Input" || op.name.ends_with("Data") || op.name == "DummyData");
}

// Gathers layers in their order: inputs are what data layers give, outputs what nobody takes.
class Network {
 public:
  explicit Network(ModelGraph& graph) : graph_(graph), filler_(graph) {}

  GraphFiller& filler() { return filler_; }

  void input(std::string name, std::vector<std::int64_t> shape) {
    shape.resize(std::min(shape.size(), kMaxGraphRank));
    for (std::int64_t& size : shape) size = size > 0 ? size : -1;
    open_.give(name);
    filler_.input({std::move(name), std::move(shape), "float32"});
  }

  void layer(Layer layer) {
    layer.op.detail = layer.detail.take();
    for (std::string& bottom : layer.op.inputs) {
      const auto copied = copies_.find(bottom);
      if (copied != copies_.end()) bottom = copied->second;
      open_.take(bottom);
    }
    // Copies that Caffe puts in where several layers take one output; files lack them or not.
    if (layer.op.name == "Split" && layer.op.inputs.size() == 1) {
      for (const std::string& top : layer.op.outputs) copies_[top] = layer.op.inputs.front();
      return;
    }
    const bool data = brings_data(layer.op);
    for (std::size_t i = 0; i < layer.op.outputs.size(); ++i) {
      const std::string& top = layer.op.outputs[i];
      if (!data) {
        open_.give(top);
        continue;
      }
      // One shape stands for all outputs.
      const std::size_t shape = std::min(i, layer.shapes.empty() ? 0 : layer.shapes.size() - 1);
      input(top, layer.shapes.empty() ? std::vector<std::int64_t>{} : layer.shapes[shape]);
    }
    filler_.operation(std::move(layer.op));
  }

  void finish() {
    for (const std::string& name : open_.left()) filler_.output({name, {}, "float32"});
    filler_.finish();
    set_graph_hash("caffe", graph_);
  }

 private:
  ModelGraph& graph_;
  GraphFiller filler_;
  OpenTensors open_;
  std::unordered_map<std::string, std::string> copies_;
};

// Inputs that the network itself states: names, and four sizes or a shape for each.
void add_stated_inputs(const std::vector<std::string>& names,
                       const std::vector<std::int64_t>& sizes,
                       const std::vector<std::vector<std::int64_t>>& shapes, Network& network) {
  for (std::size_t i = 0; i < names.size() && i < kMaxGraphBorders; ++i) {
    std::vector<std::int64_t> shape = i < shapes.size() ? shapes[i] : std::vector<std::int64_t>{};
    for (std::size_t k = i * 4; shapes.empty() && k < i * 4 + 4 && k < sizes.size(); ++k)
      shape.push_back(sizes[k]);
    network.input(names[i], std::move(shape));
  }
}

ModelGraph describe_binary(ByteSpan model) {
  ModelGraph graph;
  WeightsDigest weights;
  Network network(graph);
  std::vector<std::string> names;
  std::vector<std::int64_t> sizes;
  std::vector<std::vector<std::int64_t>> shapes;
  ProtoReader header(model);
  while (const auto field = header.next()) {
    if (field->number == 1) network.filler().metadata("name", field->text());
    if (field->number == 3) names.emplace_back(field->text());
    if (field->number == 4) append_proto_integers(*field, 4 * kMaxGraphBorders, sizes);
    if (field->number == 8) shapes.push_back(read_shape(field->bytes));
  }
  add_stated_inputs(names, sizes, shapes, network);
  ProtoReader layers(model);
  while (const auto field = layers.next()) {
    if (field->number == kLayerField) network.layer(read_layer(field->bytes, kNewFields, weights));
    if (field->number == kOldLayerField)
      network.layer(read_layer(field->bytes, kOldFields, weights));
  }
  network.finish();
  weights.finish(graph);
  return graph;
}

ModelGraph describe_text(ByteSpan bytes) {
  ModelGraph graph;
  Network network(graph);
  const ProtoText text = read_proto_text(as_text(bytes));
  network.filler().metadata("name", text.root.text("name"));
  std::vector<std::int64_t> sizes;
  std::vector<std::vector<std::int64_t>> shapes;
  const auto number = [](const std::string& size) {
    return static_cast<std::int64_t>(std::clamp(proto_text_number(size).value_or(-1), -1.0, 1e15));
  };
  for (const std::string& size : text.root.texts("input_dim")) sizes.push_back(number(size));
  for (const ProtoTextField& field : text.root.fields) {
    if (field.name != "input_shape") continue;
    shapes.emplace_back();
    for (const std::string& size : field.texts("dim")) shapes.back().push_back(number(size));
  }
  add_stated_inputs(text.root.texts("input"), sizes, shapes, network);
  for (const ProtoTextField& field : text.root.fields) {
    if (field.is_message && (field.name == "layer" || field.name == "layers"))
      network.layer(read_text_layer(field));
  }
  network.finish();
  return graph;
}

bool is_whole_layer(const Layer& layer) {
  return is_type_name(layer.op.name) && !(layer.op.inputs.empty() && layer.op.outputs.empty());
}

// Every layer has a type that is a name, and some hang together.
bool has_layers(ByteSpan model) {
  WeightsDigest unused;
  std::size_t whole = 0;
  ProtoReader reader(model);
  while (const auto field = reader.next()) {
    if (field->number != kLayerField && field->number != kOldLayerField) continue;
    const bool old = field->number == kOldLayerField;
    const std::string type =
        old ? (proto_field(field->bytes, 5) || proto_field(field->bytes, 1) ? "old" : "")
            : proto_text(field->bytes, 2);
    if (!is_type_name(type)) return field->cut && whole > 0;
    const LayerFields& fields = old ? kOldFields : kNewFields;
    if (proto_field(field->bytes, fields.top) || proto_field(field->bytes, fields.bottom)) ++whole;
  }
  return whole > 0;
}

std::optional<ModelProbe> probe_binary(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kNet);
  if (fit.fields == 0 || !has_layers(bytes.first(static_cast<std::size_t>(fit.size))))
    return std::nullopt;
  ModelProbe probe{"caffe", fit.size, {}};
  if (fit.cut)
    probe.gaps.push_back({"network", "it is cut off: its last layer goes on behind the end"});
  return probe;
}

std::optional<ModelProbe> probe_text(ByteSpan bytes) {
  if (!begins_with_proto_field(bytes, {"name", "layer", "layers", "input", "input_dim",
                                       "input_shape", "force_backward", "state", "debug_info"}))
    return std::nullopt;
  const ProtoText text = read_proto_text(as_text(bytes));
  const bool any = std::any_of(
      text.root.fields.begin(), text.root.fields.end(), [](const ProtoTextField& field) {
        return field.is_message && (field.name == "layer" || field.name == "layers") &&
               is_whole_layer(read_text_layer(field));
      });
  if (!any || text.size == 0) return std::nullopt;
  ModelProbe probe{"caffe", text.size, {}, {{"form", "text"}}};
  if (!text.why.empty())
    probe.gaps.push_back({"text at byte " + std::to_string(text.size), text.why});
  return probe;
}

}  // namespace

std::optional<ModelProbe> probe_caffe(ByteSpan bytes) {
  if (auto found = probe_binary(bytes)) return found;
  return probe_text(bytes);
}

ModelGraph describe_caffe(ByteSpan bytes, const ModelProbe& probe) {
  const ByteSpan model =
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size())));
  const bool text = !probe.facts.empty();
  return text ? describe_text(probe.gaps.empty() ? model : bytes) : describe_binary(model);
}

}  // namespace dl
