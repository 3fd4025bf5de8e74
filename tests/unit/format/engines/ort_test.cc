// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime's own format: borders, nodes, attributes, constants, inner graphs.
#include "daylight/format/engines/ort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/flatbuffer_writer.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Flat;
using ::testing::HasSubstr;
using ::testing::Pair;

Flat value(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::vector<Flat> dims;
  for (const std::int64_t side : shape) {
    dims.push_back(Flat::table(
        {{0, side < 0 ? Flat::table({{0, Flat::number<std::int8_t>(2)}, {2, Flat::text("N")}})
                      : Flat::table({{0, Flat::number<std::int8_t>(1)},
                                     {1, Flat::number<std::int64_t>(side)}})}}));
  }
  return Flat::table(
      {{0, Flat::text(name)},
       {2, Flat::table({{1, Flat::number<std::uint8_t>(1)},
                        {2, Flat::table({{0, Flat::number<std::int32_t>(1)},
                                         {1, Flat::table({{0, Flat::list(dims)}})}})}})}});
}

Flat constant(const std::string& name, std::int32_t type, const std::vector<std::int64_t>& shape,
              const std::vector<std::uint8_t>& data) {
  return Flat::table({{0, Flat::text(name)},
                      {2, Flat::numbers<std::int64_t>(shape)},
                      {3, Flat::number<std::int32_t>(type)},
                      {4, Flat::numbers<std::uint8_t>(data)}});
}

Flat attribute(const std::string& name, std::int32_t type, std::uint16_t field, Flat content) {
  return Flat::table(
      {{0, Flat::text(name)}, {2, Flat::number<std::int32_t>(type)}, {field, std::move(content)}});
}

Flat node(const std::string& type, const std::vector<std::string>& in, const std::string& out,
          std::vector<Flat> attributes) {
  std::vector<Flat> inputs;
  for (const std::string& name : in) inputs.push_back(Flat::text(name));
  return Flat::table({{3, Flat::number<std::int32_t>(11)},
                      {5, Flat::text(type)},
                      {8, Flat::list(inputs)},
                      {9, Flat::list({Flat::text(out)})},
                      {10, Flat::list(std::move(attributes))}});
}

std::string build_ort(std::uint8_t weight = 1, std::int64_t stride = 2, int nested = 1) {
  Flat body = Flat::table({{2, Flat::list({node("Neg", {"y"}, "z", {})})}});
  for (int i = 1; i < nested; ++i)
    body =
        Flat::table({{2, Flat::list({node("Loop", {"y"}, "z", {attribute("body", 5, 7, body)})})}});
  const Flat graph = Flat::table(
      {{0, Flat::list({constant("w", 1, {2}, {weight, 0, 0, 0, 2, 0, 0, 0}),
                       constant("shape", 7, {1}, {1, 0, 0, 0, 0, 0, 0, 0})})},
       {1, Flat::list({value("x", {-1, 3}), value("y", {1, 4})})},
       {2, Flat::list({node("Conv", {"x", "w"}, "h",
                            {attribute("strides", 7, 9, Flat::numbers<std::int64_t>({stride, 2})),
                             attribute("alpha", 1, 3, Flat::number<float>(0.5F))}),
                       node("If", {"h"}, "y", {attribute("then", 5, 7, body)})})},
       {5, Flat::list({Flat::text("x"), Flat::text("w")})},
       {6, Flat::list({Flat::text("y")})}});
  const Flat model = Flat::table({{2, Flat::text("pytorch")}, {7, graph}});
  return Flat::table({{0, Flat::text("1.15.1")}, {1, model}}).buffer("ORTM");
}

TEST(Ort, ReadsBordersNodesConstants) {
  const std::string bytes = build_ort();
  const auto model = read_ort(as_bytes(bytes), ReadDepth::kAll);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->size, bytes.size());
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.inputs.size(), 1U) << "constants are no inputs";
  EXPECT_EQ(graph.inputs[0].name, "x");
  EXPECT_EQ(graph.inputs[0].dtype, "float32");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(-1, 3));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_THAT(graph.outputs[0].shape, ElementsAre(1, 4));
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].name, "Conv");
  EXPECT_EQ(graph.operators[0].detail, "since=11 strides=2,2 alpha=0.5");
  EXPECT_EQ(graph.operators[1].detail, "since=11 then=graph");
  EXPECT_EQ(graph.operators[2].name, "Neg");
  EXPECT_EQ(graph.operators[2].detail, "since=11 in=op1");
  EXPECT_EQ(graph.parameters, 2U) << "shapes are not trained";
  EXPECT_THAT(graph.metadata, Contains(Pair("producer", "pytorch")));
  EXPECT_THAT(graph.metadata, Contains(Pair("ort_format_version", "1.15.1")));
  EXPECT_TRUE(graph.gaps.empty());
}

TEST(Ort, GraphHashIgnoresWeightsOnly) {
  const auto hashes = [](const std::string& bytes) {
    const auto model = read_ort(as_bytes(bytes), ReadDepth::kAll);
    return std::pair(model->graph.graph_hash, model->graph.weights_hash);
  };
  EXPECT_EQ(hashes(build_ort(1)).first, hashes(build_ort(9)).first);
  EXPECT_NE(hashes(build_ort(1)).second, hashes(build_ort(9)).second);
  EXPECT_NE(hashes(build_ort(1, 2)).first, hashes(build_ort(1, 1)).first);
}

TEST(Ort, DeepGraphsBecomeAGap) {
  const std::string bytes = build_ort(1, 2, 40);
  const auto model = read_ort(as_bytes(bytes), ReadDepth::kAll);
  ASSERT_TRUE(model);
  ASSERT_EQ(model->graph.gaps.size(), 1U);
  EXPECT_THAT(model->graph.gaps[0].why, HasSubstr("too deep"));
}

TEST(Ort, AnIdentifierAloneIsNone) {
  EXPECT_FALSE(read_ort(as_bytes(std::string("\x10\0\0\0ORTM", 8) + std::string(200, '\0')),
                        ReadDepth::kProbe));
  const std::string other = Flat::table({{0, Flat::text("1.15.1")}}).buffer("ORTM");
  EXPECT_FALSE(read_ort(as_bytes(other), ReadDepth::kProbe));
}

TEST(Ort, IsFoundInsideOfOtherBytes) {
  const std::string model = build_ort();
  const std::string bytes = std::string(99, 'x') + "ORTM" + model + "tail";
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  ASSERT_EQ(found.models.size(), 1U);
  EXPECT_EQ(found.models[0].offset, 103U);
  EXPECT_EQ(found.models[0].model.format, "ort");
}

}  // namespace
}  // namespace dl
