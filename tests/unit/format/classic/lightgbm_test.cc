// SPDX-License-Identifier: Apache-2.0
// LightGBM's text form is known by its header and trees.
#include "daylight/format/classic/lightgbm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kText =
    "tree\nversion=v4\nnum_class=1\nmax_feature_idx=3\nobjective=binary sigmoid:1\n"
    "feature_names=a b\n\nTree=0\nnum_leaves=2\nleaf_value=1 -1\n\nTree=1\nleaf_value=2 3\n\n"
    "end of trees\n\nparameters:\nend of parameters\n\npandas_categorical:null\n";

TEST(ProbeLightgbm, IsKnownAndSized) {
  const auto found = probe_model(as_bytes(kText + "behind"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->format, "lightgbm");
  EXPECT_EQ(found->size, kText.size());
  EXPECT_THAT(found->gaps, IsEmpty());
  EXPECT_THAT(found->facts, Contains(Pair("version", "v4")));
  EXPECT_THAT(found->facts, Contains(Pair("objective", "binary sigmoid:1")));
  EXPECT_THAT(found->facts, Contains(Pair("trees", "2")));
}

TEST(ProbeLightgbm, ACutModelIsOneWithAGap) {
  const auto cut = probe_model(as_bytes(kText.substr(0, kText.find("end of trees"))));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("before their end"));
}

TEST(ProbeLightgbm, OtherTextIsNone) {
  for (const char* text : {"tree\n", "tree\nTree=0\nleaf_value=1\n", "tree\n├── a=b\n└── c=d\n",
                           "tree\na=1\nb=2\nc=3\n"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

}  // namespace
}  // namespace dl
