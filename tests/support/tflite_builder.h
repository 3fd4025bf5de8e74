// SPDX-License-Identifier: Apache-2.0
// A small TensorFlow Lite model for tests that the runtime can run: convolution with RELU6,
// reshape, softmax.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/flatbuffer_writer.h"

namespace dl::testing {

// Tensors of the graph: 0 "image" float32 [1,4,4,3]; 1 weights [2,4,4,3]; 2 bias [2]; 3 [1,1,1,2];
// 4 shape [2] int32; 5 [1,2]; 6 "scores" [1,2]. Operators: CONV_2D, RESHAPE, SOFTMAX.
struct TinyTflite {
  bool identifier = true;
  std::uint32_t version = 3;
  std::string description = "tiny";
  std::vector<std::int32_t> input_signature = {};  // shape_signature of the input
  float weight = 0.25F;                            // every weight
  std::string input_name = "image";
  std::string metadata = {};     // bytes of a TFLITE_METADATA entry
  bool quantized_input = false;  // marks the input as uint8 with scale 1/128 and zero point 128
  std::int32_t first_operator_code = 0;  // index of the convolution's code, for damage
};
std::string build_tiny_tflite(const TinyTflite& options = {});

// Metadata of that model: an RGB image normalised with mean and std, and an output with a label
// file.
struct TinyMetadata {
  std::vector<float> mean = {127.5F};
  std::vector<float> std = {127.5F};
  std::string label_file = "labels.txt";
};
std::string build_tiny_metadata(const TinyMetadata& options = {});

}  // namespace dl::testing
