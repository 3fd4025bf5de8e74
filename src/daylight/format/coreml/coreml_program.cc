// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of the public MIL.proto.
#include "daylight/format/coreml/coreml_program.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

std::string type_name(std::int64_t type) {
  switch (type) {
    case 1:
      return "bool";
    case 2:
      return "string";
    case 10:
      return "float16";
    case 11:
      return "float32";
    case 12:
      return "float64";
    case 13:
      return "bfloat16";
    case 21:
      return "int8";
    case 22:
      return "int16";
    case 23:
      return "int32";
    case 24:
      return "int64";
    case 25:
      return "int4";
    case 31:
      return "uint8";
    case 32:
      return "uint16";
    case 33:
      return "uint32";
    case 34:
      return "uint64";
    case 35:
      return "uint4";
    default:
      return type == 0 ? "" : "other";
  }
}

// ValueType: only tensors have a shape.
GraphTensor read_type(ByteSpan message) {
  GraphTensor tensor;
  const auto type = proto_field(message, 1);
  if (!type) {
    tensor.dtype = "other";
    return tensor;
  }
  ProtoReader reader(type->bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) tensor.dtype = type_name(field->integer());
    if (field->number != 3 || tensor.shape.size() >= kMaxGraphRank) continue;
    const auto constant = proto_field(field->bytes, 1);
    tensor.shape.push_back(constant ? proto_integer(constant->bytes, 1, 0) : -1);
  }
  return tensor;
}

// A constant as operators' details show it, and what its strings say.
struct Constant {
  std::string text;
  std::vector<std::string> strings;
  GraphTensor type;
  std::string file;  // of weights; empty: the value is in the message
  ByteSpan data;     // of a value in the message
};

std::string strings_text(const std::vector<std::string>& strings) {
  std::string all;
  for (const std::string& string : strings) all += (all.empty() ? "" : ",") + string;
  return all;
}

// The strings of a TensorValue.
void read_strings(ByteSpan message, Constant& out) {
  const auto kind = proto_field(message, 4);
  if (!kind) return;
  ProtoReader values(kind->bytes);
  while (const auto value = values.next()) {
    if (value->number == 1 && out.strings.size() < kMaxGraphLabels)
      out.strings.emplace_back(value->text());
  }
}

// TensorValue: one list of values, by kind.
void read_values(ByteSpan message, Constant& out) {
  ProtoReader kinds(message);
  while (const auto kind = kinds.next()) {
    std::vector<std::int64_t> integers;
    std::vector<float> numbers;
    ProtoReader values(kind->bytes);
    out.data = kind->bytes;
    while (const auto value = values.next()) {
      if (value->number != 1) continue;
      if (kind->number == 1) append_proto_floats(*value, kMaxDetailNumbers, numbers);
      if (kind->number == 2 || kind->number == 3 || kind->number == 5)
        append_proto_integers(*value, kMaxDetailNumbers, integers);
    }
    DetailText text;
    if (!integers.empty()) text.integers("v", integers);
    if (!numbers.empty()) text.numbers("v", numbers);
    if (kind->number == 4) read_strings(message, out);
    if (!out.strings.empty()) text.text("v", strings_text(out.strings));
    const std::string listed = text.take();
    if (listed.size() > 2) out.text = listed.substr(2);
  }
}

// ListValue: values of their own, of which only texts matter (the classes of a classifier).
void read_list(ByteSpan message, Constant& out) {
  ProtoReader reader(message);
  while (const auto value = reader.next()) {
    const auto immediate = value->number == 1 ? proto_field(value->bytes, 3) : std::nullopt;
    const auto tensor = immediate ? proto_field(immediate->bytes, 1) : std::nullopt;
    if (tensor) read_strings(tensor->bytes, out);
  }
  out.text = strings_text(out.strings);
}

Constant read_value(ByteSpan message) {
  Constant out;
  if (const auto type = proto_field(message, 2)) out.type = read_type(type->bytes);
  out.text = typed_shape_text(out.type);
  if (const auto blob = proto_field(message, 5)) {
    out.file = proto_text(blob->bytes, 1);
    if (out.file.empty()) out.file = "?";
    return out;
  }
  const auto immediate = proto_field(message, 3);
  const auto tensor = immediate ? proto_field(immediate->bytes, 1) : std::nullopt;
  if (tensor && element_count(out.type.shape) <= kMaxDetailNumbers) {
    read_values(tensor->bytes, out);
  } else if (tensor) {
    const auto kind = proto_field(tensor->bytes, 4);
    if (kind) read_values(tensor->bytes, out);
    out.text = typed_shape_text(out.type);
    out.data = tensor->bytes;
  } else if (const auto list = immediate ? proto_field(immediate->bytes, 3) : std::nullopt) {
    read_list(list->bytes, out);
  }
  return out;
}

class ProgramReader {
 public:
  ProgramReader(std::string prefix, GraphFiller& filler, CoremlWeights& weights,
                std::vector<std::string>& labels)
      : prefix_(std::move(prefix)), filler_(filler), weights_(weights), labels_(labels) {}

  void read(ByteSpan program) {
    ProtoReader reader(program);
    while (const auto field = reader.next()) {
      if (field->number != 2) continue;  // functions: name, Function
      if (const auto function = proto_field(field->bytes, 2)) read_function(function->bytes);
    }
    for (const std::string& file : files_) {
      filler_.gap("weights", "they lie in another file: " + file);
      filler_.metadata("external_data", file);
    }
  }

 private:
  void read_function(ByteSpan function) {
    filler_.metadata("opset", proto_text(function, 2));
    ProtoReader reader(function);
    while (const auto field = reader.next()) {
      if (field->number != 3) continue;  // block specialisations: opset, Block
      if (const auto block = proto_field(field->bytes, 2)) read_block(block->bytes, 0);
    }
  }

  void read_block(ByteSpan block, int depth) {
    ProtoReader reader(block);
    while (const auto field = reader.next())
      if (field->number == 3) read_operation(field->bytes, depth);
  }

  void read_operation(ByteSpan message, int depth) {
    GraphOperator op;
    DetailText detail;
    std::vector<ByteSpan> blocks;
    std::optional<Constant> constant;
    ProtoReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number == 1) op.name = field->text();
      if (field->number == 2) read_argument(field->bytes, op, detail);
      if (field->number == 3) op.outputs.push_back(prefix_ + proto_text(field->bytes, 1));
      if (field->number == 4) blocks.push_back(field->bytes);
      if (field->number == 5 && proto_text(field->bytes, 1) == "val")
        if (const auto value = proto_field(field->bytes, 2)) constant = read_value(value->bytes);
    }
    if (op.name == "const" && constant && !op.outputs.empty()) {
      note_constant(op.outputs.front(), std::move(*constant));
      return;
    }
    op.detail = detail.take();
    filler_.operation(std::move(op));
    if (!blocks.empty() && depth >= kMaxCoremlBlockDepth) {
      filler_.gap("block", "it is nested too deeply to be read");
      return;
    }
    for (const ByteSpan block : blocks) read_block(block, depth + 1);
  }

  void note_constant(const std::string& name, Constant constant) {
    if (!constant.file.empty()) {
      files_.insert(constant.file);
      weights_.elsewhere = add_checked(weights_.elsewhere, element_count(constant.type.shape))
                               .value_or(weights_.elsewhere);
    } else if (element_count(constant.type.shape) > kMaxDetailNumbers) {
      weights_.digest.add(constant.data, element_count(constant.type.shape));
    }
    constant.data = {};
    constants_.insert_or_assign(name, std::move(constant));
  }

  // One named argument: references to values, constants among them, or values in place.
  void read_argument(ByteSpan entry, GraphOperator& op, DetailText& detail) {
    const std::string key = proto_text(entry, 1);
    const auto argument = proto_field(entry, 2);
    if (!argument) return;
    ProtoReader bindings(argument->bytes);
    while (const auto binding = bindings.next()) {
      if (binding->number != 1) continue;
      const bool classes = op.name == "classify" && key == "classes";
      if (const auto value = proto_field(binding->bytes, 2)) {
        Constant constant = read_value(value->bytes);
        detail.text(key, constant.text);
        if (classes) labels_ = std::move(constant.strings);
        continue;
      }
      const std::string name = prefix_ + proto_text(binding->bytes, 1);
      const auto known = constants_.find(name);
      if (known == constants_.end()) {
        op.inputs.push_back(name);
        continue;
      }
      detail.text(key, known->second.text);
      if (classes) labels_ = known->second.strings;
    }
  }

  std::string prefix_;
  GraphFiller& filler_;
  CoremlWeights& weights_;
  std::vector<std::string>& labels_;
  std::unordered_map<std::string, Constant> constants_;
  std::set<std::string> files_;
};

}  // namespace

void read_coreml_program(ByteSpan program, const std::string& prefix, GraphFiller& filler,
                         CoremlWeights& weights, std::vector<std::string>& labels) {
  ProgramReader(prefix, filler, weights, labels).read(program);
}

}  // namespace dl
