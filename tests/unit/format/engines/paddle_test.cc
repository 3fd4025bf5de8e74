// SPDX-License-Identifier: Apache-2.0
// Paddle programs are known by their blocks, variables and operators, as messages and as JSON.
#include "daylight/format/engines/paddle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/engines/paddle_ir.h"
#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_int;

std::string program(const std::string& operators) {
  return pb_bytes(1, pb_int(1, 0) + pb_int(2, -1) +
                         pb_bytes(3, pb_bytes(1, "x") + pb_bytes(2, pb_int(1, 7)) + pb_int(3, 1)) +
                         operators) +
         pb_bytes(4, pb_int(1, 2004));
}

const std::string kOperator =
    pb_bytes(4, pb_bytes(1, pb_bytes(1, "X") + pb_bytes(2, "x")) +
                    pb_bytes(2, pb_bytes(1, "Out") + pb_bytes(2, "y")) + pb_bytes(3, "relu"));

TEST(ProbePaddle, IsKnownAndSized) {
  const std::string model = program(kOperator + kOperator);
  for (const std::string& tail : {std::string(), std::string(20, '\0'), std::string("\x0f")}) {
    const auto found = probe_model(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format, "paddle_pb");
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->facts,
                ElementsAre(Pair("blocks", "1"), Pair("operators", "2"), Pair("version", "2004")));
  }
}

TEST(ProbePaddle, NeedsOperatorsWithTypes) {
  EXPECT_FALSE(probe_model(as_bytes(program(""))));
  EXPECT_FALSE(probe_model(as_bytes(program(pb_bytes(4, pb_bytes(1, pb_bytes(1, "X")))))));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(4, pb_int(1, 2004)))));
}

std::string saved_program() {
  const auto file = MappedFile::open(testing::project_file("fuzz/corpus/json_models/paddle"));
  return file ? std::string(as_text(file->bytes())) : std::string();
}

TEST(PaddleIr, ReadsOperatorsBordersAndShapesOfWeights) {
  const std::string text = saved_program();
  const auto probe = probe_model(as_bytes(text));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "paddle_pir");
  EXPECT_THAT(probe->facts, ElementsAre(Pair("version", "4")));
  const ModelGraph graph = describe_paddle_ir(as_bytes(text), *probe);
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "x");
  EXPECT_EQ(graph.inputs[0].dtype, "float32");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(-1, 3, 8, 8));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.outputs[0].name, "#4");
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].name, "conv2d");
  EXPECT_EQ(graph.operators[0].detail, "constants=1:float32[4,3,3,3] strides=[1,2]");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("x"));
  EXPECT_EQ(graph.operators[2].name, "relu");  // inside the condition
  EXPECT_EQ(graph.parameters, 108U);
  ASSERT_EQ(graph.gaps.size(), 1U);
  EXPECT_EQ(graph.gaps[0].where, "weights");
}

TEST(PaddleIr, NamesDoNotCountButShapesOfWeightsDo) {
  const auto hash_with = [](const std::string& from, const std::string& to) {
    std::string text = saved_program();
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    const auto probe = probe_model(as_bytes(text));
    EXPECT_TRUE(probe);
    return probe ? describe_paddle_ir(as_bytes(text), *probe).graph_hash : "";
  };
  const std::string plain = hash_with("NCHW", "NCHW");
  EXPECT_EQ(hash_with("\"D\":\"x\"", "\"D\":\"picture\""), plain);
  EXPECT_EQ(hash_with("/Conv/", "/Other/"), plain);
  EXPECT_NE(hash_with("[4,3,3,3]", "[4,3,5,5]"), plain);
  EXPECT_NE(hash_with("1.conv2d", "1.conv3d"), plain);
}

TEST(PaddleIr, OtherJsonIsNone) {
  for (const auto& [from, to] :
       {std::pair("\"pir\"", "\"other\""), std::pair("\"regions\"", "\"areas\""),
        std::pair("\"ops\"", "\"list\""), std::pair("base_code", "basecode")}) {
    std::string text = saved_program();
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
      text.replace(at, std::string(from).size(), to);
    EXPECT_FALSE(probe_model(as_bytes(text))) << from;
  }
}

}  // namespace
}  // namespace dl
