// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as archives that are models, as pickles and as TorchScript source.
#include "daylight/format/encoding/pickle.h"
#include "daylight/format/tensorflow/keras_config.h"
#include "daylight/format/torch/torch_source.h"
#include "daylight/format/torch/torch_tensor.h"
#include "model_format_check.h"

namespace {

using dl::fuzz::require;

void check_pickle(dl::ByteSpan bytes) {
  const auto pickle = dl::read_pickle(bytes);
  if (!pickle) return;
  require(pickle->size <= bytes.size() && pickle->root < pickle->values.size());
  for (const dl::PickleValue& value : pickle->values) {
    for (const dl::PickleId id : value.items) require(id < pickle->values.size());
    require(value.state < pickle->values.size());
  }
  dl::torch_tensors(*pickle);
  dl::torch_constant_text(*pickle, pickle->at(pickle->root));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  dl::fuzz::check_formats(bytes, dl::archive_model_formats());
  check_pickle(bytes);
  dl::ModelGraph graph;
  dl::add_torch_source(dl::as_text(bytes), graph);
  dl::add_keras_config(dl::as_text(bytes), graph);
  require(graph.operators.size() <= dl::kMaxGraphOperators);
  return 0;
}
