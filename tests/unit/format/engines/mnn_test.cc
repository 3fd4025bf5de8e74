// SPDX-License-Identifier: Apache-2.0
// MNN models: known by structure alone, read in full, and nothing else is taken for one.
#include "daylight/format/engines/mnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "support/flatbuffer_writer.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Flat;
using ::testing::HasSubstr;
using ::testing::Pair;

struct TinyMnn {
  std::int32_t type = 69;  // ReLU
  std::int32_t tensor = 0;
  std::uint8_t options = 51;  // Relu
  float slope = 0.25F;
  std::int8_t usage = 0;
  std::vector<float> weights = {1.0F, 2.0F};
};

std::string build_mnn(const TinyMnn& tiny = {}) {
  const Flat input = Flat::table({{1, Flat::number<std::uint8_t>(21)},
                                  {2, Flat::table({{0, Flat::numbers<std::int32_t>({1, 2})},
                                                   {1, Flat::number<std::int32_t>(1)}})},
                                  {3, Flat::text("in")},
                                  {4, Flat::numbers<std::int32_t>({0})},
                                  {5, Flat::number<std::int32_t>(34)}});
  const Flat relu = Flat::table({{0, Flat::numbers<std::int32_t>({tiny.tensor})},
                                 {1, Flat::number<std::uint8_t>(tiny.options)},
                                 {2, Flat::table({{0, Flat::number<float>(tiny.slope)}})},
                                 {3, Flat::text("relu")},
                                 {4, Flat::numbers<std::int32_t>({1})},
                                 {5, Flat::number<std::int32_t>(tiny.type)}});
  const Flat constant = Flat::table({{1, Flat::number<std::uint8_t>(7)},
                                     {2, Flat::table({{0, Flat::numbers<std::int32_t>({2})},
                                                      {7, Flat::numbers<float>(tiny.weights)}})},
                                     {4, Flat::numbers<std::int32_t>({2})},
                                     {5, Flat::number<std::int32_t>(11)}});
  const Flat sum = Flat::table({{0, Flat::numbers<std::int32_t>({1, 2})},
                                {1, Flat::number<std::uint8_t>(6)},
                                {2, Flat::table({{0, Flat::number<std::int32_t>(0)}})},
                                {4, Flat::numbers<std::int32_t>({3})},
                                {5, Flat::number<std::int32_t>(7)}});
  return Flat::table({{0, Flat::text("shop")},
                      {3, Flat::list({input, relu, constant, sum})},
                      {6, Flat::number<std::int8_t>(3)},
                      {7, Flat::list({Flat::text("data"), Flat::text("a"), Flat::text("w"),
                                      Flat::text("out")})},
                      {9, Flat::number<std::int8_t>(tiny.usage)}})
      .buffer("");
}

TEST(Mnn, ReadsBordersOperatorsWeights) {
  const std::string bytes = build_mnn();
  const auto model = read_mnn(as_bytes(bytes), ReadDepth::kAll);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->size, bytes.size());
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "data");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(1, 2));
  EXPECT_EQ(graph.inputs[0].dtype, "float32");
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.outputs[0].name, "out");
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].name, "ReLU");
  EXPECT_EQ(graph.operators[0].detail, "slope=0.25");
  EXPECT_EQ(graph.operators[1].name, "Const");
  EXPECT_EQ(graph.operators[2].name, "BinaryOp");
  EXPECT_THAT(graph.operators[2].inputs, ElementsAre("a", "w"));
  EXPECT_EQ(graph.parameters, 2U);
  EXPECT_THAT(graph.metadata, Contains(Pair("biz_code", "shop")));
  EXPECT_THAT(graph.metadata, Contains(Pair("converted_from", "ONNX")));
  EXPECT_TRUE(graph.gaps.empty());
}

TEST(Mnn, GraphHashIgnoresWeightsOnly) {
  const auto hashes = [](const TinyMnn& tiny) {
    const std::string bytes = build_mnn(tiny);
    const auto model = read_mnn(as_bytes(bytes), ReadDepth::kAll);
    return model ? std::pair(model->graph.graph_hash, model->graph.weights_hash)
                 : std::pair<std::string, std::string>();
  };
  const auto base = hashes({});
  const auto retrained = hashes({.weights = {3.0F, 4.0F}});
  EXPECT_EQ(base.first, retrained.first);
  EXPECT_NE(base.second, retrained.second);
  EXPECT_NE(base.first, hashes({.slope = 0.5F}).first);
}

TEST(Mnn, RefusesWhatTheSchemaDoesNotHave) {
  const auto reads = [](const TinyMnn& tiny) {
    const std::string bytes = build_mnn(tiny);
    return read_mnn(as_bytes(bytes), ReadDepth::kProbe).has_value();
  };
  EXPECT_TRUE(reads({}));
  EXPECT_FALSE(reads({.type = 400}));
  EXPECT_FALSE(reads({.type = -1}));
  EXPECT_FALSE(reads({.tensor = 4}));
  EXPECT_FALSE(reads({.options = 200}));
  EXPECT_FALSE(reads({.usage = 9}));
  EXPECT_FALSE(read_mnn({}, ReadDepth::kAll));
}

TEST(Mnn, TruncatedFilesAreNone) {
  const std::string bytes = build_mnn();
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    read_mnn(as_bytes(bytes).first(size), ReadDepth::kAll);
  EXPECT_FALSE(read_mnn(as_bytes(bytes).first(bytes.size() / 2), ReadDepth::kAll));
}

// Counts: the converter's own JSON dump of the file (mnnconvert 3.6.1 --JsonFile); parameters: the
// float initialisers of the ONNX model that it was made of (onnx 1.23).
TEST(Mnn, ReadsARealFaceDetector) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/slim-320.mnn");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto probe = probe_model(file->bytes());
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "mnn");
  EXPECT_EQ(probe->size, file->bytes().size());
  const ModelGraph graph = model_format("mnn")->describe(file->bytes(), *probe);
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(1, 3, 240, 320));
  ASSERT_EQ(graph.outputs.size(), 2U);
  EXPECT_EQ(graph.outputs[0].name, "boxes");
  EXPECT_EQ(graph.outputs[1].name, "scores");
  std::map<std::string, int> counts;
  for (const GraphOperator& op : graph.operators) ++counts[op.name];
  EXPECT_EQ(counts["Convolution"], 23);
  EXPECT_EQ(counts["ConvolutionDepthwise"], 19);
  EXPECT_EQ(graph.parameters, 257916U);
  EXPECT_TRUE(graph.gaps.empty());
}

TEST(Mnn, ReadsAQuantisedModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/slim-320-quant-ADMM-50.mnn");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto model = read_mnn(file->bytes(), ReadDepth::kAll);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->size, file->bytes().size());
  EXPECT_EQ(model->graph.operators.front().name, "FloatToInt8");
}

}  // namespace
}  // namespace dl
