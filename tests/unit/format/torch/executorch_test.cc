// SPDX-License-Identifier: Apache-2.0
// ExecuTorch programs: header, plan, calls, delegates, segments.
#include "daylight/format/torch/executorch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/flatbuffer_writer.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Flat;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::put32;
using testing::put64;

Flat value(std::uint8_t kind, Flat content) {
  return Flat::table({{0, Flat::number<std::uint8_t>(kind)}, {1, std::move(content)}});
}
Flat tensor(const std::vector<std::int32_t>& sizes, std::uint32_t buffer = 0) {
  return value(5, Flat::table({{0, Flat::number<std::int8_t>(6)},
                               {2, Flat::numbers<std::int32_t>(sizes)},
                               {5, Flat::number<std::uint32_t>(buffer)}}));
}
Flat call(std::uint8_t kind, std::int32_t index, const std::vector<std::int32_t>& values) {
  return Flat::table({{0, Flat::number<std::uint8_t>(kind)},
                      {1, Flat::table({{0, Flat::number<std::int32_t>(index)},
                                       {1, Flat::numbers<std::int32_t>(values)}})}});
}
Flat segment(std::uint64_t offset, std::uint64_t size) {
  return Flat::table(
      {{0, Flat::number<std::uint64_t>(offset)}, {1, Flat::number<std::uint64_t>(size)}});
}

// A linear layer whose weights lie in a segment, then a delegate.
std::string build_program(std::int64_t alpha = 1, char weight = 'w',
                          std::uint64_t segment_size = 8) {
  const Flat plan = Flat::table(
      {{0, Flat::text("forward")},
       {2, Flat::list({tensor({1, 4}), tensor({2, 4}, 1), tensor({1, 2}),
                       value(2, Flat::table({{0, Flat::number<std::int64_t>(alpha)}})),
                       tensor({1, 2})})},
       {3, Flat::numbers<std::int32_t>({0})},
       {4, Flat::numbers<std::int32_t>({4})},
       {5, Flat::list(
               {Flat::table({{2, Flat::list({call(1, 0, {0, 1, 3, 2}), call(2, 0, {2, 4})})}})})},
       {6, Flat::list({Flat::table({{0, Flat::text("aten::linear")}, {1, Flat::text("out")}})})},
       {7, Flat::list({Flat::table({{0, Flat::text("XnnpackBackend")}})})}});
  std::string bytes =
      Flat::table({{1, Flat::list({plan})}, {4, Flat::list({segment(0, segment_size)})}})
          .buffer("ET12");
  // The extended header goes in behind the identifier; the root moves by its size.
  std::string header = "eh00";
  put32(header, 24);
  put64(header, bytes.size() + 24);
  put64(header, bytes.size() + 24);
  std::uint32_t root = 0;
  std::memcpy(&root, bytes.data(), sizeof(root));
  testing::poke32(bytes, 0, root + 24);
  return bytes.insert(8, header) + std::string(8, weight);
}

std::optional<ReadModel> read(const std::string& bytes) {
  return read_executorch(as_bytes(bytes), ReadDepth::kAll);
}

TEST(Executorch, ReadsPlanCallsAndSegments) {
  const std::string bytes = build_program();
  const auto model = read(bytes + "tail");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->size, bytes.size());
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].dtype, "float32");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(1, 4));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_THAT(graph.outputs[0].shape, ElementsAre(1, 2));
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].name, "aten::linear.out");
  EXPECT_EQ(graph.operators[0].detail, "2=1");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("value0", "value1"));
  EXPECT_THAT(graph.operators[0].outputs, ElementsAre("value2"));
  EXPECT_EQ(graph.operators[1].name, "delegate XnnpackBackend");
  EXPECT_EQ(graph.parameters, 8U);
  EXPECT_THAT(graph.metadata, Contains(Pair("delegates", "XnnpackBackend")));
  EXPECT_TRUE(graph.gaps.empty());
}

TEST(Executorch, GraphHashIgnoresWeightsOnly) {
  const auto one = read(build_program());
  EXPECT_EQ(one->graph.graph_hash, read(build_program(1, 'v'))->graph.graph_hash);
  EXPECT_NE(one->graph.weights_hash, read(build_program(1, 'v'))->graph.weights_hash);
  EXPECT_NE(one->graph.graph_hash, read(build_program(2))->graph.graph_hash);
}

TEST(Executorch, ASegmentOutsideIsAGap) {
  const auto model = read(build_program(1, 'w', 1000));
  ASSERT_TRUE(model);
  ASSERT_EQ(model->graph.gaps.size(), 1U);
  EXPECT_THAT(model->graph.gaps[0].why, HasSubstr("segment 0"));
}

TEST(Executorch, AnIdentifierAloneIsNone) {
  EXPECT_FALSE(read(std::string("\x10\0\0\0ET12", 8) + std::string(300, '\0')));
  EXPECT_FALSE(read(Flat::table({{0, Flat::number<std::uint32_t>(0)}}).buffer("ET12")));
  const std::string library = "x ET12 y" + std::string(100, 'z') + build_program();
  const EmbeddedModels found = find_models_inside(as_bytes(library));
  ASSERT_EQ(found.models.size(), 1U);
  EXPECT_EQ(found.models[0].model.format, "executorch");
}

}  // namespace
}  // namespace dl
