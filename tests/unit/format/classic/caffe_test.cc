// SPDX-License-Identifier: Apache-2.0
// Caffe networks are known by their schema; both forms of one network give the same graph.
#include "daylight/format/classic/caffe.h"

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

const char* const kText = R"(name: "tiny"  # a comment
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer {
  name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 2 kernel_size: 3 pad: 1 bias_term: false
                      weight_filler { type: "xavier" } engine: CAFFE }
}
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" relu_param { negative_slope: 0.1 } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
)";

std::string layer(const std::string& name, const std::string& type, const std::string& bottom,
                  const std::string& top, const std::string& rest = "") {
  return pb_bytes(100, pb_bytes(1, name) + pb_bytes(2, type) +
                           (bottom.empty() ? "" : pb_bytes(3, bottom)) + pb_bytes(4, top) + rest);
}

std::string binary(const std::string& weights = raw_floats({1, 2, 3})) {
  const std::string blob =
      pb_bytes(7, pb_bytes(5, weights) + pb_bytes(7, pb_ints(1, {1, 3, 1, 1})));
  return pb_bytes(1, "tiny") +
         layer("data", "Input", "", "data", pb_bytes(143, pb_bytes(1, pb_ints(1, {1, 3, 8, 8})))) +
         layer("conv", "Convolution", "data", "conv",
               blob + pb_bytes(106, pb_int(1, 2) + pb_int(2, 0) + pb_int(3, 1) + pb_int(4, 3) +
                                        pb_bytes(7, pb_bytes(1, "xavier")) + pb_int(15, 1))) +
         layer("relu", "ReLU", "conv", "conv", pb_bytes(123, pb_float(1, 0.1F))) +
         layer("pool", "Pooling", "conv", "pool", pb_bytes(121, pb_int(1, 1) + pb_int(12, 1)));
}

ModelGraph describe_whole(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  EXPECT_TRUE(probe);
  EXPECT_EQ(probe ? probe->format : "", "caffe");
  return probe ? describe_caffe(as_bytes(bytes), *probe) : ModelGraph{};
}

TEST(ProbeCaffe, FindsTheEndWhereBytesFollow) {
  const std::string model = binary();
  for (const std::string& tail :
       {std::string(), std::string(64, '\0'), std::string("\x01\x02"), std::string("PK\x03\x04"),
        pb_bytes(100, pb_bytes(1, "no type"))}) {
    const auto found = probe_caffe(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->gaps, IsEmpty());
  }
  const auto cut = probe_caffe(as_bytes(model.substr(0, model.size() - 5)));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("cut off"));
}

TEST(ProbeCaffe, NeedsLayersThatHangTogether) {
  EXPECT_FALSE(probe_caffe({}));
  EXPECT_FALSE(probe_caffe(as_bytes(pb_bytes(1, "name only"))));
  EXPECT_FALSE(probe_caffe(as_bytes(pb_bytes(100, pb_bytes(1, "x") + pb_bytes(2, "ReLU")))));
  EXPECT_FALSE(probe_caffe(as_bytes(layer("x", "no type name", "a", "b"))));
  EXPECT_FALSE(probe_caffe(as_bytes("name: \"a solver\"\nnet: \"x.prototxt\"\nmax_iter: 5\n")));
  EXPECT_FALSE(probe_caffe(as_bytes("layer { name: \"x\" type: \"ReLU\" }\n")));
  EXPECT_FALSE(probe_caffe(as_bytes("name: value\nlayers:\n  - type: conv\n")));
}

TEST(DescribeCaffe, BothFormsGiveTheSameGraph) {
  const ModelGraph text = describe_whole(kText);
  const ModelGraph graph = describe_whole(binary());
  EXPECT_EQ(text.graph_hash, graph.graph_hash);
  ASSERT_EQ(graph.operators.size(), 4U);
  EXPECT_EQ(graph.operators[1].detail, "bias_term=false kernel_size=3 num_output=2 pad=1");
  EXPECT_EQ(text.operators[1].detail, graph.operators[1].detail);
  EXPECT_EQ(graph.operators[3].detail, "global_pooling=true pool=AVE");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 3, 8, 8));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.outputs[0].name, "pool");
  EXPECT_EQ(graph.parameters, 3U);
  EXPECT_EQ(graph.weights_hash, sha256_hex(raw_floats({1, 2, 3})));
  EXPECT_EQ(text.weights_hash, "");
  EXPECT_THAT(graph.metadata, Contains(Pair("name", "tiny")));
}

TEST(DescribeCaffe, TheGraphHashIgnoresWeightsAndFillersOnly) {
  const std::string hash = describe_whole(binary()).graph_hash;
  EXPECT_EQ(describe_whole(binary(raw_floats({4, 5, 6}))).graph_hash, hash);
  std::string other = kText;
  other.replace(other.find("kernel_size: 3"), 14, "kernel_size: 5");
  EXPECT_NE(describe_whole(other).graph_hash, hash);
  std::string filler = kText;
  filler.replace(filler.find("xavier"), 6, "msra");
  EXPECT_EQ(describe_whole(filler).graph_hash, hash);
}

TEST(DescribeCaffe, ReadsTheOldForm) {
  const std::string old =
      pb_bytes(1, "old") +
      pb_bytes(2, pb_bytes(2, "data") + pb_bytes(3, "fc") + pb_bytes(4, "fc") + pb_int(5, 14) +
                      pb_bytes(6, pb_int(1, 1) + pb_int(2, 1) + pb_int(3, 1) + pb_int(4, 2) +
                                      pb_floats(5, {1, 2})) +
                      pb_bytes(17, pb_int(1, 1))) +
      pb_bytes(3, "data") + pb_int(4, 1) + pb_int(4, 1) + pb_int(4, 1) + pb_int(4, 2);
  const ModelGraph graph = describe_whole(old);
  EXPECT_EQ(graph.operators.at(0).name, "InnerProduct");
  EXPECT_EQ(graph.operators.at(0).detail, "num_output=1");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 1, 1, 2));
  EXPECT_EQ(graph.parameters, 2U);
  const ModelGraph text = describe_whole(
      "name: 'old'\ninput: 'data'\ninput_dim: 1\ninput_dim: 1\ninput_dim: 1\ninput_dim: 2\n"
      "layers { bottom: 'data' top: 'fc' name: 'fc' type: INNER_PRODUCT "
      "inner_product_param { num_output: 1 } }");
  EXPECT_EQ(text.graph_hash, graph.graph_hash);
}

// Numbers of elements and layers as OpenCV's importer and the project's page state them; the
// network is the same as the ncnn and ONNX ones beside it.
TEST(DescribeCaffe, ReadsARealNetworkInBothForms) {
  DAYLIGHT_SHARED_OR_SKIP(model_path, "models/slim-320.caffemodel");
  DAYLIGHT_SHARED_OR_SKIP(text_path, "models/slim-320.prototxt");
  const auto model = MappedFile::open(model_path);
  const auto text = MappedFile::open(text_path);
  ASSERT_TRUE(model && text);
  const auto found = probe_model(model->bytes());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size, 1037497U);
  const ModelGraph graph = describe_caffe(model->bytes(), *found);
  EXPECT_EQ(graph.parameters, 257916U);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 3, 240, 320));
  EXPECT_EQ(graph.outputs.size(), 2U);
  EXPECT_EQ(graph.operators.size(), 96U);
  const auto text_found = probe_model(text->bytes());
  ASSERT_TRUE(text_found);
  EXPECT_EQ(describe_caffe(text->bytes(), *text_found).graph_hash, graph.graph_hash);
}

}  // namespace
}  // namespace dl
