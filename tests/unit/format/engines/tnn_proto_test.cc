// SPDX-License-Identifier: Apache-2.0
// TNN's quoted lines are known; other quoted text is not.
#include "daylight/format/engines/tnn_proto.h"

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
    "\"1 2 1 4206624770 ,\"\n\"data 1 3 8 8 ,\"\n\" data conv out ,\"\n\"out ,\"\n\" 2 ,\"\n"
    "\"Convolution conv 1 1 data conv 1 3 8 3 3 ,\"\n\"ReLU relu 1 1 conv out ,\"\n";

TEST(ProbeTnnProto, IsKnownAndSized) {
  for (const char* tail : {"", "\"more\"\n", "\n\n"}) {
    const auto found = probe_model(as_bytes(kText + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format, "tnn_proto");
    EXPECT_EQ(found->size, kText.size());
    EXPECT_THAT(found->gaps, IsEmpty());
    EXPECT_THAT(found->facts, Contains(Pair("inputs", "data 1 3 8 8")));
    EXPECT_THAT(found->facts, Contains(Pair("layers", "2")));
    EXPECT_THAT(found->facts, Contains(Pair("version", "2")));
  }
}

TEST(ProbeTnnProto, KeepsWhatIsCutOff) {
  const auto cut = probe_model(as_bytes(kText.substr(0, kText.find("\"ReLU"))));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("cannot be read"));
}

TEST(ProbeTnnProto, OtherQuotedTextIsNone) {
  for (const char* text :
       {"\"", "\"a\"\n\"b\"\n", "\"1 2 3 ,\"\n", "\"1 2 1 5 ,\"\n\"data ,\"\n",
        "\"1 2 1 ,\"\n\"data ,\"\n\"x ,\"\n\"out ,\"\n\"2 ,\"\n\"no layer ,\"\n"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

}  // namespace
}  // namespace dl
