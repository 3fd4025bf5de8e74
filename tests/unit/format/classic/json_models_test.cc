// SPDX-License-Identifier: Apache-2.0
// XGBoost's and MXNet's documents are told from other JSON.
#include "daylight/format/classic/json_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

const std::string kXgboost =
    R"({"learner":{"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"5"}},)"
    R"("name":"gbtree"},"learner_model_param":{"num_feature":"4"},)"
    R"("objective":{"name":"binary:logistic"}},"version":[3,2,0]})";

TEST(XgboostJson, IsKnown) {
  const auto text = probe_model(as_bytes(kXgboost));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->format, "xgboost");
  EXPECT_THAT(text->facts, Contains(Pair("encoding", "json")));
  EXPECT_THAT(text->facts, Contains(Pair("objective", "binary:logistic")));
  EXPECT_THAT(text->facts, Contains(Pair("num_trees", "5")));
}

TEST(XgboostJson, OtherDocumentsAreNone) {
  EXPECT_FALSE(probe_model(as_bytes(R"({"learner":1,"gradient_booster":2,"version":[1]})")));
  EXPECT_FALSE(probe_model(as_bytes(R"({"learner")")));
  std::string deep = R"({"learner":{"gradient_booster":{}},"version":)";
  deep.append(100000, '[');
  EXPECT_FALSE(probe_model(as_bytes(deep)));
}

TEST(MxnetSymbol, IsReadAsAGraph) {
  const std::string text =
      R"({"nodes":[{"op":"null","name":"data","inputs":[]},)"
      R"({"op":"null","name":"fc_weight","inputs":[]},)"
      R"({"op":"FullyConnected","name":"fc","attrs":{"num_hidden":"2","__lr__":"1"},)"
      R"("inputs":[[0,0,0],[1,0,0]]},{"op":"softmax","name":"out","inputs":[[2,0,0],[99,0]]}],)"
      R"("arg_nodes":[0,1],"heads":[[3,0,0]]})";
  const auto found = probe_model(as_bytes(text));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->format, "mxnet_symbol");
  const ModelGraph graph = describe_mxnet_symbol(as_bytes(text), *found);
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "data");
  EXPECT_EQ(graph.outputs.at(0).name, "out");
  EXPECT_EQ(graph.operators.at(0).detail, "num_hidden=2");
  EXPECT_THAT(graph.operators.at(0).inputs, ElementsAre("data", "fc_weight"));
  EXPECT_THAT(graph.operators.at(1).inputs, ElementsAre("fc", "?"));
  EXPECT_FALSE(probe_model(as_bytes(R"({"nodes":[],"arg_nodes":[],"heads":[],"op":1})")));
  EXPECT_FALSE(probe_model(as_bytes(R"({"nodes":[{"op":1}],"arg_nodes":[],"heads":[]})")));
}

}  // namespace
}  // namespace dl
