// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as the JSON formats.
#include "model_format_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dl::fuzz::check_formats(data, size, {"xgboost", "mxnet_symbol", "paddle_pir"});
}
