// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as a TensorFlow Lite model and checks what every reader relies on.
#include <cstdint>
#include <cstdlib>

#include "daylight/format/probe/model_probe.h"
#include "daylight/format/tensorflow/tflite.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const dl::TfliteModel& model, std::size_t size) {
  require(model.size <= size);
  std::uint64_t tensors = 0;
  for (const dl::TfliteSubgraph& graph : model.subgraphs) {
    const auto count = static_cast<std::int64_t>(graph.tensors.size());
    tensors += graph.tensors.size();
    for (const dl::TfliteTensor& tensor : graph.tensors) {
      require(tensor.buffer == 0 || tensor.buffer < model.buffers.size());
      require(tensor.shape.size() <= dl::kMaxTfliteRank);
    }
    for (const std::int32_t port : graph.inputs) require(port >= 0 && port < count);
    for (const std::int32_t port : graph.outputs) require(port >= 0 && port < count);
    for (const dl::TfliteOperator& op : graph.operators) {
      for (const std::int32_t operand : op.inputs) require(operand >= -1 && operand < count);
      for (const std::int32_t operand : op.outputs) require(operand >= -1 && operand < count);
    }
  }
  require(tensors <= dl::kMaxTfliteElementsPerByte * size);
  require(dl::tflite_graph_hash(model).size() == 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  const auto model = dl::read_tflite(bytes);
  require(!model || dl::may_be_tflite(bytes));
  if (model) check(*model, size);
  for (const dl::EmbeddedModel& found : dl::find_models_inside(bytes).models) {
    require(found.offset + found.model.size <= size);
  }
  return 0;
}
