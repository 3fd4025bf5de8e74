// SPDX-License-Identifier: Apache-2.0
// TensorFlow graphs are known by their schema; constants are weights, placeholders inputs.
#include "daylight/format/tensorflow/tf_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_int;
using testing::pb_ints;
using testing::raw_floats;

std::string attribute(const std::string& key, const std::string& value) {
  return pb_bytes(5, pb_bytes(1, key) + pb_bytes(2, value));
}

std::string shape(std::initializer_list<std::int64_t> sizes) {
  std::string out;
  for (const std::int64_t size : sizes) out += pb_bytes(2, size == 0 ? "" : pb_int(1, size));
  return out;
}

std::string node(const std::string& name, const std::string& op,
                 std::initializer_list<std::string> inputs, const std::string& attributes = "") {
  std::string out = pb_bytes(1, name) + pb_bytes(2, op);
  for (const std::string& input : inputs) out += pb_bytes(3, input);
  return out + attributes;
}

std::string constant(const std::string& weights) {
  return node("w", "Const", {},
              attribute("value", pb_bytes(8, pb_int(1, 1) + pb_bytes(2, shape({4, 2})) +
                                                 pb_bytes(4, weights))));
}

const std::string kWeights = raw_floats({1, 2, 3, 4, 5, 6, 7, 8});

std::string graph(const std::string& weights = kWeights, const std::string& activation = "Relu") {
  const std::string float_type = attribute("T", pb_int(6, 1));
  return pb_bytes(1, node("x", "Placeholder", {},
                          attribute("dtype", pb_int(6, 1)) +
                              attribute("shape", pb_bytes(7, shape({-1, 4}))))) +
         pb_bytes(1, constant(weights)) +
         pb_bytes(1, node("mul", "MatMul", {"x", "w"},
                          float_type + attribute("transpose_a", pb_int(5, 0)) +
                              attribute("_output_shapes", pb_bytes(1, "")))) +
         pb_bytes(1, node("two", "Split", {"mul"}, attribute("num_split", pb_int(3, 2)))) +
         pb_bytes(1, node("act", activation, {"two:1", "^x"}, float_type)) +
         pb_bytes(4, pb_int(1, 27));
}

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  EXPECT_TRUE(probe);
  EXPECT_EQ(probe ? probe->format : "", "tf_graphdef");
  return probe ? describe_tf_graphdef(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(ProbeTfGraphdef, FindsTheEndWhereBytesFollow) {
  const std::string model = graph();
  for (const std::string& tail : {std::string(), std::string(64, '\0'), std::string("\xff\x01"),
                                  pb_bytes(1, "no node"), pb_int(4, 3)}) {
    const auto found = probe_tf_graphdef(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->gaps, IsEmpty());
  }
  const auto cut = probe_tf_graphdef(as_bytes(model.substr(0, model.size() - 12)));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("cut off"));
}

TEST(ProbeTfGraphdef, NeedsNodesWithOperators) {
  EXPECT_FALSE(probe_tf_graphdef({}));
  EXPECT_FALSE(probe_tf_graphdef(as_bytes(pb_int(3, 1))));
  EXPECT_FALSE(probe_tf_graphdef(as_bytes(pb_bytes(1, node("a", "no operator", {})))));
  EXPECT_FALSE(probe_tf_graphdef(as_bytes(pb_bytes(1, node("a", "MatMul", {})))));
  EXPECT_FALSE(probe_tf_graphdef(as_bytes(pb_bytes(1, pb_bytes(1, "name only")))));
}

TEST(DescribeTfGraphdef, ReadsBordersOperatorsAndWeights) {
  const ModelGraph read = describe_whole(graph());
  ASSERT_EQ(read.inputs.size(), 1U);
  EXPECT_EQ(read.inputs[0].dtype, "float32");
  EXPECT_THAT(read.inputs[0].shape, ElementsAre(-1, 4));
  ASSERT_EQ(read.outputs.size(), 1U);
  EXPECT_EQ(read.outputs[0].name, "act");
  ASSERT_EQ(read.operators.size(), 4U);
  EXPECT_EQ(read.operators[1].detail, "T=float32 constants=1:float32[4,2] transpose_a=false");
  EXPECT_THAT(read.operators[2].outputs, ElementsAre("two", "two:1"));
  EXPECT_THAT(read.operators[3].inputs, ElementsAre("two:1"));
  EXPECT_EQ(read.parameters, 8U);
  EXPECT_EQ(read.weights_hash, sha256_hex(kWeights));
  EXPECT_THAT(read.metadata, Contains(Pair("producer", "TensorFlow graph version 27")));
  EXPECT_THAT(read.gaps, IsEmpty());
}

TEST(DescribeTfGraphdef, TheGraphHashIgnoresWeightsOnly) {
  const std::string hash = describe_whole(graph()).graph_hash;
  EXPECT_EQ(describe_whole(graph(raw_floats({8, 7, 6, 5, 4, 3, 2, 1}))).graph_hash, hash);
  EXPECT_NE(describe_whole(graph(kWeights, "Elu")).graph_hash, hash);
}

TEST(DescribeTfSavedmodel, ReadsTheSignatureAndFunctions) {
  const auto border = [](const std::string& key, std::initializer_list<std::int64_t> sizes) {
    return pb_bytes(1, key) +
           pb_bytes(2, pb_bytes(1, key + ":0") + pb_int(2, 1) + pb_bytes(3, shape(sizes)));
  };
  const std::string signature =
      pb_bytes(1, border("image", {-1, 8, 8, 3})) + pb_bytes(2, border("age", {-1, 1}));
  const std::string function =
      pb_bytes(1, pb_bytes(1, "fn")) +
      pb_bytes(3, node("sig", "Sigmoid", {"mul:product:0"}, attribute("T", pb_int(6, 1))));
  const std::string definition =
      pb_bytes(1, node("v", "VarHandleOp", {}, attribute("dtype", pb_int(6, 1)))) +
      pb_bytes(2, pb_bytes(1, function));
  const std::string meta = pb_bytes(1, pb_bytes(4, "serve") + pb_bytes(5, "2.16.2")) +
                           pb_bytes(2, definition) +
                           pb_bytes(5, pb_bytes(1, "__saved_model_init_op") + pb_bytes(2, "")) +
                           pb_bytes(5, pb_bytes(1, "serving_default") + pb_bytes(2, signature));
  const std::string bytes = pb_int(1, 1) + pb_bytes(2, meta) + std::string(5, '\0');
  const auto probe = probe_model(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "tf_savedmodel");
  EXPECT_EQ(probe->size, bytes.size() - 5);
  const ModelGraph read = describe_tf_savedmodel(as_bytes(bytes), *probe);
  EXPECT_EQ(read.inputs.at(0).name, "image");
  EXPECT_THAT(read.inputs.at(0).shape, ElementsAre(-1, 8, 8, 3));
  EXPECT_EQ(read.outputs.at(0).name, "age");
  EXPECT_EQ(read.operators.at(1).name, "Sigmoid");
  EXPECT_THAT(read.operators.at(1).inputs, ElementsAre("fn/mul"));
  EXPECT_THAT(read.metadata, Contains(Pair("tensorflow_version", "2.16.2")));
  EXPECT_THAT(read.gaps.at(0).why, HasSubstr("variables/"));
}

}  // namespace
}  // namespace dl
