// SPDX-License-Identifier: Apache-2.0
// XGBoost's and MXNet's documents are told from other JSON.
#include "daylight/format/json_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const std::string kXgboost =
    R"({"learner":{"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"5"}},)"
    R"("name":"gbtree"},"learner_model_param":{"num_feature":"4"},)"
    R"("objective":{"name":"binary:logistic"}},"version":[3,2,0]})";

std::string key(const std::string& text) {
  return std::string("L\0\0\0\0\0\0\0", 8) + static_cast<char>(text.size()) + text;
}

std::string ubj() {
  return "{" + key("learner") + "{" + key("gradient_booster") + "{" + key("num_trees") + "S" +
         key("5") + key("values") + std::string("[$d#i\x02", 6) + std::string(8, 'f') +
         key("flags") + std::string("[#U\x03TFZ", 7) + "}}" + key("version") +
         std::string("[i\x03i\x02]", 6) + "}";
}

TEST(Xgboost, IsKnownInBothForms) {
  const auto text = probe_model(as_bytes(kXgboost));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->format, "xgboost");
  EXPECT_THAT(text->facts, Contains(Pair("objective", "binary:logistic")));
  EXPECT_THAT(text->facts, Contains(Pair("num_trees", "5")));
  const std::string binary = ubj();
  const auto found = probe_model(as_bytes(binary + "behind"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->format, "xgboost");
  EXPECT_EQ(found->size, binary.size());
  EXPECT_THAT(found->facts, Contains(Pair("num_trees", "5")));
  const auto cut = probe_model(as_bytes(binary.substr(0, binary.size() - 4)));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("cut off"));
}

TEST(Xgboost, DeepNestingAndOtherDocumentsAreNone) {
  std::string deep = "{" + key("learner") + "{" + key("gradient_booster");
  for (int i = 0; i < 100000; ++i) deep += '[';
  const auto found = probe_model(as_bytes(deep));
  EXPECT_TRUE(!found || !found->gaps.empty());
  EXPECT_FALSE(probe_model(as_bytes("{" + key("other") + "Z}")));
  EXPECT_FALSE(probe_model(as_bytes(R"({"learner":1,"gradient_booster":2,"version":[1]})")));
  EXPECT_FALSE(probe_model(as_bytes(R"({"learner")")));
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
