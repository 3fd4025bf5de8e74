// SPDX-License-Identifier: Apache-2.0
// Fingerprints of graphs and weights that all model formats share.
#include "daylight/format/model/model_graph.h"

#include <limits>
#include <unordered_map>

namespace dl {
namespace {

// Tensors by number of first appearance.
class TensorNumbers {
 public:
  std::string number(const std::string& name) {
    if (name.empty()) return "-";
    return std::to_string(numbers_.emplace(name, numbers_.size()).first->second);
  }

  std::string border(const char* side, const GraphTensor& tensor) {
    std::string line = std::string(side) + " " + number(tensor.name) + ":" + tensor.dtype + "[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      line += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    return line + "]";
  }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
};

}  // namespace

void set_graph_hash(std::string_view format, ModelGraph& graph) {
  Sha256 hash;
  TensorNumbers numbers;
  const auto write = [&](const std::string& line) { hash.update(as_bytes(line + "\n")); };
  write("daylight-graph 2");
  write("format " + std::string(format));
  for (const GraphTensor& tensor : graph.inputs) write(numbers.border("in", tensor));
  for (const GraphOperator& op : graph.operators) {
    std::string line = "op " + op.name + " " + op.detail;
    for (const std::string& name : op.inputs) line += " " + numbers.number(name);
    line += " >";
    for (const std::string& name : op.outputs) line += " " + numbers.number(name);
    write(line);
  }
  for (const GraphTensor& tensor : graph.outputs) write(numbers.border("out", tensor));
  graph.graph_hash = hash.finish_hex();
}

void WeightsDigest::add(ByteSpan bytes, std::uint64_t elements) {
  hash_.update(bytes);
  parameters_ =
      add_checked(parameters_, elements).value_or(std::numeric_limits<std::uint64_t>::max());
  any_ = true;
}

void WeightsDigest::finish(ModelGraph& graph) {
  graph.parameters = parameters_;
  if (any_) graph.weights_hash = hash_.finish_hex();
}

}  // namespace dl
