// SPDX-License-Identifier: Apache-2.0
// MediaPipe graphs are known in both forms and told from other graphs of nodes.
#include "daylight/format/tensorflow/mediapipe_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_int;

const char* const kText = R"(# A graph.
input_stream: "input_video"
output_stream: "detections"
node {
  calculator: "FlowLimiterCalculator"
  input_stream: "input_video"
  input_stream: "FINISHED:detections"
  output_stream: "throttled"
}
node: {
  calculator: "FaceDetectionShortRangeCpu"
  input_stream: "IMAGE:throttled"
  output_stream: "DETECTIONS:detections"
}
)";

std::string node(const std::string& calculator, std::initializer_list<std::string> inputs,
                 const std::string& output, const std::string& rest = "") {
  std::string out = pb_bytes(2, calculator);
  for (const std::string& input : inputs) out += pb_bytes(3, input);
  return pb_bytes(1, out + pb_bytes(4, output) + rest);
}

std::string binary(const std::string& options = "") {
  return node("FlowLimiterCalculator", {"input_video", "FINISHED:detections"}, "throttled") +
         node("FaceDetectionShortRangeCpu", {"IMAGE:throttled"}, "DETECTIONS:detections", options) +
         pb_bytes(10, "input_video") + pb_bytes(15, "detections");
}

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  EXPECT_TRUE(probe);
  EXPECT_EQ(probe ? probe->format : "", "mediapipe_graph");
  EXPECT_EQ(probe ? probe->size : 0, bytes.size());
  return probe ? describe_mediapipe_graph(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(DescribeMediapipeGraph, BothFormsGiveTheSameGraph) {
  const ModelGraph text = describe_whole(kText);
  const ModelGraph graph = describe_whole(binary());
  EXPECT_EQ(text.graph_hash, graph.graph_hash);
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[1].name, "FaceDetectionShortRangeCpu");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("input_video", "detections"));
  EXPECT_EQ(graph.inputs.at(0).name, "input_video");
  EXPECT_EQ(graph.outputs.at(0).name, "detections");
}

TEST(DescribeMediapipeGraph, FindsModelFilesInOptions) {
  const std::string path = "mediapipe/modules/face.tflite";
  const std::string any = pb_bytes(
      8, pb_bytes(1, "type.googleapis.com/mediapipe.Options") + pb_bytes(2, pb_bytes(1, path)));
  EXPECT_THAT(describe_whole(binary(any)).metadata, ElementsAre(Pair("model_path", path)));
  const std::string extension = pb_bytes(7, pb_bytes(233867213, pb_int(2, 1) + pb_bytes(1, path)));
  EXPECT_THAT(describe_whole(binary(extension)).metadata, Contains(Pair("model_path", path)));
  const std::string text = std::string(kText) +
                           "node { calculator: \"InferenceCalculator\" input_stream: \"a\"\n"
                           "options { [mediapipe.X.ext] { model_path: \"" +
                           path + "\" } } }\n";
  EXPECT_THAT(describe_whole(text).metadata, Contains(Pair("model_path", path)));
}

TEST(ProbeMediapipeGraph, FindsTheEndWhereBytesFollow) {
  const std::string model = binary();
  for (const std::string& tail : {std::string(20, '\0'), std::string("\x07"), pb_int(3, 1)}) {
    const auto found = probe_mediapipe_graph(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->gaps, IsEmpty());
  }
}

TEST(ProbeMediapipeGraph, OtherNodesAreNone) {
  EXPECT_FALSE(probe_mediapipe_graph(as_bytes("node { name: \"x\" op: \"Conv2D\" }")));
  EXPECT_FALSE(probe_mediapipe_graph(as_bytes("node { calculator: \"lower case\" }")));
  EXPECT_FALSE(probe_mediapipe_graph(as_bytes("type: \"x\"\npackage: \"y\"\n")));
  EXPECT_FALSE(probe_mediapipe_graph(as_bytes(pb_bytes(1, pb_bytes(2, "Conv2D")))));
  EXPECT_FALSE(
      probe_mediapipe_graph(as_bytes(node("FlowLimiterCalculator", {"not a stream name!"}, "x"))));
}

}  // namespace
}  // namespace dl
