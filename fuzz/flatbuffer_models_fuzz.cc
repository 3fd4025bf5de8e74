// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes by every row of formats that are FlatBuffers.
#include "model_format_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dl::fuzz::check_formats({data, size}, dl::flatbuffer_model_formats());
  return 0;
}
