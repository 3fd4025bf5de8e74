// SPDX-License-Identifier: Apache-2.0
// Core ML models are known by version, description and type; networks, programs and pipelines read.
#include "daylight/format/coreml/coreml.h"

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
using testing::pb_floats;
using testing::pb_int;
using testing::pb_ints;
using testing::raw_floats;

std::string feature(const std::string& name, const std::string& type) {
  return pb_bytes(1, name) + pb_bytes(3, type);
}

std::string array(std::initializer_list<std::int64_t> shape) {
  return pb_bytes(5, pb_ints(1, shape) + pb_int(2, 65568));
}

const std::string kPicture = pb_bytes(4, pb_int(1, 28) + pb_int(2, 20) + pb_int(3, 20));

std::string description(const std::string& input, const std::string& output) {
  return pb_bytes(2, pb_bytes(1, feature("in", input)) + pb_bytes(10, feature("out", output)) +
                         pb_bytes(100, pb_bytes(3, "someone")));
}

std::string network(int stride = 2, std::initializer_list<float> weights = {1, 2, 3, 4}) {
  const std::string convolution = pb_int(1, 4) + pb_int(2, 1) + pb_ints(20, {1, 1}) +
                                  pb_ints(30, {stride, stride}) + pb_bytes(50, "") +
                                  pb_bytes(90, pb_floats(1, weights));
  return pb_bytes(1, pb_bytes(1, "c") + pb_bytes(2, "in") + pb_bytes(3, "x") +
                         pb_bytes(100, convolution)) +
         pb_bytes(1, pb_bytes(1, "a") + pb_bytes(2, "x") + pb_bytes(3, "out") +
                         pb_bytes(130, pb_bytes(15, pb_float(1, 0.25F)))) +
         pb_bytes(2, pb_bytes(1, "in") + pb_bytes(10, pb_float(10, 0.5F) + pb_float(22, -1)));
}

std::string classifier(int stride = 2, std::initializer_list<float> weights = {1, 2, 3, 4}) {
  const std::string labels = pb_bytes(100, pb_bytes(1, "cat") + pb_bytes(1, "dog"));
  return pb_int(1, 4) + description(kPicture, array({2})) +
         pb_bytes(403, network(stride, weights) + labels);
}

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  EXPECT_TRUE(probe);
  EXPECT_EQ(probe ? probe->format : "", "coreml");
  EXPECT_EQ(probe ? probe->size : 0, bytes.size());
  return probe ? describe_coreml(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(ProbeCoreml, FindsTheEndWhereBytesFollow) {
  const std::string model = classifier();
  for (const std::string& tail :
       {std::string(), std::string(64, '\0'), pb_bytes(500, network()), pb_int(1, 1)}) {
    const auto found = probe_coreml(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->gaps, IsEmpty());
  }
  const auto cut = probe_coreml(as_bytes(model.substr(0, model.size() - 20)));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("cut off"));
}

TEST(ProbeCoreml, NeedsVersionDescriptionAndType) {
  const std::string about = description(kPicture, array({2}));
  EXPECT_FALSE(probe_coreml({}));
  EXPECT_FALSE(probe_coreml(as_bytes(pb_int(1, 4) + about)));
  EXPECT_FALSE(probe_coreml(as_bytes(about + pb_bytes(500, network()))));
  EXPECT_FALSE(probe_coreml(as_bytes(pb_int(1, 4) + pb_bytes(500, network()))));
  EXPECT_FALSE(probe_coreml(as_bytes(pb_int(1, 4) + about + pb_bytes(510, network()))));
  EXPECT_FALSE(probe_coreml(as_bytes(pb_int(1, 400) + about + pb_bytes(500, network()))));
}

TEST(DescribeCoreml, ReadsANetwork) {
  const ModelGraph graph = describe_whole(classifier());
  EXPECT_EQ(graph.inputs.at(0).dtype, "uint8");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(3, 20, 28));
  EXPECT_THAT(graph.outputs.at(0).shape, ElementsAre(2));
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].name, "convolution");
  EXPECT_EQ(graph.operators[0].detail,
            "kernelChannels=1 kernelSize=[1,1] outputChannels=4 stride=[2,2] valid=default");
  EXPECT_EQ(graph.operators[1].detail, "alpha=0.25 function=leakyReLU");
  EXPECT_EQ(graph.parameters, 4U);
  EXPECT_EQ(graph.weights_hash, sha256_hex(raw_floats({1, 2, 3, 4})));
  EXPECT_THAT(graph.labels, ElementsAre("cat", "dog"));
  EXPECT_THAT(graph.metadata, Contains(Pair("author", "someone")));
  EXPECT_THAT(graph.metadata, Contains(Pair("input in type", "image RGB")));
  EXPECT_THAT(graph.metadata, Contains(Pair("preprocessing in", "channelScale=0.5 redBias=-1")));
  EXPECT_EQ(describe_whole(classifier(2, {5, 6, 7, 8})).graph_hash, graph.graph_hash);
  EXPECT_NE(describe_whole(classifier(1)).graph_hash, graph.graph_hash);
}

TEST(DescribeCoreml, ReadsAPipelineModelAfterModel) {
  const std::string scaler = pb_int(1, 1) + description(array({2}), array({2})) + pb_bytes(604, "");
  const std::string net =
      pb_int(1, 1) + description(array({2}), array({2})) + pb_bytes(500, network());
  std::string pipeline = pb_int(1, 1) + description(array({2}), array({2})) +
                         pb_bytes(202, pb_bytes(1, scaler) + pb_bytes(1, net));
  const ModelGraph graph = describe_whole(pipeline);
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].name, "scaler");
  EXPECT_THAT(graph.operators[1].inputs, ElementsAre("model1/in"));
  EXPECT_THAT(graph.metadata, Contains(Pair("model1/type", "neuralNetwork")));
  for (int i = 0; i < 20; ++i)
    pipeline =
        pb_int(1, 1) + description(array({2}), array({2})) + pb_bytes(202, pb_bytes(1, pipeline));
  EXPECT_THAT(describe_whole(pipeline).gaps.at(0).why, HasSubstr("too deeply"));
}

TEST(DescribeCoreml, ReadsAProgram) {
  const auto tensor_type = [](int type, std::initializer_list<int> sizes) {
    std::string out = pb_int(1, type);
    for (const int size : sizes) out += pb_bytes(3, pb_bytes(1, pb_int(1, size)));
    return pb_bytes(1, out);
  };
  const auto constant = [&](const std::string& name, const std::string& value) {
    return pb_bytes(3, pb_bytes(1, "const") + pb_bytes(3, pb_bytes(1, name)) +
                           pb_bytes(5, pb_bytes(1, "val") + pb_bytes(2, value)));
  };
  const auto argument = [](const std::string& key, const std::string& name) {
    return pb_bytes(2, pb_bytes(1, key) + pb_bytes(2, pb_bytes(1, pb_bytes(1, name))));
  };
  const std::string weight =
      pb_bytes(2, tensor_type(10, {8, 4})) +
      pb_bytes(5, pb_bytes(1, "@model_path/weights/weight.bin") + pb_int(2, 64));
  const std::string strides =
      pb_bytes(2, tensor_type(23, {2})) + pb_bytes(3, pb_bytes(1, pb_bytes(2, pb_ints(1, {2, 2}))));
  const std::string classes =
      pb_bytes(2, tensor_type(2, {2})) +
      pb_bytes(3, pb_bytes(1, pb_bytes(4, pb_bytes(1, "yes") + pb_bytes(1, "no"))));
  const std::string block =
      constant("w", weight) + constant("s", strides) + constant("c", classes) +
      pb_bytes(3, pb_bytes(1, "conv") + argument("x", "in") + argument("weight", "w") +
                      argument("strides", "s") + pb_bytes(3, pb_bytes(1, "y"))) +
      pb_bytes(3, pb_bytes(1, "classify") + argument("probabilities", "y") +
                      argument("classes", "c") + pb_bytes(3, pb_bytes(1, "out")));
  const std::string function =
      pb_bytes(2, "CoreML5") + pb_bytes(3, pb_bytes(1, "CoreML5") + pb_bytes(2, block));
  const std::string program =
      pb_int(1, 1) + pb_bytes(2, pb_bytes(1, "main") + pb_bytes(2, function));
  const ModelGraph graph =
      describe_whole(pb_int(1, 6) + description(array({1}), array({2})) + pb_bytes(502, program));
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].detail, "strides=[2,2] weight=float16[8,4]");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("in"));
  EXPECT_EQ(graph.parameters, 32U);
  EXPECT_THAT(graph.labels, ElementsAre("yes", "no"));
  EXPECT_THAT(graph.gaps.at(0).why, HasSubstr("weight.bin"));
}

// As coremltools 9 writes the classes of a program: in place, a list of tensors of one text each.
TEST(DescribeCoreml, ReadsClassesInAList) {
  const auto text = [](const std::string& value) {
    return pb_bytes(1, pb_bytes(3, pb_bytes(1, pb_bytes(4, pb_bytes(1, value)))));
  };
  const std::string list = pb_bytes(3, pb_bytes(3, text("female") + text("male")));
  const std::string block = pb_bytes(
      3,
      pb_bytes(1, "classify") +
          pb_bytes(2, pb_bytes(1, "probabilities") + pb_bytes(2, pb_bytes(1, pb_bytes(1, "in")))) +
          pb_bytes(2, pb_bytes(1, "classes") + pb_bytes(2, pb_bytes(1, pb_bytes(2, list)))) +
          pb_bytes(3, pb_bytes(1, "out")));
  const std::string function = pb_bytes(3, pb_bytes(1, "CoreML7") + pb_bytes(2, block));
  const std::string program = pb_bytes(2, pb_bytes(1, "main") + pb_bytes(2, function));
  const ModelGraph graph =
      describe_whole(pb_int(1, 8) + description(array({1}), array({2})) + pb_bytes(502, program));
  EXPECT_THAT(graph.labels, ElementsAre("female", "male"));
  EXPECT_EQ(graph.operators.at(0).detail, "classes=female,male");
}

// Values by coremltools 9.0.
TEST(DescribeCoreml, ReadsARealModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/MNISTClassifier.mlmodel");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto probe = probe_model(file->bytes());
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->size, 2369199U);
  const ModelGraph graph = describe_coreml(file->bytes(), *probe);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 28, 28));
  EXPECT_EQ(graph.operators.size(), 8U);
  EXPECT_EQ(graph.operators.back().name, "softmax");
  // 32 kernels of 5x5, 4608 by 128, 128 by 10, with biases.
  EXPECT_EQ(graph.parameters, 32U * 26 + 4609U * 128 + 129U * 10);
  EXPECT_THAT(graph.labels, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_THAT(graph.metadata, Contains(Pair("author", "Apple")));
}

}  // namespace
}  // namespace dl
