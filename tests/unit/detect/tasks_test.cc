// SPDX-License-Identifier: Apache-2.0
// Words in names, and shapes of models.
#include "daylight/detect/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST(NameWords, SplitsAndJoins) {
  EXPECT_THAT(name_words("model_age_q"), IsSupersetOf({"model", "age", "q", "modelage"}));
  EXPECT_THAT(name_words("faceDetection2"), IsSupersetOf({"face", "detection", "facedetection"}));
  EXPECT_THAT(name_words("message_image"), Not(Contains("age")));
  EXPECT_THAT(name_words("AGE"), Contains("age"));
  EXPECT_TRUE(name_words("123-_.").empty());
}

ModelRecord model(std::vector<std::int64_t> in, std::vector<std::int64_t> out,
                  std::string last = "FULLY_CONNECTED") {
  ModelRecord record;
  record.inputs.push_back({"in", std::move(in), "float32"});
  record.outputs.push_back({"out", std::move(out), "float32"});
  record.operators = {"CONV_2D", last};
  record.last_operator = std::move(last);
  return record;
}

std::vector<std::string> fitting(const ModelRecord& record) {
  std::vector<std::string> ids;
  for (const ShapeRule& rule : RuleSet::builtin().shapes()) {
    if (fits_shape(record, rule)) ids.push_back(rule.id);
  }
  return ids;
}

TEST(Shapes, OfRealModels) {
  EXPECT_THAT(fitting(model({-1, 200, 200, 3}, {-1, 1})), Contains("io.scalar-regression"));
  EXPECT_THAT(fitting(model({1, 200, 200, 3}, {1, 1}, "LOGISTIC")),
              Not(Contains("io.scalar-regression")));
  EXPECT_THAT(fitting(model({1, 200, 200, 3}, {1, 1}, "LOGISTIC")), Contains("io.one-probability"));
  EXPECT_THAT(fitting(model({-1, 128, 128, 3}, {-1, 2}, "SOFTMAX")), Contains("io.binary"));
  EXPECT_THAT(fitting(model({-1, 128, 128, 3}, {-1, 2}, "SOFTMAX")),
              Not(Contains("io.scalar-regression")));
  EXPECT_THAT(fitting(model({1, 224, 224, 3}, {1, 1001}, "SOFTMAX")), Contains("io.imagenet"));
  EXPECT_THAT(fitting(model({1, 112, 112, 3}, {1, 192})), Contains("io.embedding"));
  EXPECT_THAT(fitting(model({1, 257, 257, 3}, {1, 257, 257, 21}, "RESIZE_BILINEAR")),
              Contains("io.dense"));
  EXPECT_THAT(fitting(model({1, 384, 384, 3}, {1, 384, 384, 3}, "LOGISTIC")),
              Not(Contains("io.dense")));
  EXPECT_THAT(fitting(model({1, 15600}, {1, 521})), Contains("io.yamnet"));
}

TEST(Shapes, NothingIsKnownOfAModelWithoutBorders) {
  EXPECT_TRUE(fitting(ModelRecord{}).empty());
  ModelRecord no_output = model({1, 64, 64, 3}, {});
  no_output.outputs.clear();
  EXPECT_TRUE(fitting(no_output).empty());
}

// Dimensions come from strangers: their product must not overflow.
TEST(Shapes, HugeDimensions) {
  const std::int64_t big = 1'000'000'000;
  EXPECT_TRUE(fitting(model({1, big, big, 3}, {big, big, big, big, big, big, big, big})).empty());
}

}  // namespace
}  // namespace dl
