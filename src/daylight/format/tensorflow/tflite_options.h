// SPDX-License-Identifier: Apache-2.0
// The options tables of TensorFlow Lite operators: fused activations, and how far their data
// reaches.
#pragma once

#include <cstdint>
#include <string>

#include "daylight/format/encoding/flatbuffer.h"

namespace dl {

// `type` is the number in the schema's BuiltinOptions union. "RELU6" ...; empty if there is none,
// or the operator has no such option; "activation 9" for a number that the schema does not have.
std::string tflite_fused_activation(std::uint8_t type, const FlatTable& options);

// Touches every string and vector that the options point to, so that the buffer's extent covers
// them.
void touch_tflite_options(std::uint8_t type, const FlatTable& options);
// The same for the BuiltinOptions2 union.
void touch_tflite_options2(std::uint8_t type, const FlatTable& options);

}  // namespace dl
