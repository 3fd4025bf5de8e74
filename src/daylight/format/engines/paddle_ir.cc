// SPDX-License-Identifier: Apache-2.0
// Keys: "#" kind, "I" inputs, "O" outputs, "A" attributes, "%" number of a value, "TT" its type,
// "D" data, "N" name, "AT" value of an attribute.
#include "daylight/format/engines/paddle_ir.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/json_document.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

// Said of the training or the place, not of the computation.
bool is_note(std::string_view name) {
  return name == "struct_name" || name == "place" || name == "name" || name == "col" ||
         name == "op_callstack" || name == "stop_gradient" || name == "persistable";
}

// "0.t_f32": the dialect's number and the type's name.
std::string type_name(const std::string& kind) {
  static const std::map<std::string_view, const char*> kNames = {
      {"t_f32", "float32"}, {"t_f16", "float16"}, {"t_bf16", "bfloat16"}, {"t_f64", "float64"},
      {"t_i8", "int8"},     {"t_ui8", "uint8"},   {"t_i16", "int16"},     {"t_i32", "int32"},
      {"t_i64", "int64"},   {"t_bool", "bool"},   {"t_c64", "complex64"}, {"t_c128", "complex128"}};
  const auto known = kNames.find(std::string_view(kind).substr(kind.find('.') + 1));
  return known == kNames.end() ? "other" : known->second;
}

std::string name_behind_dialect(const std::string& kind) { return kind.substr(kind.find('.') + 1); }

std::string value_name(const Json& value) { return "#" + json_text(json_child(value, "%")); }

// A value with its type: {"%": 9, "TT": {"#": "0.t_dtensor", "D": [type, sizes, ...]}}.
GraphTensor read_tensor(const Json& value) {
  GraphTensor tensor;
  tensor.name = value_name(value);
  const Json& data = json_child(json_child(value, "TT"), "D");
  if (!data.is_array() || data.size() < 2 || !data[1].is_array()) return tensor;
  tensor.dtype = type_name(json_text(json_child(data[0], "#")));
  for (const Json& size : data[1]) {
    if (size.is_number_integer() && tensor.shape.size() < kMaxGraphRank)
      tensor.shape.push_back(size.get<std::int64_t>());
  }
  return tensor;
}

// A number, a text, or a list of such, each behind its own kind.
std::string attribute_text(const Json& value, int depth) {
  const Json& data = value.is_object() && value.contains("D") ? value["D"] : value;
  if (!data.is_array() || depth >= kMaxPaddleAttributeDepth) return json_text(data);
  std::string out = "[";
  std::size_t count = 0;
  for (const Json& each : data) {
    if (count++ >= kMaxDetailNumbers) break;
    out += (count == 1 ? "" : ",") + attribute_text(each, depth + 1);
  }
  if (data.size() > kMaxDetailNumbers) out += ",..." + std::to_string(data.size());
  return out + "]";
}

const Json& program_of(const Json& document) { return json_child(document, "program"); }

bool has_operators(const Json& program) {
  for (const Json& region : json_child(program, "regions")) {
    for (const Json& block : json_child(region, "blocks")) {
      const Json& ops = json_child(block, "ops");
      if (ops.is_array() && !ops.empty() && json_child(ops.front(), "#").is_string()) return true;
    }
  }
  return false;
}

std::optional<Json> read_document(ByteSpan bytes) {
  auto document = json_document_with(bytes, '{', {"base_code", "magic", "program", "regions"});
  if (!document || json_child(json_child(*document, "base_code"), "magic") != "pir" ||
      !json_child(program_of(*document), "regions").is_array() ||
      !has_operators(program_of(*document)))
    return std::nullopt;
  return document;
}

class IrReader {
 public:
  explicit IrReader(ModelGraph& graph) : graph_(graph), filler_(graph) {}

  void read(const Json& document) {
    filler_.metadata("ir_version",
                     json_text(json_child(json_child(document, "base_code"), "version")));
    read_regions(program_of(document), 0);
    if (!parameters_.empty()) filler_.gap("weights", "they lie in another file");
    filler_.finish();
    set_graph_hash("paddle_pir", graph_);
  }

 private:
  void read_regions(const Json& holder, int depth) {
    if (depth >= kMaxPaddleBlockDepth) {
      filler_.gap("block", "it is nested too deeply to be read");
      return;
    }
    for (const Json& region : json_child(holder, "regions")) {
      for (const Json& block : json_child(region, "blocks")) {
        for (const Json& op : json_child(block, "ops")) read_operator(op, depth);
      }
    }
  }

  void read_operator(const Json& op, int depth) {
    const std::string kind = json_text(json_child(op, "#"));
    const std::string name = name_behind_dialect(kind);
    if (kind == "p" || name == "parameter") {
      note_parameter(json_child(op, "O"));
    } else if (name == "data" || name == "feed") {
      read_input(op);
    } else if (name == "fetch") {
      read_output(op);
    } else {
      read_computation(op, name);
      if (op.is_object() && op.contains("regions")) read_regions(op, depth + 1);
    }
  }

  void note_parameter(const Json& output) {
    GraphTensor tensor = read_tensor(output.is_array() && !output.empty() ? output[0] : output);
    const std::uint64_t elements = element_count(tensor.shape);
    graph_.parameters = add_checked(graph_.parameters, elements).value_or(graph_.parameters);
    const std::string name = tensor.name;
    parameters_.insert_or_assign(name, std::move(tensor));
  }

  // Operators name values by number; the border has the name that the app gives.
  void read_input(const Json& op) {
    const Json& outputs = json_child(op, "O");
    if (!outputs.is_array() || outputs.empty()) return;
    GraphTensor tensor = read_tensor(outputs[0]);
    const std::string given = attribute(op, "name");
    if (!given.empty()) names_[tensor.name] = given;
    if (!given.empty()) tensor.name = given;
    filler_.input(std::move(tensor));
  }

  void read_output(const Json& op) {
    const Json& inputs = json_child(op, "I");
    const Json& outputs = json_child(op, "O");
    if (!inputs.is_array() || inputs.empty()) return;
    GraphTensor tensor =
        read_tensor(outputs.is_array() && !outputs.empty() ? outputs[0] : inputs[0]);
    tensor.name = shown_name(value_name(inputs[0]));
    filler_.output(std::move(tensor));
  }

  void read_computation(const Json& op, const std::string& name) {
    GraphOperator out;
    out.name = name;
    DetailText detail;
    for (const Json& each : json_child(op, "A")) {
      const std::string key = json_text(json_child(each, "N"));
      if (!key.empty() && !is_note(key))
        detail.text(key, attribute_text(json_child(each, "AT"), 0));
    }
    std::string constants;
    std::size_t place = 0;
    for (const Json& input : json_child(op, "I")) {
      const std::string value = value_name(input);
      const auto parameter = parameters_.find(value);
      if (parameter == parameters_.end()) {
        out.inputs.push_back(shown_name(value));
      } else {
        constants += (constants.empty() ? "" : ",") + std::to_string(place) + ":" +
                     typed_shape_text(parameter->second);
      }
      ++place;
    }
    if (!constants.empty()) detail.text("constants", constants);
    for (const Json& output : json_child(op, "O")) out.outputs.push_back(value_name(output));
    out.detail = detail.take();
    filler_.operation(std::move(out));
  }

  static std::string attribute(const Json& op, std::string_view name) {
    for (const Json& each : json_child(op, "A")) {
      if (json_text(json_child(each, "N")) == name)
        return attribute_text(json_child(each, "AT"), 0);
    }
    return "";
  }

  std::string shown_name(const std::string& value) const {
    const auto known = names_.find(value);
    return known == names_.end() ? value : known->second;
  }

  ModelGraph& graph_;
  GraphFiller filler_;
  std::map<std::string, GraphTensor> parameters_;  // by value
  std::map<std::string, std::string> names_;       // of inputs, by value
};

}  // namespace

std::optional<ModelProbe> probe_paddle_ir(ByteSpan bytes) {
  const auto document = read_document(bytes);
  if (!document) return std::nullopt;
  const Json& version = json_child(json_child(*document, "base_code"), "version");
  return ModelProbe{
      "paddle_pir", bytes.size(), {}, {{"version", printable(json_text(version), 40)}}};
}

ModelGraph describe_paddle_ir(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  const auto document = read_document(
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))));
  if (document) IrReader(graph).read(*document);
  return graph;
}

}  // namespace dl
