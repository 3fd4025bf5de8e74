// SPDX-License-Identifier: Apache-2.0
// Reads an ONNX model's graph: borders, operators with attributes, initialisers, metadata.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_map>

#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/engines/onnx.h"
#include "daylight/format/engines/onnx_types.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

// A constant tensor as the file holds it.
struct Constant {
  GraphTensor tensor;
  std::vector<ByteSpan> data;  // the parts that hold values
  std::vector<float> floats;   // first values, where the type is float
  std::vector<std::int64_t> integers;
  bool external = false;
  std::string location;  // of external data
  std::optional<std::uint64_t> external_end;
};

// Values at the start of a constant that are read: scales and zero points.
constexpr std::size_t kMaxConstantValues = 4096;

void read_external_data(ByteSpan entry, Constant& out) {
  const std::string key = proto_text(entry, 1);
  const std::string value = proto_text(entry, 2);
  std::uint64_t number = 0;
  const auto* end = value.data() + value.size();
  const bool is_number = std::from_chars(value.data(), end, number).ptr == end && !value.empty();
  if (key == "location") out.location = value;
  if (key == "offset" || key == "length") {
    out.external_end =
        is_number && out.external_end ? add_checked(*out.external_end, number) : std::nullopt;
  }
}

void read_raw_values(ByteSpan raw, Constant& out) {
  const std::string& type = out.tensor.dtype;
  for (std::size_t i = 0; i < raw.size() && out.floats.size() < kMaxConstantValues &&
                          out.integers.size() < kMaxConstantValues;) {
    if (type == "float32") {
      if (const auto value = load_le<float>(raw, i)) out.floats.push_back(*value);
      i += 4;
    } else if (type == "int32") {
      if (const auto value = load_le<std::int32_t>(raw, i)) out.integers.push_back(*value);
      i += 4;
    } else if (type == "uint8") {
      out.integers.push_back(raw[i++]);
    } else if (type == "int8") {
      out.integers.push_back(static_cast<std::int8_t>(raw[i++]));
    } else {
      return;
    }
  }
}

Constant read_constant(ByteSpan message) {
  Constant out;
  out.external_end = 0;
  ByteSpan raw;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    switch (field->number) {
      case 1:
        append_proto_integers(*field, kMaxGraphRank, out.tensor.shape);
        break;
      case 2:
        out.tensor.dtype = onnx_type_name(field->integer());
        break;
      case 8:
        out.tensor.name = field->text();
        break;
      case 13:
        read_external_data(field->bytes, out);
        break;
      case 14:
        out.external = field->value == 1;
        break;
      case 4:
        append_proto_floats(*field, kMaxConstantValues, out.floats);
        out.data.push_back(field->bytes);
        break;
      case 5:
        append_proto_integers(*field, kMaxConstantValues, out.integers);
        out.data.push_back(field->bytes);
        break;
      case 9:
        raw = field->bytes;
        [[fallthrough]];
      case 6:
      case 7:
      case 10:
      case 11:
        out.data.push_back(field->bytes);
        break;
      default:
        break;
    }
  }
  read_raw_values(raw, out);
  return out;
}

std::int64_t dimension_of(ByteSpan message) {
  const auto value = proto_field(message, 1);
  return value && value->wire == ProtoWire::kVarint && value->integer() > 0 ? value->integer() : -1;
}

// TypeProto: tensors with their shape, everything else as "other".
void read_type(ByteSpan type, GraphTensor& out) {
  auto tensor = proto_field(type, 1);
  if (!tensor) tensor = proto_field(type, 8);  // sparse: same fields
  if (!tensor) {
    out.dtype = type.empty() ? "" : "other";
    return;
  }
  out.dtype = onnx_type_name(proto_integer(tensor->bytes, 1, 0));
  const auto shape = proto_field(tensor->bytes, 2);
  if (!shape) return;
  ProtoReader reader(shape->bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1 && out.shape.size() < kMaxGraphRank)
      out.shape.push_back(dimension_of(field->bytes));
  }
}

GraphTensor read_value_info(ByteSpan message) {
  GraphTensor out;
  out.name = proto_text(message, 1);
  if (const auto type = proto_field(message, 2)) read_type(type->bytes, out);
  return out;
}

// What all graphs of one model share: weights in the file's order, and files of external data.
struct ModelWeights {
  WeightsDigest digest;
  std::map<std::string, std::optional<std::uint64_t>> files;  // size that is needed of each
  std::uint64_t parameters_elsewhere = 0;

  void add(const Constant& constant) {
    std::uint64_t elements = element_count(constant.tensor.shape);
    for (const ByteSpan part : constant.data) {
      digest.add(part, elements);
      elements = 0;
    }
    if (!constant.external) return;
    parameters_elsewhere += elements;
    const auto [file, is_new] = files.emplace(constant.location, constant.external_end);
    if (is_new || !file->second) return;
    file->second = constant.external_end
                       ? std::optional(std::max(*file->second, *constant.external_end))
                       : std::nullopt;
  }
};

class GraphReader {
 public:
  GraphReader(ModelGraph& graph, ModelWeights& weights, int depth)
      : graph_(graph), filler_(graph), weights_(weights), depth_(depth) {}

  void read(ByteSpan message) {
    read_initialisers(message);
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number == 1) {
        read_node(field->bytes);
      } else if (field->number == 11) {
        GraphTensor input = read_value_info(field->bytes);
        if (!constants_.contains(input.name)) filler_.input(std::move(input));
      } else if (field->number == 12) {
        filler_.output(read_value_info(field->bytes));
      } else if (field->number == 2) {
        filler_.metadata("graph", field->text());
      }
    }
    note_quantisation();
    filler_.finish();
    set_graph_hash("onnx", graph_);
  }

 private:
  void read_initialisers(ByteSpan message) {
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number == 15)
        filler_.gap("sparse initialisers", "their values are not counted as weights");
      if (field->number == 5) add_constant(read_constant(field->bytes));
    }
  }

  void add_constant(Constant constant) {
    weights_.add(constant);
    constant.data.clear();
    std::string name = constant.tensor.name;
    if (!name.empty()) constants_.insert_or_assign(std::move(name), std::move(constant));
  }

  void read_node(ByteSpan message) {
    GraphOperator op;
    DetailText detail;
    std::string domain;
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      switch (field->number) {
        case 1:
          op.inputs.emplace_back(field->text());
          break;
        case 2:
          op.outputs.emplace_back(field->text());
          break;
        case 4:
          op.name = field->text();
          break;
        case 5:
          read_attribute(field->bytes, op, detail);
          break;
        case 7:
          domain = field->text();
          break;
        default:
          break;
      }
    }
    if (!domain.empty() && domain != "ai.onnx") op.name = domain + "." + op.name;
    add_weight_shapes(op, detail);
    op.detail = detail.take();
    note_quantised_borders(op);
    filler_.operation(std::move(op));
  }

  // Which operands are constants, of what type and shape: they are part of the architecture.
  void add_weight_shapes(const GraphOperator& op, DetailText& detail) {
    std::string text;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const auto found = constants_.find(op.inputs[i]);
      if (found == constants_.end() || op.inputs[i].empty()) continue;
      text += (text.empty() ? "" : ",") + std::to_string(i) + ":" +
              typed_shape_text(found->second.tensor);
    }
    if (!text.empty()) detail.text("constants", text);
  }

  void read_attribute(ByteSpan message, const GraphOperator& op, DetailText& detail) {
    std::string name;
    std::vector<std::int64_t> integers;
    std::vector<float> numbers;
    std::vector<std::string> texts;
    std::optional<ProtoField> value;
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number == 1) name = field->text();
      if (field->number == 7) append_proto_floats(*field, kMaxConstantValues, numbers);
      if (field->number == 8) append_proto_integers(*field, kMaxConstantValues, integers);
      if (field->number == 9 && texts.size() < kMaxGraphLabels) texts.emplace_back(field->text());
      if ((field->number >= 2 && field->number <= 6) || field->number == 11) value = *field;
      if (field->number == 21) detail.text("ref", field->text());
    }
    if (!integers.empty()) detail.integers(name, integers);
    if (!numbers.empty()) detail.numbers(name, numbers);
    if (!texts.empty()) add_texts(name, texts, detail);
    if (value) add_value(name, *value, op, detail);
  }

  void add_texts(const std::string& name, const std::vector<std::string>& texts,
                 DetailText& detail) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
    detail.text(name, all);
    if (name == "classlabels_strings" && graph_.labels.empty())
      for (const std::string& text : texts) filler_.label(text);
  }

  void add_value(const std::string& name, const ProtoField& value, const GraphOperator& op,
                 DetailText& detail) {
    if (value.number == 2) detail.number(name, value.number32());
    if (value.number == 3) detail.integer(name, value.integer());
    if (value.number == 4) detail.text(name, value.text());
    if (value.number == 5) add_tensor(name, value.bytes, op, detail);
    if (value.number == 6 || value.number == 11) add_graph(name, value.bytes, detail);
  }

  void add_tensor(const std::string& name, ByteSpan message, const GraphOperator& op,
                  DetailText& detail) {
    Constant constant = read_constant(message);
    detail.text(name, typed_shape_text(constant.tensor));
    if (op.name == "Constant" && !op.outputs.empty()) constant.tensor.name = op.outputs.front();
    add_constant(std::move(constant));
  }

  // A branch or a loop's body counts by its own hash.
  void add_graph(const std::string& name, ByteSpan message, DetailText& detail) {
    if (depth_ >= kMaxOnnxGraphDepth) {
      filler_.gap("graph in attribute " + name, "it lies too deep to be read");
      return;
    }
    ModelGraph inner;
    GraphReader(inner, weights_, depth_ + 1).read(message);
    detail.text(name,
                std::to_string(inner.operators.size()) + "#" + inner.graph_hash.substr(0, 16));
  }

  // A border is quantised where it is dequantised at once, or the last operator quantises it.
  void note_quantised_borders(const GraphOperator& op) {
    struct Operands {
      std::string_view op;
      std::size_t input, input_scale, output_scale;  // 0: not this side
    };
    static constexpr std::array<Operands, 4> kOperands = {{{"DequantizeLinear", 0, 1, 0},
                                                           {"QuantizeLinear", 0, 0, 1},
                                                           {"QLinearConv", 0, 1, 6},
                                                           {"QLinearMatMul", 0, 1, 6}}};
    if (op.name.find("QLinear") != std::string::npos) integer_operators_ = true;
    if (op.name.find("QuantizeLinear") != std::string::npos ||
        op.name.find("DequantizeLinear") != std::string::npos)
      quantise_pairs_ = true;
    for (const Operands& known : kOperands) {
      if (op.name != known.op) continue;
      if (known.input_scale != 0 && !op.inputs.empty())
        note_scale(op, known.input_scale, op.inputs[known.input]);
      if (known.output_scale != 0 && !op.outputs.empty())
        note_scale(op, known.output_scale, op.outputs.front());
    }
  }

  void note_scale(const GraphOperator& op, std::size_t at, const std::string& tensor) {
    if (at >= op.inputs.size()) return;
    const auto scale = constants_.find(op.inputs[at]);
    if (scale == constants_.end() || scale->second.floats.empty()) return;
    GraphTensor& known = quantised_[tensor];
    known.quant_scale = scale->second.floats;
    known.quant_zero_point.clear();
    if (at + 1 >= op.inputs.size()) return;
    const auto zero = constants_.find(op.inputs[at + 1]);
    if (zero != constants_.end()) known.quant_zero_point = zero->second.integers;
  }

  void note_quantisation() {
    if (integer_operators_ || quantise_pairs_)
      filler_.metadata("quantization",
                       integer_operators_ ? "integer operators" : "quantise-dequantise pairs");
    for (auto* side : {&graph_.inputs, &graph_.outputs}) {
      for (GraphTensor& tensor : *side) {
        const auto known = quantised_.find(tensor.name);
        if (known == quantised_.end()) continue;
        tensor.quant_scale = known->second.quant_scale;
        tensor.quant_zero_point = known->second.quant_zero_point;
      }
    }
  }

  ModelGraph& graph_;
  GraphFiller filler_;
  ModelWeights& weights_;
  int depth_;
  bool integer_operators_ = false;
  bool quantise_pairs_ = false;
  std::unordered_map<std::string, Constant> constants_;
  std::unordered_map<std::string, GraphTensor> quantised_;
};

void read_property(ByteSpan pair, GraphFiller& filler, const ModelGraph& graph) {
  const std::string key = proto_text(pair, 1);
  const std::string value = proto_text(pair, 2);
  filler.metadata(key, value);
  if (!is_label_key(key) || !graph.labels.empty()) return;
  for (std::string& label : labels_from_text(value)) filler.label(std::move(label));
}

void read_operator_set(ByteSpan message, std::string& all) {
  const std::string domain = proto_text(message, 1);
  all += (all.empty() ? "" : ", ") + (domain.empty() ? "ai.onnx" : domain) + " " +
         std::to_string(proto_integer(message, 2, 0));
}

void read_header(ByteSpan model, ModelGraph& graph) {
  GraphFiller filler(graph);
  std::string producer = proto_text(model, 2);
  const std::string version = proto_text(model, 3);
  if (!producer.empty() && !version.empty()) producer += " " + version;
  std::string operator_sets;
  std::size_t functions = 0;
  ProtoReader reader(model);
  while (const auto field = reader.next()) {
    if (field->number == 1) filler.metadata("ir_version", std::to_string(field->value));
    if (field->number == 4) filler.metadata("domain", field->text());
    if (field->number == 5 && field->value != 0)
      filler.metadata("model_version", std::to_string(field->value));
    if (field->number == 6) filler.metadata("description", field->text());
    if (field->number == 8) read_operator_set(field->bytes, operator_sets);
    if (field->number == 14) read_property(field->bytes, filler, graph);
    if (field->number == 20) filler.gap("training information", "it is not read");
    functions += field->number == 25 ? 1 : 0;
  }
  if (functions != 0)
    filler.gap("functions", std::to_string(functions) +
                                " operators that the model defines itself are listed by name only");
  filler.metadata("producer", producer);
  filler.metadata("opset", operator_sets);
}

void note_external_files(const ModelWeights& weights, ModelGraph& graph) {
  GraphFiller filler(graph);
  for (const auto& [name, size] : weights.files) {
    filler.gap("external data", "weights lie in another file: " + name);
    filler.metadata("external_data", name);
  }
  if (weights.files.size() == 1) graph.weight_file_size = weights.files.begin()->second;
}

}  // namespace

ModelGraph describe_onnx(ByteSpan bytes, const ModelProbe& probe) {
  const ByteSpan model =
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size())));
  ModelGraph graph;
  ModelWeights weights;
  if (const auto message = proto_field(model, 7))
    GraphReader(graph, weights, 0).read(message->bytes);
  read_header(model, graph);
  note_external_files(weights, graph);
  weights.digest.finish(graph);
  graph.parameters =
      add_checked(graph.parameters, weights.parameters_elsewhere).value_or(graph.parameters);
  return graph;
}

}  // namespace dl
