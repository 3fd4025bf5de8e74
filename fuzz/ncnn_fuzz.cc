// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as an ncnn network, and the rest of them as its weights.
#include "daylight/format/engines/ncnn.h"
#include "model_format_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  if (const auto network = dl::read_ncnn_param(bytes)) {
    dl::fuzz::require(network->size <= size);
    const dl::ByteSpan rest = bytes.subspan(static_cast<std::size_t>(network->size));
    const dl::NcnnWeightsFit fit = dl::check_ncnn_weights(*network, rest);
    dl::fuzz::require(fit.size <= rest.size() && fit.exact == !fit.weights_hash.empty());
  }
  return dl::fuzz::check_formats(data, size, {"ncnn_param", "ncnn_param_bin", "pnnx"});
}
