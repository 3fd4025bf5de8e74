// SPDX-License-Identifier: Apache-2.0
// ncnn networks are read in both forms, and their weight files are told by walking them.
#include "daylight/format/engines/ncnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::raw_float;
using testing::raw_floats;

const char* const kTiny =
    "7767517\n"
    "4 4\n"
    "Input            data   0 1 data 0=8 1=6 2=3\n"
    "Convolution      conv   1 1 data a 0=2 1=1 5=1 6=6\n"
    "ReLU             relu   1 1 a b 0=1.000000e-01\n"
    "Permute          last   1 1 b out -23301=2,0.5,3\n";

std::string le32(std::int64_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  return raw_float(std::bit_cast<float>(bits));
}

// The same network in the binary form.
std::string tiny_binary() {
  const auto layer = [](int type, std::initializer_list<int> bottoms, int top) {
    std::string out = le32(type) + le32(static_cast<int>(bottoms.size())) + le32(1);
    for (const int bottom : bottoms) out += le32(bottom);
    return out + le32(top);
  };
  const std::string end = le32(-233);
  const auto param = [](int id, int value) { return le32(id) + le32(value); };
  return le32(7767517) + le32(4) + le32(4) + layer(16, {}, 0) + param(0, 8) + param(1, 6) +
         param(2, 3) + end + layer(6, {0}, 1) + param(0, 2) + param(1, 1) + param(5, 1) +
         param(6, 6) + end + layer(26, {1}, 2) + le32(0) + raw_float(0.1F) + end +
         layer(47, {2}, 3) + le32(-23301) + le32(2) + raw_float(0.5F) + le32(3) + end;
}

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  EXPECT_TRUE(probe);
  return probe ? describe_ncnn(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(ProbeNcnn, KnowsBothFormsAndWhereTheyEnd) {
  for (const std::string& tail : {std::string(), std::string("\n\n"), std::string(40, '\0'),
                                  std::string("ReLU x 1 1 out y\n"), std::string("\xff\xfe")}) {
    const std::string text = kTiny + tail;
    const auto found = probe_ncnn_param(as_bytes(text));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, std::string(kTiny).size());
    EXPECT_THAT(found->gaps, IsEmpty());
    EXPECT_FALSE(probe_pnnx(as_bytes(text)));
    const std::string binary = tiny_binary() + tail;
    const auto binary_found = probe_ncnn_param_bin(as_bytes(binary));
    ASSERT_TRUE(binary_found);
    EXPECT_EQ(binary_found->size, tiny_binary().size());
    EXPECT_THAT(binary_found->gaps, IsEmpty());
  }
}

TEST(ProbeNcnn, IsCarvedFromOtherBytes) {
  const std::string bytes = std::string(77, 'x') + kTiny + std::string(30, '\0') + tiny_binary() +
                            "7767517\nno counts\n" + le32(7767517) + le32(1);
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  ASSERT_EQ(found.models.size(), 2U);
  EXPECT_EQ(found.models[0].offset, 77U);
  EXPECT_EQ(found.models[0].model.format, "ncnn_param");
  EXPECT_EQ(found.models[1].model.format, "ncnn_param_bin");
  EXPECT_EQ(found.models[1].offset, 77 + std::string(kTiny).size() + 30);
}

TEST(ProbeNcnn, IsMoreThanItsFirstLine) {
  for (const char* text :
       {"7767517", "7767517\n", "7767517\n4 4\n", "7767517\n4\nInput data 0 1 data\n",
        "7767517\n1 1\nInput data 0 2 data\n", "7767517\n1 1\n1nput data 0 1 data\n",
        "7767517\n1 1\nReLU x 1 1 missing y\n", "7767517\n0 0\n", "7767518\n1 1\nInput d 0 1 d\n",
        "7767517\n9999999 1\nInput data 0 1 data\n"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

TEST(ProbeNcnn, KeepsWhatCanBeRead) {
  const std::string text = std::string(kTiny).substr(0, std::string(kTiny).find("Permute"));
  const auto found = probe_ncnn_param(as_bytes(text));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size, text.size());
  EXPECT_THAT(found->gaps.at(0).why, HasSubstr("ends before"));
  EXPECT_FALSE(describe_ncnn(as_bytes(text), *found).weight_file_size);
}

TEST(DescribeNcnn, BothFormsGiveTheSameGraph) {
  const ModelGraph text = describe_whole(kTiny);
  const ModelGraph binary = describe_whole(tiny_binary());
  EXPECT_EQ(text.graph_hash, binary.graph_hash);
  ASSERT_EQ(text.operators.size(), 4U);
  EXPECT_EQ(text.operators[1].detail, "0=2 1=1 5=1 6=6");
  EXPECT_EQ(text.operators[2].detail, "0=0.1");
  EXPECT_EQ(binary.operators[3].detail, "1=[0.5,3]");
  EXPECT_THAT(text.operators[2].inputs, ElementsAre("a"));
  EXPECT_THAT(text.inputs.at(0).shape, ElementsAre(3, 6, 8));
  EXPECT_EQ(text.outputs.at(0).name, "out");
  EXPECT_EQ(text.weight_file_size, 4U + 6 * 4 + 2 * 4);
  EXPECT_EQ(text.parameters, 8U);
  std::string other = kTiny;
  other.replace(other.find("1=1 5=1"), 3, "1=3");
  EXPECT_NE(describe_whole(other).graph_hash, text.graph_hash);
}

TEST(CheckNcnnWeights, WalksTheFileByItsTags) {
  const auto network = read_ncnn_param(as_bytes(kTiny));
  ASSERT_TRUE(network);
  const std::string bias = raw_floats({1, 2});
  const auto check = [&](const std::string& bytes) {
    return check_ncnn_weights(*network, as_bytes(bytes));
  };
  EXPECT_TRUE(check(le32(0) + std::string(24, 'f') + bias).exact);
  EXPECT_TRUE(check(le32(0x0002C056) + std::string(24, 'f') + bias).exact);
  const NcnnWeightsFit half = check(le32(0x01306B47) + std::string(12, 'h') + bias);
  EXPECT_TRUE(half.exact);
  EXPECT_EQ(half.float16_blocks, 1U);
  EXPECT_EQ(half.parameters, 8U);
  EXPECT_EQ(half.weights_hash, sha256_hex(std::string(12, 'h') + bias));
  EXPECT_TRUE(check(le32(0x000D4B38) + std::string(8, 'i') + bias).exact);
  EXPECT_TRUE(check(le32(1) + std::string(1024 + 8, 'q') + bias).exact);
  const NcnnWeightsFit more = check(le32(0) + std::string(24, 'f') + bias + "x");
  EXPECT_FALSE(more.exact);
  EXPECT_EQ(more.size, 36U);
  EXPECT_THAT(more.why, HasSubstr("1 bytes are left"));
  EXPECT_THAT(check(le32(0) + std::string(20, 'f')).why, HasSubstr("layer conv"));
}

// Bytes that ncnn (the Python package 1.0.20261020) needs to load one layer: the smallest file of
// zeros that Net.load_model accepts.
TEST(NcnnLayerWeights, AreWhatNcnnReads) {
  const std::vector<std::pair<std::string, std::uint64_t>> kNeeded = {
      {"Convolution x 1 1 i o 0=4 1=3 5=1 6=108", 452},
      {"ConvolutionDepthWise x 1 1 i o 0=4 1=3 5=1 6=36 7=4", 164},
      {"Convolution1D x 1 1 i o 0=4 1=3 5=1 6=36", 164},
      {"Convolution3D x 1 1 i o 0=4 1=3 5=1 6=324", 1316},
      {"Deconvolution x 1 1 i o 0=4 1=3 5=1 6=108", 452},
      {"DeconvolutionDepthWise x 1 1 i o 0=4 1=3 5=1 6=36 7=4", 164},
      {"Deconvolution1D x 1 1 i o 0=4 1=3 5=1 6=36", 164},
      {"Deconvolution3D x 1 1 i o 0=4 1=3 5=1 6=324", 1316},
      {"DeformableConv2D x 1 1 i o 0=4 1=3 5=1 6=108", 452},
      {"InnerProduct x 1 1 i o 0=5 1=1 2=15", 84},
      {"Embed x 1 1 i o 0=5 1=7 2=1 3=35", 164},
      {"BatchNorm x 1 1 i o 0=6", 96},
      {"Bias x 1 1 i o 0=6", 24},
      {"PReLU x 1 1 i o 0=6", 24},
      {"Normalize x 1 1 i o 3=6", 24},
      {"Scale x 1 1 i o 0=6 1=1", 48},
      {"Scale x 1 1 i o 0=6", 24},
      {"Scale x 1 1 i o 0=-233", 0},
      {"GroupNorm x 1 1 i o 0=2 1=6", 48},
      {"InstanceNorm x 1 1 i o 0=6", 48},
      {"LayerNorm x 1 1 i o 0=6", 48},
      {"LayerNorm x 1 1 i o 0=6 2=0", 0},
      {"RMSNorm x 1 1 i o 0=6", 24},
      {"MemoryData x 0 1 o 0=3 1=4 2=2", 96},
      {"MemoryData x 0 1 o 0=3 21=0", 16},
      {"MemoryData x 0 1 o 0=3 1=4 11=5 2=2", 480},
      {"LSTM x 1 1 i o 0=5 1=120 2=0 3=6", 1192},
      {"LSTM x 1 1 i o 0=5 1=320 2=2", 2252},
      {"GRU x 1 1 i o 0=5 1=150 2=2", 1372},
      {"RNN x 1 1 i o 0=5 1=60 2=2", 492},
      {"MultiHeadAttention x 1 1 i o 0=6 1=2 2=48 3=5 4=7", 792},
      {"Gemm x 1 1 i o 4=0 5=1 6=1 8=6 9=7 10=4", 200},
      {"Gemm x 1 1 i o 4=1 5=0 6=1 7=5 8=6 9=7 10=3", 268},
      {"Quantize x 1 1 i o 0=3", 12},
      {"Dequantize x 1 1 i o", 4},
      {"Requantize x 1 1 i o 0=3 1=3 2=3", 36},
      // With 8-bit weights behind their tag.
      {"Convolution x 1 1 i o 0=4 1=3 5=1 6=108 8=2", 148},
      {"ConvolutionDepthWise x 1 1 i o 0=4 1=3 5=1 6=36 7=4 8=1", 76},
      {"ConvolutionDepthWise x 1 1 i o 0=4 1=3 5=1 6=36 7=4 8=2", 64},
      {"ConvolutionDepthWise x 1 1 i o 0=4 1=3 5=1 6=36 7=4 8=101", 80},
      {"InnerProduct x 1 1 i o 0=5 1=1 2=15 8=2", 64},
      {"Embed x 1 1 i o 0=5 1=7 2=1 3=35 18=1", 64},
      {"LSTM x 1 1 i o 0=5 1=320 2=2 8=1", 1012},
      {"MultiHeadAttention x 1 1 i o 0=6 1=2 2=48 3=5 4=7 18=1", 368},
      {"Gemm x 1 1 i o 4=0 5=1 6=1 8=6 9=7 10=4 18=1", 80},
  };
  for (const auto& [layer, needed] : kNeeded) {
    const std::string text = "7767517\n2 2\nInput in 0 1 i\n" + layer + "\n";
    EXPECT_EQ(describe_whole(text).weight_file_size, needed) << layer;
  }
}

TEST(DescribeNcnn, AnUnknownLayerTypeMakesTheSizeUnknown) {
  const ModelGraph graph = describe_whole("7767517\n2 2\nInput in 0 1 i\nYoloV5Focus f 1 1 i o\n");
  EXPECT_FALSE(graph.weight_file_size);
  EXPECT_THAT(graph.gaps.at(0).why, HasSubstr("YoloV5Focus"));
  EXPECT_FALSE(
      describe_whole("7767517\n2 2\nInput in 0 1 i\nLSTM l 1 1 i o 0=0 1=5\n").weight_file_size);
}

TEST(DescribePnnx, NamesPytorchOperators) {
  const std::string text =
      "7767517\n3 2\n"
      "pnnx.Input   pnnx_input_0 0 1 0 #0=(1,3,8,?)f32\n"
      "nn.Conv2d    conv         1 1 0 1 bias=True kernel_size=(3,3) @weight=(8,3,3,3)f32 "
      "$input=0\n"
      "pnnx.Output  pnnx_output_0 1 0 1 #1=(1,8,6,6)f32\n";
  const auto found = probe_model(as_bytes(text));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->format, "pnnx");
  const ModelGraph graph = describe_ncnn(as_bytes(text), *found);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 3, 8, -1));
  EXPECT_EQ(graph.inputs.at(0).dtype, "float32");
  EXPECT_THAT(graph.outputs.at(0).shape, ElementsAre(1, 8, 6, 6));
  EXPECT_EQ(graph.operators[1].detail, "@weight=(8,3,3,3)f32 bias=True kernel_size=(3,3)");
  EXPECT_FALSE(graph.weight_file_size);
}

TEST(DescribeNcnn, ARealNetworkFitsItsWeights) {
  DAYLIGHT_SHARED_OR_SKIP(param, "models/slim_320.param");
  DAYLIGHT_SHARED_OR_SKIP(bin, "models/slim_320.bin");
  const auto param_file = MappedFile::open(param);
  const auto bin_file = MappedFile::open(bin);
  ASSERT_TRUE(param_file && bin_file);
  const auto network = read_ncnn_param(param_file->bytes());
  ASSERT_TRUE(network);
  EXPECT_EQ(network->layers.size(), 100U);
  EXPECT_THAT(network->gaps, IsEmpty());
  const NcnnWeightsFit fit = check_ncnn_weights(*network, bin_file->bytes());
  EXPECT_TRUE(fit.exact) << fit.why;
  EXPECT_EQ(fit.size, bin_file->bytes().size());
  const auto probe = probe_model(param_file->bytes());
  ASSERT_TRUE(probe);
  const ModelGraph graph = describe_ncnn(param_file->bytes(), *probe);
  EXPECT_EQ(graph.weight_file_size, bin_file->bytes().size());
  EXPECT_EQ(graph.parameters, fit.parameters);
}

}  // namespace
}  // namespace dl
