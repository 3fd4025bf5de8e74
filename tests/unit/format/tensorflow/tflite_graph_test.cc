// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite models in the terms of all formats, with metadata and label files.
#include "daylight/format/tensorflow/tflite_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/tensorflow/tflite.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::build_tiny_metadata;
using testing::build_tiny_tflite;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

ModelGraph describe(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  return probe ? describe_tflite_graph(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(TfliteGraph, DescribesBordersOperatorsWeights) {
  const ModelGraph graph = describe(build_tiny_tflite({.quantized_input = true}));
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "image");
  EXPECT_EQ(graph.inputs[0].dtype, "uint8");
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(1, 4, 4, 3));
  EXPECT_THAT(graph.inputs[0].quant_scale, ElementsAre(1.0F / 128));
  EXPECT_THAT(graph.inputs[0].quant_zero_point, ElementsAre(128));
  ASSERT_EQ(graph.outputs.size(), 1U);
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].name, "CONV_2D");
  EXPECT_THAT(graph.operators[0].detail, ::testing::HasSubstr("activation=RELU6"));
  EXPECT_EQ(graph.operators[2].name, "SOFTMAX");
  EXPECT_EQ(graph.operators[2].outputs.front(), "scores");
  // Weights 2x4x4x3, bias 2, and the two numbers of the new shape.
  EXPECT_EQ(graph.parameters, 100U);
}

TEST(TfliteGraph, HashesAreTheGraphsOwnAndTheWeights) {
  const std::string one = build_tiny_tflite();
  const ModelGraph first = describe(one);
  const ModelGraph second = describe(build_tiny_tflite({.weight = 0.75F}));
  EXPECT_EQ(first.graph_hash, tflite_graph_hash(*read_tflite(as_bytes(one))));
  EXPECT_EQ(first.graph_hash, second.graph_hash);
  EXPECT_NE(first.weights_hash, second.weights_hash);
}

TEST(TfliteGraph, KeepsMetadataAndLabels) {
  const std::string model = build_tiny_tflite({.metadata = build_tiny_metadata()});
  const std::string zip =
      testing::build_zip({{.name = "labels.txt", .content = "Female\nMale\n"}}, model).bytes;
  const ModelGraph graph = describe(zip);
  EXPECT_THAT(graph.labels, ElementsAre("Female", "Male"));
  EXPECT_THAT(graph.metadata, Contains(Pair("converter_description", "tiny")));
  EXPECT_THAT(graph.metadata, Contains(Pair("input_0.color_space", "rgb")));
  EXPECT_THAT(graph.metadata, Contains(Pair("input_0.mean", "127.5")));
  EXPECT_THAT(graph.metadata, Contains(Pair("input_0.std", "127.5")));
  EXPECT_THAT(graph.metadata, Contains(Pair("label_file", "labels.txt")));
}

TEST(TfliteGraph, WhatIsNoModelIsAGap) {
  EXPECT_EQ(describe_tflite_graph(as_bytes("nothing"), {}).gaps.size(), 1U);
}

// Numbers: the flatbuffer's own tensors, summed with the schema's Python classes (ai-edge-litert
// 2.3.0).
TEST(TfliteGraph, DescribesARealModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/windaayumelati-gender.tflite");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto probe = probe_model(file->bytes());
  ASSERT_TRUE(probe);
  const ModelGraph graph = describe_tflite_graph(file->bytes(), *probe);
  EXPECT_EQ(graph.parameters, 242U);
  EXPECT_EQ(graph.operators.size(), 4U);
  EXPECT_THAT(graph.metadata, Contains(Pair("min_runtime_version", "1.5.0")));
}

}  // namespace
}  // namespace dl
