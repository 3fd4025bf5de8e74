// SPDX-License-Identifier: Apache-2.0
// ONNX models are known by their schema, wherever they lie, and their graph is read as it is.
#include "daylight/format/engines/onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_float;
using testing::pb_int;
using testing::pb_ints;
using testing::raw_floats;

std::string tensor(const std::string& name, int type, std::initializer_list<std::int64_t> dims,
                   const std::string& raw) {
  return pb_ints(1, dims) + pb_int(2, type) + pb_bytes(8, name) + pb_bytes(9, raw);
}

std::string value(const std::string& name, int type, std::initializer_list<std::int64_t> dims) {
  std::string shape;
  for (const std::int64_t size : dims)
    shape += pb_bytes(1, size < 0 ? pb_bytes(2, "batch") : pb_int(1, size));
  return pb_bytes(1, name) + pb_bytes(2, pb_bytes(1, pb_int(1, type) + pb_bytes(2, shape)));
}

std::string node(const std::string& type, std::initializer_list<std::string> inputs,
                 const std::string& output, const std::string& rest = "") {
  std::string out;
  for (const std::string& input : inputs) out += pb_bytes(1, input);
  return out + pb_bytes(2, output) + pb_bytes(4, type) + rest;
}

// A gemm of [?,4] by [4,2] and a softmax.
struct Tiny {
  std::string weights = raw_floats({1, 2, 3, 4, 5, 6, 7, 8});
  std::string gemm =
      node("Gemm", {"x", "w"}, "y", pb_bytes(5, pb_bytes(1, "alpha") + pb_float(2, 0.5F)));
  std::string softmax =
      node("Softmax", {"y"}, "z", pb_bytes(5, pb_bytes(1, "axis") + pb_int(3, -1)));
  std::string initialiser = "";
  std::string more_graph = "";
  std::string more_model = "";

  std::string graph() const {
    const std::string first = initialiser.empty() ? tensor("w", 1, {4, 2}, weights) : initialiser;
    return pb_bytes(1, gemm) + pb_bytes(1, softmax) + pb_bytes(2, "tiny") + pb_bytes(5, first) +
           pb_bytes(11, value("x", 1, {-1, 4})) + pb_bytes(11, value("w", 1, {4, 2})) +
           pb_bytes(12, value("z", 1, {-1, 2})) + more_graph;
  }
  std::string build() const {
    return pb_int(1, 7) + pb_bytes(2, "pytorch") + pb_bytes(3, "1.7") + pb_bytes(7, graph()) +
           pb_bytes(8, pb_bytes(1, "") + pb_int(2, 11)) + more_model;
  }
};

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_onnx(as_bytes(bytes));
  EXPECT_TRUE(probe);
  return probe ? describe_onnx(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(ProbeOnnx, FindsTheEndWhereBytesFollow) {
  const std::string model = Tiny{}.build();
  for (const std::string& tail : {std::string(), std::string(64, '\0'), std::string("PK\x03\x04"),
                                  std::string("\xff\xff\xff\xff"), std::string("text behind")}) {
    const std::string bytes = model + tail;
    const auto probe = probe_onnx(as_bytes(bytes));
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->size, model.size());
    EXPECT_THAT(probe->gaps, IsEmpty());
  }
}

TEST(ProbeOnnx, IsFoundBehindAPrefix) {
  const std::string model = Tiny{}.build();
  const std::string bytes = std::string(133, '\x07') + model + std::string(40, '\x01');
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  ASSERT_EQ(found.models.size(), 1U);
  EXPECT_EQ(found.models[0].offset, 133U);
  EXPECT_EQ(found.models[0].model.format, "onnx");
  EXPECT_EQ(found.models[0].model.size, model.size());
}

TEST(ProbeOnnx, ACutModelIsOneWithAGap) {
  const std::string model = Tiny{}.build();
  const std::string cut = model.substr(0, 120);
  const auto probe = probe_onnx(as_bytes(cut));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->size, cut.size());
  EXPECT_THAT(probe->gaps.at(0).why, HasSubstr("cut off"));
  EXPECT_EQ(describe_onnx(as_bytes(cut), *probe).operators.front().name, "Gemm");
}

TEST(ProbeOnnx, NeedsAGraphWithOperatorsAndAVersion) {
  EXPECT_FALSE(probe_onnx({}));
  EXPECT_FALSE(probe_onnx(as_bytes(pb_int(1, 7) + pb_bytes(2, "pytorch"))));
  EXPECT_FALSE(probe_onnx(as_bytes(pb_int(1, 7) + pb_bytes(7, pb_bytes(2, "empty")))));
  EXPECT_FALSE(probe_onnx(as_bytes(pb_bytes(7, Tiny{}.graph()))));
  EXPECT_FALSE(probe_onnx(as_bytes(pb_int(1, 7) + pb_bytes(7, pb_bytes(1, pb_bytes(1, "x"))))));
  EXPECT_FALSE(probe_onnx(as_bytes(pb_int(1, 700) + pb_bytes(7, Tiny{}.graph()))));
}

TEST(DescribeOnnx, ReadsBordersOperatorsAndWeights) {
  Tiny tiny;
  tiny.more_model = pb_bytes(14, pb_bytes(1, "author") + pb_bytes(2, "someone")) +
                    pb_bytes(14, pb_bytes(1, "names") + pb_bytes(2, "{0: 'cat', 1: 'dog'}"));
  const ModelGraph graph = describe_whole(tiny.build());
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "x");
  EXPECT_EQ(graph.inputs[0].dtype, "float32");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(-1, 4));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_THAT(graph.outputs[0].shape, ElementsAre(-1, 2));
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].detail, "alpha=0.5 constants=1:float32[4,2]");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("x", "w"));
  EXPECT_EQ(graph.operators[1].detail, "axis=-1");
  EXPECT_EQ(graph.parameters, 8U);
  EXPECT_EQ(graph.weights_hash, sha256_hex(tiny.weights));
  EXPECT_THAT(graph.labels, ElementsAre("cat", "dog"));
  EXPECT_THAT(graph.metadata, Contains(Pair("producer", "pytorch 1.7")));
  EXPECT_THAT(graph.metadata, Contains(Pair("opset", "ai.onnx 11")));
  EXPECT_THAT(graph.metadata, Contains(Pair("author", "someone")));
  EXPECT_THAT(graph.gaps, IsEmpty());
}

TEST(DescribeOnnx, TheGraphHashIgnoresWeightsAndNamesOnly) {
  const std::string hash = describe_whole(Tiny{}.build()).graph_hash;
  Tiny other;
  other.weights = raw_floats({8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(describe_whole(other.build()).graph_hash, hash);
  EXPECT_NE(describe_whole(other.build()).weights_hash,
            describe_whole(Tiny{}.build()).weights_hash);
  other.softmax = node("Softmax", {"y"}, "z", pb_bytes(5, pb_bytes(1, "axis") + pb_int(3, 1)));
  EXPECT_NE(describe_whole(other.build()).graph_hash, hash);
  Tiny wider;
  wider.initialiser = tensor("w", 1, {4, 3}, raw_floats({1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}));
  EXPECT_NE(describe_whole(wider.build()).graph_hash, hash);
}

TEST(DescribeOnnx, DataInAnotherFileIsAGapWithItsSize) {
  Tiny tiny;
  const auto entry = [](const std::string& key, const std::string& text) {
    return pb_bytes(13, pb_bytes(1, key) + pb_bytes(2, text));
  };
  tiny.initialiser = pb_ints(1, {4, 2}) + pb_int(2, 1) + pb_bytes(8, "w") +
                     entry("location", "model.onnx.data") + entry("offset", "4096") +
                     entry("length", "32") + pb_int(14, 1);
  const ModelGraph graph = describe_whole(tiny.build());
  EXPECT_EQ(graph.weight_file_size, 4128U);
  EXPECT_EQ(graph.parameters, 8U);
  EXPECT_EQ(graph.weights_hash, "");
  ASSERT_EQ(graph.gaps.size(), 1U);
  EXPECT_THAT(graph.gaps[0].why, HasSubstr("model.onnx.data"));
}

TEST(DescribeOnnx, QuantisedBordersHaveScaleAndZeroPoint) {
  const std::string graph_bytes = pb_bytes(1, node("DequantizeLinear", {"q", "s", "z"}, "f")) +
                                  pb_bytes(1, node("QuantizeLinear", {"f", "s", "z"}, "out")) +
                                  pb_bytes(5, tensor("s", 1, {}, raw_floats({0.25F}))) +
                                  pb_bytes(5, tensor("z", 2, {}, "\x80")) +
                                  pb_bytes(11, value("q", 2, {1, 3})) +
                                  pb_bytes(12, value("out", 2, {1, 3}));
  const ModelGraph graph = describe_whole(pb_int(1, 8) + pb_bytes(7, graph_bytes));
  for (const GraphTensor& border : {graph.inputs.at(0), graph.outputs.at(0)}) {
    EXPECT_EQ(border.dtype, "uint8");
    EXPECT_THAT(border.quant_scale, ElementsAre(0.25F));
    EXPECT_THAT(border.quant_zero_point, ElementsAre(128));
  }
  EXPECT_THAT(graph.metadata, Contains(Pair("quantization", "quantise-dequantise pairs")));
}

TEST(DescribeOnnx, GraphsInAttributesCountAndNestToALimit) {
  std::string inner = pb_bytes(1, node("Relu", {"a"}, "b"));
  const auto wrapped = [](const std::string& graph) {
    return pb_bytes(
        1, node("If", {"c"}, "d", pb_bytes(5, pb_bytes(1, "then_branch") + pb_bytes(6, graph))));
  };
  const std::string one = pb_int(1, 8) + pb_bytes(7, wrapped(inner));
  const ModelGraph graph = describe_whole(one);
  EXPECT_THAT(graph.operators.at(0).detail, HasSubstr("then_branch=1#"));
  const std::string other =
      pb_int(1, 8) + pb_bytes(7, wrapped(pb_bytes(1, node("Tanh", {"a"}, "b"))));
  EXPECT_NE(describe_whole(other).graph_hash, graph.graph_hash);
  for (int i = 0; i < 40; ++i) inner = wrapped(inner);
  EXPECT_FALSE(probe_onnx(as_bytes(pb_int(1, 8) + pb_bytes(7, inner))));
}

// Values by the onnx package (1.22): operators, elements of the initialisers, opset, borders.
TEST(DescribeOnnx, ReadsARealModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/version-slim-320_simplified.onnx");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto probe = probe_model(file->bytes());
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "onnx");
  EXPECT_EQ(probe->size, 1047549U);
  const ModelGraph graph = describe_onnx(file->bytes(), *probe);
  EXPECT_EQ(graph.operators.size(), 95U);
  EXPECT_EQ(graph.parameters, 257940U);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 3, 240, 320));
  EXPECT_EQ(graph.outputs.at(0).name, "scores");
  EXPECT_THAT(graph.outputs.at(1).shape, ElementsAre(1, 4420, 4));
  EXPECT_EQ(graph.operators[0].detail,
            "constants=1:float32[16,3,3,3],2:float32[16] dilations=[1,1] group=1 "
            "kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]");
  EXPECT_THAT(graph.metadata, Contains(Pair("producer", "pytorch 1.2")));
  EXPECT_THAT(graph.metadata, Contains(Pair("opset", "ai.onnx 9")));
  EXPECT_THAT(graph.gaps, IsEmpty());
}

}  // namespace
}  // namespace dl
