// SPDX-License-Identifier: Apache-2.0
// The parts of compiled models and packages are known and read; other JSON is not.
#include "daylight/format/coreml/coreml_compiled.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/coreml_data_builder.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

ModelGraph describe_whole(const std::string& text, const std::string& part) {
  const auto probe = probe_model(as_bytes(text));
  EXPECT_TRUE(probe);
  if (!probe) return {};
  EXPECT_EQ(probe->format, "coreml_compiled");
  EXPECT_THAT(probe->facts, Contains(Pair("part", part)));
  return describe_coreml_compiled(as_bytes(text), *probe);
}

TEST(CoremlCompiled, ReadsEspressoLayers) {
  const std::string text =
      R"({"storage":"model.espresso.weights","format_version":200,"layers":[)"
      R"({"type":"convolution","name":"c","bottom":"data","top":"x","K":3,"C":8,"blob_weights":3},)"
      R"({"type":"softmax","name":"s","bottom":"x","top":"probs","axis":1,"weights":{}}]})";
  const ModelGraph graph = describe_whole(text, "model.espresso.net");
  EXPECT_EQ(graph.inputs.at(0).name, "data");
  EXPECT_EQ(graph.outputs.at(0).name, "probs");
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].detail, "C=8 K=3");
  EXPECT_THAT(graph.gaps.at(0).why, HasSubstr("model.espresso.weights"));
}

TEST(CoremlCompiled, ReadsMetadata) {
  const std::string text =
      R"([{"metadataOutputVersion":"3.0","author":"someone","modelType":{"name":"MLModelType_x"},)"
      R"("inputSchema":[{"name":"image","type":"Image","colorspace":"RGB","width":"224",)"
      R"("height":"112"}],"outputSchema":[{"name":"age","type":"MultiArray","dataType":"Float32",)"
      R"("shape":"[1, 101]"}],"userDefinedMetadata":{"classes":"a,b"}}])";
  const ModelGraph graph = describe_whole(text, "metadata.json");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(3, 112, 224));
  EXPECT_THAT(graph.outputs.at(0).shape, ElementsAre(1, 101));
  EXPECT_EQ(graph.outputs.at(0).dtype, "float32");
  EXPECT_THAT(graph.labels, ElementsAre("a", "b"));
  EXPECT_THAT(graph.metadata, Contains(Pair("author", "someone")));
  EXPECT_EQ(graph.graph_hash, "");
}

TEST(CoremlCompiled, ReadsAProgram) {
  const std::string text = R"(program(1.0)
[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-component-MIL", "5.33; }"}})]
{
    func main<ios16>(tensor<fp32, [1, 3, 8, 8]> x) {
            tensor<string, []> dtype = const()[name = tensor<string, []>("d"), val = tensor<string, []>("fp16")];
            tensor<int32, [2]> strides = const()[name = tensor<string, []>("s"), val = tensor<int32, [2]>([2, 2])];
            tensor<fp16, [64, 3, 3, 3]> w = const()[name = tensor<string, []>("w"), val = tensor<fp16, [64, 3, 3, 3]>(BLOBFILE(path = tensor<string, []>("@model_path/weights/weight.bin"), offset = tensor<uint64, []>(64)))];
            tensor<fp16, [1, 3, 8, 8]> x16 = cast(dtype = dtype, x = x)[name = tensor<string, []>("c")];
            tensor<fp16, [1, 64, 4, 4]> y = conv(strides = strides, weight = w, x = x16)[name = tensor<string, []>("y")];
            tensor<fp16, [1, 128, 4, 4]> z = concat(axis = tensor<int32, []>(1), values = (y, y))[name = tensor<string, []>("z")];
        } -> (z);
}
)";
  const ModelGraph graph = describe_whole(text, "model.mil");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 3, 8, 8));
  EXPECT_EQ(graph.inputs.at(0).dtype, "float32");
  EXPECT_THAT(graph.outputs.at(0).shape, ElementsAre(1, 128, 4, 4));
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].detail, "dtype=fp16");
  EXPECT_EQ(graph.operators[1].detail, "strides=[2,2] weight=float16[64,3,3,3]");
  EXPECT_THAT(graph.operators[1].inputs, ElementsAre("x16"));
  EXPECT_EQ(graph.operators[2].detail, "axis=1");
  EXPECT_THAT(graph.operators[2].inputs, ElementsAre("y", "y"));
  EXPECT_EQ(graph.parameters, 64U * 27);
  EXPECT_THAT(graph.gaps.at(0).why, HasSubstr("weight.bin"));
}

std::string feature(const std::string& name, const std::string& type) {
  return testing::pb_bytes(1, name) + testing::pb_bytes(3, type);
}
const std::string kPicture = testing::pb_bytes(
    4, testing::pb_int(1, 224) + testing::pb_int(2, 112) + testing::pb_int(3, 20));
const std::string kAges =
    testing::pb_bytes(5, testing::pb_ints(1, {1, 101}) + testing::pb_int(2, 65568));
const std::string kAbout = testing::pb_bytes(
    100, testing::pb_bytes(3, "someone") +
             testing::pb_bytes(100, testing::pb_bytes(1, "classes") + testing::pb_bytes(2, "a,b")));
const std::string kAgeModel = testing::pb_bytes(1, feature("image", kPicture)) +
                              testing::pb_bytes(10, feature("age", kAges)) + kAbout;

TEST(CoremlData, ReadsTheDescription) {
  const ModelGraph graph =
      describe_whole(testing::coreml_data(502, 7, kAgeModel), "coremldata.bin");
  EXPECT_EQ(graph.inputs.at(0).name, "image");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(3, 112, 224));
  EXPECT_EQ(graph.outputs.at(0).dtype, "float32");
  EXPECT_THAT(graph.outputs.at(0).shape, ElementsAre(1, 101));
  EXPECT_THAT(graph.labels, ElementsAre("a", "b"));
  EXPECT_THAT(graph.metadata, Contains(Pair("type", "mlProgram")));
  EXPECT_THAT(graph.metadata, Contains(Pair("specification_version", "7")));
  EXPECT_THAT(graph.metadata, Contains(Pair("author", "someone")));
  EXPECT_EQ(graph.graph_hash, "");
  ASSERT_EQ(graph.gaps.size(), 1U);
  EXPECT_EQ(graph.gaps[0].where, "layers");
}

TEST(CoremlData, AFunctionsBordersAreTheModels) {
  const auto function = [](const std::string& name, const std::string& input) {
    return testing::pb_bytes(20, testing::pb_bytes(1, name) +
                                     testing::pb_bytes(2, feature(input, kPicture)) +
                                     testing::pb_bytes(3, feature("y", kAges)));
  };
  const std::string description =
      function("small", "s") + function("large", "l") + testing::pb_bytes(21, "large") + kAbout;
  const ModelGraph graph = describe_whole(
      testing::coreml_data(202, 9, description, "generic.model0v9.0.0generic"), "coremldata.bin");
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "l");
  EXPECT_THAT(graph.metadata, Contains(Pair("function", "large")));
  EXPECT_THAT(graph.metadata, Contains(Pair("type", "pipeline")));
}

TEST(CoremlData, AnotherHeaderIsAGap) {
  const std::string bytes = testing::little_endian(500, 4) + std::string(13, '\x07') +
                            testing::counted(kAgeModel) + "weights";
  const ModelGraph graph = describe_whole(bytes, "coremldata.bin");
  EXPECT_EQ(graph.inputs.at(0).name, "image");
  EXPECT_THAT(graph.metadata, Contains(Pair("type", "neuralNetwork")));
  EXPECT_EQ(graph.gaps.at(0).where, "header");
}

TEST(CoremlData, ReadsWhatTheCompilerNoted) {
  const std::string bytes =
      testing::coreml_notes("NeuralNetworkModelDetails", {{"modelDimension", "3"}}) +
      testing::coreml_notes("SpecificationDetails", {{"modelHash", "q=="}, {"modelName", "Age"}});
  const ModelGraph graph = describe_whole(bytes, "analytics/coremldata.bin");
  EXPECT_THAT(graph.metadata, Contains(Pair("SpecificationDetails.modelName", "Age")));
  EXPECT_FALSE(probe_model(as_bytes(bytes + "x")));
  EXPECT_FALSE(probe_model(as_bytes(bytes).first(bytes.size() - 1)));
}

TEST(CoremlData, OtherBytesAreNone) {
  const std::string whole = testing::coreml_data(502, 7, kAgeModel);
  const std::size_t end = whole.size() - 16;
  for (std::size_t size = 0; size < end; ++size)
    EXPECT_FALSE(probe_model(as_bytes(whole).first(size))) << size;
  EXPECT_TRUE(probe_model(as_bytes(whole).first(end)));
  EXPECT_FALSE(probe_model(as_bytes(testing::coreml_data(777, 7, kAgeModel))));
  EXPECT_FALSE(probe_model(as_bytes(testing::coreml_data(502, 7, kAbout))));
  EXPECT_FALSE(probe_model(as_bytes(testing::coreml_data(502, 7, kAgeModel + "x"))));
}

TEST(CoremlCompiled, KnowsShapesAndPackages) {
  describe_whole(R"({"layer_shapes":{"x":{"k":3,"w":8}}})", "model.espresso.shape");
  const auto package = probe_model(as_bytes(
      R"({"fileFormatVersion":"1.0.0","itemInfoEntries":{"A1":{"path":"com.apple.CoreML/m.mlmodel"}},)"
      R"("rootModelIdentifier":"A1"})"));
  ASSERT_TRUE(package);
  EXPECT_EQ(package->format, "mlpackage");
  EXPECT_THAT(package->facts, ElementsAre(Pair("root_model", "com.apple.CoreML/m.mlmodel")));
}

TEST(CoremlCompiled, OtherTextIsNoPart) {
  for (const char* text :
       {"program(1.0)", "program(x) { }", R"({"format_version":1,"layers":[],"type":1})",
        R"({"format_version":1,"layers":[{"type":"x"}]})", R"([{"metadataOutputVersion":3}])",
        R"({"layer_shapes":[]})", R"({"rootModelIdentifier":"x","itemInfoEntries":{}})"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

}  // namespace
}  // namespace dl
