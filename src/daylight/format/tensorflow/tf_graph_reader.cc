// SPDX-License-Identifier: Apache-2.0
// Reads TensorFlow graphs: placeholders, nodes with their attributes, constants, signatures.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/model/graph_parts.h"
#include "daylight/format/tensorflow/tf_graph.h"

namespace dl {
namespace {

// DataType by number.
constexpr std::array<std::string_view, 31> kTypes = {"",
                                                     "float32",
                                                     "float64",
                                                     "int32",
                                                     "uint8",
                                                     "int16",
                                                     "int8",
                                                     "string",
                                                     "complex64",
                                                     "int64",
                                                     "bool",
                                                     "qint8",
                                                     "quint8",
                                                     "qint32",
                                                     "bfloat16",
                                                     "qint16",
                                                     "quint16",
                                                     "uint16",
                                                     "complex128",
                                                     "float16",
                                                     "resource",
                                                     "variant",
                                                     "uint32",
                                                     "uint64",
                                                     "float8e5m2",
                                                     "float8e4m3fn",
                                                     "float8e4m3fnuz",
                                                     "float8e4m3b11fnuz",
                                                     "float8e5m2fnuz",
                                                     "int4",
                                                     "uint4"};

// Types of references are those of values plus this.
constexpr std::int64_t kReference = 100;

std::string type_name(std::int64_t type) {
  if (type > kReference) type -= kReference;
  if (type <= 0) return "";
  return type < static_cast<std::int64_t>(kTypes.size())
             ? std::string(kTypes[static_cast<std::size_t>(type)])
             : "other";
}

std::vector<std::int64_t> read_shape(ByteSpan message) {
  std::vector<std::int64_t> shape;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 2 || shape.size() >= kMaxGraphRank) continue;
    shape.push_back(std::max<std::int64_t>(proto_integer(field->bytes, 1, 0), -1));
  }
  return shape;
}

GraphTensor read_tensor_type(ByteSpan message) {
  GraphTensor tensor;
  tensor.dtype = type_name(proto_integer(message, 1, 0));
  if (const auto shape = proto_field(message, 2)) tensor.shape = read_shape(shape->bytes);
  return tensor;
}

// Fields of TensorProto that hold values; others say what they are.
bool holds_values(std::uint32_t number) { return number >= 4 && number != 14 && number != 15; }

// Where an input comes from: "name", "name:1", "^name" (an order only, no data), and in functions
// "name:output:0". The number 0 is left out.
std::string tensor_name(std::string_view input) {
  const std::size_t first = input.find(':');
  if (first == std::string_view::npos) return std::string(input);
  const std::size_t last = input.rfind(':');
  const std::string_view number = input.substr(last + 1);
  const std::string_view name = input.substr(0, first);
  return number == "0" ? std::string(name) : std::string(name) + ":" + std::string(number);
}

// Attributes that name things or set up the run: they do not change what is computed.
bool is_name_or_setting(std::string_view key) {
  return key == "shared_name" || key == "debug_name" || key == "container" ||
         key == "config_proto" || key == "config" || key == "executor_type";
}

class GraphReader {
 public:
  GraphReader(std::string_view format, ModelGraph& graph)
      : format_(format), graph_(graph), filler_(graph) {}

  GraphFiller& filler() { return filler_; }

  // Nodes are NodeDef in field `field` of the message; tensors get the prefix, as names of two
  // functions may be the same.
  void read_nodes(ByteSpan message, std::uint32_t field_number, const std::string& prefix) {
    ProtoReader first(message);
    while (const auto field = first.next())
      if (field->number == field_number) note_node(field->bytes, prefix);
    ProtoReader second(message);
    while (const auto field = second.next())
      if (field->number == field_number) read_node(field->bytes, prefix);
  }

  void read_library(ByteSpan library) {
    std::size_t functions = 0;
    ProtoReader reader(library);
    while (const auto field = reader.next()) {
      if (field->number != 1) continue;
      if (++functions > kMaxTfFunctions) {
        filler_.gap("functions", "more than " + std::to_string(kMaxTfFunctions) + " are not read");
        return;
      }
      const auto signature = proto_field(field->bytes, 1);
      const std::string name = signature ? proto_text(signature->bytes, 1) : "";
      read_nodes(field->bytes, 3, name + "/");
    }
  }

  void add_placeholders() {
    for (GraphTensor& tensor : placeholders_) filler_.input(std::move(tensor));
  }

  // Nodes that nobody takes and that compute something.
  void add_open_outputs() {
    for (const GraphOperator& op : graph_.operators) {
      if (op.outputs.empty() || used_.contains(op.outputs.front()) || op.name == "NoOp" ||
          op.name == "Assert" || op.name.starts_with("Placeholder"))
        continue;
      filler_.output({op.outputs.front(), {}, ""});
    }
  }

  bool has_variables() const { return has_variables_; }

  void finish() {
    filler_.finish();
    set_graph_hash(format_, graph_);
    weights_.finish(graph_);
  }

 private:
  // What is known before operators are read: constants, and which outputs are used.
  void note_node(ByteSpan node, const std::string& prefix) {
    std::string name;
    std::string op;
    ProtoReader reader(node);
    while (const auto field = reader.next()) {
      if (field->number == 1) name = prefix + std::string(field->text());
      if (field->number == 2) op = field->text();
      if (field->number == 3 && !field->text().starts_with('^'))
        note_use(prefix + tensor_name(field->text()));
      if (field->number == 5 && op == "Const" && proto_text(field->bytes, 1) == "value")
        note_constant(name, field->bytes);
    }
    has_variables_ |= op == "VarHandleOp" || op == "VariableV2" || op == "Variable";
  }

  void note_use(const std::string& tensor) {
    used_.insert(tensor);
    const std::size_t colon = tensor.rfind(':');
    if (colon == std::string::npos) return;
    used_.insert(tensor.substr(0, colon));
    std::size_t number = 0;
    const char* end = tensor.data() + tensor.size();
    if (std::from_chars(tensor.data() + colon + 1, end, number).ptr != end) return;
    std::size_t& most = outputs_[tensor.substr(0, colon)];
    most = std::max(most, std::min(number, kMaxTfNodeOutputs));
  }

  void note_constant(const std::string& name, ByteSpan attribute) {
    const auto value = proto_field(attribute, 2);
    const auto tensor = value ? proto_field(value->bytes, 8) : std::nullopt;
    if (!tensor) return;
    GraphTensor type = read_tensor_type(tensor->bytes);
    std::uint64_t elements = element_count(type.shape);
    ProtoReader reader(tensor->bytes);
    while (const auto field = reader.next()) {
      if (!holds_values(field->number) || !field->is_message()) continue;
      weights_.add(field->bytes, elements);
      elements = 0;
    }
    if (elements > 0) weights_.add({}, elements);
    constants_.insert_or_assign(name, std::move(type));
  }

  void read_node(ByteSpan node, const std::string& prefix) {
    GraphOperator op;
    DetailText detail;
    std::string name;
    GraphTensor border;
    ProtoReader reader(node);
    while (const auto field = reader.next()) {
      if (field->number == 1) name = prefix + std::string(field->text());
      if (field->number == 2) op.name = field->text();
      if (field->number == 3 && !field->text().starts_with('^'))
        op.inputs.push_back(prefix + tensor_name(field->text()));
      if (field->number == 5) read_attribute(field->bytes, detail, border);
    }
    if (op.name == "Const") return;
    if (op.name.starts_with("Placeholder") && prefix.empty()) {
      border.name = name;
      placeholders_.push_back(border);
    }
    add_constants(op, detail);
    op.detail = detail.take();
    op.outputs.push_back(name);
    const auto more = outputs_.find(name);
    for (std::size_t i = 1; more != outputs_.end() && i <= more->second; ++i)
      op.outputs.push_back(name + ":" + std::to_string(i));
    filler_.operation(std::move(op));
  }

  void add_constants(const GraphOperator& op, DetailText& detail) {
    std::string text;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const auto found = constants_.find(op.inputs[i]);
      if (found == constants_.end()) continue;
      text += (text.empty() ? "" : ",") + std::to_string(i) + ":" + typed_shape_text(found->second);
    }
    if (!text.empty()) detail.text("constants", text);
  }

  // Attributes that begin with "_" are notes of the writer.
  void read_attribute(ByteSpan entry, DetailText& detail, GraphTensor& border) {
    const std::string key = proto_text(entry, 1);
    const auto value = proto_field(entry, 2);
    if (!value || key.starts_with('_') || is_name_or_setting(key)) return;
    ProtoReader reader(value->bytes);
    const auto field = reader.next();
    if (!field) return;
    if (key == "dtype" && field->number == 6) border.dtype = type_name(field->integer());
    if (key == "shape" && field->number == 7) border.shape = read_shape(field->bytes);
    add_value(key, *field, detail);
  }

  void add_value(const std::string& key, const ProtoField& field, DetailText& detail) {
    switch (field.number) {
      case 1:
        add_list(key, field.bytes, detail);
        break;
      case 2:
        if (is_plain_text(field.text())) {
          detail.text(key, field.text());
        } else {
          detail.blob(key, field.bytes);
        }
        break;
      case 3:
        detail.integer(key, field.integer());
        break;
      case 4:
        detail.number(key, field.number32());
        break;
      case 5:
        detail.text(key, field.value != 0 ? "true" : "false");
        break;
      case 6:
        detail.text(key, type_name(field.integer()));
        break;
      case 7:
        detail.text(key, shape_text(read_shape(field.bytes)));
        break;
      case 8:
        detail.text(key, typed_shape_text(read_tensor_type(field.bytes)));
        break;
      default:
        // A function by its name, which the exporter makes up: only that there is one.
        detail.text(key, field.number == 10 ? "function" : "placeholder");
        break;
    }
  }

  void add_list(const std::string& key, ByteSpan message, DetailText& detail) {
    std::vector<std::int64_t> integers;
    std::vector<float> numbers;
    std::string text;
    std::size_t listed = 0;
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number == 4) {
        append_proto_floats(*field, kMaxDetailNumbers * 4, numbers);
        continue;
      }
      if (field->number == 3 || field->number == 5 || field->number == 6) {
        append_proto_integers(*field, kMaxDetailNumbers * 4, integers);
        continue;
      }
      if (++listed > kMaxDetailNumbers) break;
      text += (text.empty() ? "" : ",");
      if (field->number == 2) text += field->text();
      if (field->number == 7) text += shape_text(read_shape(field->bytes));
      if (field->number == 8) text += typed_shape_text(read_tensor_type(field->bytes));
    }
    if (!integers.empty()) detail.integers(key, integers);
    if (!numbers.empty()) detail.numbers(key, numbers);
    if (!text.empty()) detail.text(key, text);
  }

  std::string_view format_;
  ModelGraph& graph_;
  GraphFiller filler_;
  WeightsDigest weights_;
  bool has_variables_ = false;
  std::vector<GraphTensor> placeholders_;
  std::unordered_map<std::string, GraphTensor> constants_;
  std::unordered_map<std::string, std::size_t> outputs_;
  std::unordered_set<std::string> used_;
};

ByteSpan model_bytes(ByteSpan bytes, const ModelProbe& probe) {
  return bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size())));
}

void read_graph(ByteSpan graph, GraphReader& reader) {
  reader.read_nodes(graph, 1, "");
  if (const auto library = proto_field(graph, 2)) reader.read_library(library->bytes);
  if (const auto versions = proto_field(graph, 4))
    reader.filler().metadata("producer", "TensorFlow graph version " +
                                             std::to_string(proto_integer(versions->bytes, 1, 0)));
}

// The borders of a signature, in the file's order; a tensor's name is the signature's key for it.
void add_borders(ByteSpan signature, GraphFiller& filler) {
  ProtoReader reader(signature);
  while (const auto field = reader.next()) {
    if (field->number != 1 && field->number != 2) continue;
    GraphTensor tensor;
    tensor.name = proto_text(field->bytes, 1);
    if (const auto info = proto_field(field->bytes, 2)) {
      tensor.dtype = type_name(proto_integer(info->bytes, 2, 0));
      if (const auto shape = proto_field(info->bytes, 3)) tensor.shape = read_shape(shape->bytes);
    }
    if (field->number == 1) {
      filler.input(std::move(tensor));
    } else {
      filler.output(std::move(tensor));
    }
  }
}

void read_signatures(ByteSpan meta, GraphFiller& filler) {
  std::optional<ByteSpan> chosen;
  std::string names;
  ProtoReader reader(meta);
  while (const auto field = reader.next()) {
    if (field->number != 5) continue;
    const std::string name = proto_text(field->bytes, 1);
    const auto signature = proto_field(field->bytes, 2);
    if (!signature) continue;
    names += (names.empty() ? "" : ", ") + name;
    const bool has_borders = proto_field(signature->bytes, 1) || proto_field(signature->bytes, 2);
    if (has_borders && (!chosen || name == "serving_default")) chosen = signature->bytes;
  }
  filler.metadata("signatures", names);
  if (chosen) add_borders(*chosen, filler);
}

void read_meta_info(ByteSpan info, GraphFiller& filler) {
  std::string tags;
  ProtoReader reader(info);
  while (const auto field = reader.next()) {
    if (field->number == 4) tags += (tags.empty() ? "" : ", ") + std::string(field->text());
    if (field->number == 5) filler.metadata("tensorflow_version", field->text());
  }
  filler.metadata("tags", tags);
}

}  // namespace

ModelGraph describe_tf_graphdef(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  GraphReader reader("tf_graphdef", graph);
  read_graph(model_bytes(bytes, probe), reader);
  reader.add_placeholders();
  reader.add_open_outputs();
  if (reader.has_variables())
    reader.filler().gap("variables", "the graph is not frozen: its weights lie in other files");
  reader.finish();
  return graph;
}

ModelGraph describe_tf_savedmodel(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  GraphReader reader("tf_savedmodel", graph);
  const auto meta = proto_field(model_bytes(bytes, probe), 2);
  if (!meta) return graph;
  if (const auto info = proto_field(meta->bytes, 1)) read_meta_info(info->bytes, reader.filler());
  if (const auto def = proto_field(meta->bytes, 2)) read_graph(def->bytes, reader);
  read_signatures(meta->bytes, reader.filler());
  if (reader.has_variables())
    reader.filler().gap("variables", "weights lie in other files: variables/variables.data-*");
  reader.finish();
  return graph;
}

}  // namespace dl
