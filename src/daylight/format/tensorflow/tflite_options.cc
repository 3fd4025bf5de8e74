// SPDX-License-Identifier: Apache-2.0
// Tables of which fields of TensorFlow Lite's options are activations, strings and vectors.
#include "daylight/format/tensorflow/tflite_options.h"

#include <array>
#include <span>
#include <string_view>

namespace dl {
namespace {

// Fields of operator options that point to data of their own, so that a model's end is known.
struct OptionVector {
  std::uint8_t options;  // number in the union
  std::uint16_t field;
  std::uint8_t width;  // bytes of an element; 0: text
};
// Of the schema's BuiltinOptions union.
constexpr OptionVector kOptionVectors[] = {
    {3, 1, 4},    // ConcatEmbeddings num_columns_per_channel
    {3, 2, 4},    //   embedding_dim_per_channel
    {8, 5, 1},    // FullyConnected quant_spec
    {17, 0, 4},   // Reshape new_shape
    {30, 0, 4},   // Squeeze squeeze_dims
    {111, 0, 0},  // VarHandle container
    {111, 1, 0},  //   shared_name
    {115, 0, 4},  // Bucketize boundaries
};
// Of BuiltinOptions2 (StableHLO).
constexpr OptionVector kOptionVectors2[] = {
    {2, 0, 8},                                                  // BroadcastInDim
    {3, 0, 8},  {3, 1, 8},  {3, 2, 8},                          // Slice
    {4, 0, 8},  {4, 1, 8},  {4, 2, 8},  {4, 3, 8},  {4, 4, 1},  // Convolution
    {4, 7, 8},  {4, 10, 8}, {4, 13, 8}, {4, 16, 4}, {5, 0, 0},
    {5, 2, 0},  {5, 4, 4},  {5, 5, 1},                           // CustomCall
    {6, 0, 8},                                                   // Reduce
    {7, 1, 8},  {7, 2, 8},  {7, 3, 8},                           // Scatter
    {9, 0, 8},                                                   // DynamicSlice
    {10, 0, 8}, {10, 1, 8}, {10, 2, 8},                          // Pad
    {12, 0, 8}, {12, 1, 8}, {12, 2, 8}, {12, 3, 8}, {12, 4, 4},  // DotGeneral
    {13, 0, 8}, {13, 1, 8}, {13, 2, 8}, {13, 3, 8}, {13, 4, 8},  // ReduceWindow
    {16, 0, 8}, {16, 1, 8}, {16, 2, 8}, {16, 4, 8},              // Gather
    {17, 0, 8},                                                  // Transpose
    {21, 0, 0}, {21, 2, 1},                                      // Composite
    {23, 0, 4},                                                  // Case
};

// Which field of an options table is its fused activation.
struct ActivationField {
  std::uint8_t options;
  std::uint16_t field;
};
constexpr ActivationField kActivationFields[] = {
    {1, 3},    // Conv2D
    {2, 4},    // DepthwiseConv2D
    {5, 5},    // Pool2D
    {6, 1},    // SVDF
    {7, 0},    // RNN
    {8, 0},    // FullyConnected
    {10, 1},   // Concatenation
    {11, 0},   // Add
    {12, 0},   // L2Norm
    {14, 0},   // LSTM
    {21, 0},   // Mul
    {28, 0},   // Sub
    {29, 0},   // Div
    {31, 1},   // SequenceRNN
    {49, 3},   // TransposeConv
    {69, 0},   // BidirectionalSequenceLSTM
    {70, 1},   // BidirectionalSequenceRNN
    {71, 0},   // UnidirectionalSequenceLSTM
    {106, 4},  // Conv3D
};

void touch(std::uint8_t type, const FlatTable& options, std::span<const OptionVector> rows) {
  for (const OptionVector& row : rows) {
    if (row.options != type) continue;
    switch (row.width) {
      case 0:
        options.text(row.field);
        break;
      case 1:
        options.vector<std::uint8_t>(row.field);
        break;
      case 4:
        options.vector<std::uint32_t>(row.field);
        break;
      default:
        options.vector<std::uint64_t>(row.field);
        break;
    }
  }
}

std::string activation_name(std::uint8_t number) {
  constexpr std::array<std::string_view, 6> kNames = {"",      "RELU", "RELU_N1_TO_1",
                                                      "RELU6", "TANH", "SIGN_BIT"};
  return number < kNames.size() ? std::string(kNames[number])
                                : "activation " + std::to_string(number);
}

}  // namespace

std::string tflite_fused_activation(std::uint8_t type, const FlatTable& options) {
  for (const ActivationField& row : kActivationFields) {
    if (row.options == type) return activation_name(options.scalar<std::uint8_t>(row.field, 0));
  }
  return {};
}

void touch_tflite_options(std::uint8_t type, const FlatTable& options) {
  touch(type, options, kOptionVectors);
}

void touch_tflite_options2(std::uint8_t type, const FlatTable& options) {
  touch(type, options, kOptionVectors2);
}

}  // namespace dl
