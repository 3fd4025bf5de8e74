// SPDX-License-Identifier: Apache-2.0
// The weight-free fingerprint of a TensorFlow Lite graph: the text that tflite.h defines, hashed.
#include <unordered_map>

#include "daylight/base/digest.h"
#include "daylight/format/tensorflow/tflite.h"

namespace dl {
namespace {

// Writes tensors of one subgraph, numbered by first appearance.
class TensorTexts {
 public:
  explicit TensorTexts(const TfliteSubgraph& subgraph) : subgraph_(subgraph) {}

  std::string text(std::int32_t index) {
    if (index < 0 || static_cast<std::size_t>(index) >= subgraph_.tensors.size()) return "-";
    const TfliteTensor& tensor = subgraph_.tensors[static_cast<std::size_t>(index)];
    const auto [entry, is_new] = numbers_.emplace(index, numbers_.size());
    std::string out = std::to_string(entry->second);
    if (!is_new) return out;
    out += ":" + tflite_type_name(tensor.type) + "[";
    const auto& shape = tensor.shape_signature.empty() ? tensor.shape : tensor.shape_signature;
    for (std::size_t i = 0; i < shape.size(); ++i)
      out += (i == 0 ? "" : ",") + std::to_string(shape[i]);
    return out + "]";
  }

  std::string line(const std::string& head, const std::vector<std::int32_t>& indices) {
    std::string out = head;
    for (const std::int32_t index : indices) out += " " + text(index);
    return out;
  }

 private:
  const TfliteSubgraph& subgraph_;
  std::unordered_map<std::int32_t, std::size_t> numbers_;
};

}  // namespace

std::string tflite_graph_hash(const TfliteModel& model) {
  Sha256 hash;
  const auto write = [&](const std::string& line) { hash.update(as_bytes(line + "\n")); };
  write("daylight-graph 1");
  for (const TfliteSubgraph& subgraph : model.subgraphs) {
    TensorTexts tensors(subgraph);
    write("subgraph");
    write(tensors.line("inputs", subgraph.inputs));
    write(tensors.line("outputs", subgraph.outputs));
    for (const TfliteOperator& op : subgraph.operators) {
      const std::int32_t version =
          op.code < model.operator_codes.size() ? model.operator_codes[op.code].version : 0;
      const std::string head = "op " + model.operator_name(op) + " " + std::to_string(version) +
                               " " + (op.activation.empty() ? "-" : op.activation) + " in";
      write(tensors.line(tensors.line(head, op.inputs) + " out", op.outputs));
    }
  }
  return hash.finish_hex();
}

}  // namespace dl
