// SPDX-License-Identifier: Apache-2.0
// Predictions: our long form and the forms that others bring.
#include "daylight/artifact/predictions.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

class PredictionsTest : public ::testing::Test {
 protected:
  Result<Predictions> read(const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "p.csv", text));
    return read_predictions(folder_.path() / "p.csv");
  }
  testing::TemporaryFolder folder_;
};

TEST_F(PredictionsTest, WritesAndReadsBack) {
  Prediction label;
  label.file = "a, b.jpg";
  label.head = "gender";
  label.label = "Male";
  label.score = 0.1 + 0.2;
  label.alternative = "resize-kernel=pil-bilinear";
  label.source = "replayed";
  Prediction failed;
  failed.file = "c.jpg";
  failed.head = "gender";
  failed.status = PredictionStatus::kNoFace;
  failed.frame = 3;
  failed.t_ms = 1.25;
  const auto back = read(predictions_header() + dump_prediction(label) + dump_prediction(failed));
  ASSERT_TRUE(back) << describe(back.error());
  ASSERT_EQ(back->rows.size(), 2U);
  EXPECT_EQ(back->rows[0].file, label.file);
  EXPECT_EQ(back->rows[0].score, label.score);
  EXPECT_EQ(back->rows[0].alternative, label.alternative);
  EXPECT_EQ(back->rows[1].status, PredictionStatus::kNoFace);
  EXPECT_EQ(back->rows[1].frame, 3);
  EXPECT_FALSE(back->rows[1].value);
}

TEST_F(PredictionsTest, TheLeastThatOthersMustBring) {
  const auto rows = read("file,head,value\na.jpg,age,31\nb.jpg,age,\n");
  ASSERT_TRUE(rows) << describe(rows.error());
  EXPECT_EQ(rows->rows[0].value, 31.0);
  EXPECT_EQ(rows->rows[1].status, PredictionStatus::kParseError)
      << "a person without an answer stays";
}

TEST_F(PredictionsTest, WideTables) {
  const auto rows = read("file,age,gender\na.jpg,31.5,Male\nb.jpg,,Female\n");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->rows.size(), 4U);
  EXPECT_EQ(rows->rows[0].value, 31.5);
  EXPECT_EQ(rows->rows[1].label, "Male");
  EXPECT_EQ(rows->rows[2].status, PredictionStatus::kParseError);
}

TEST_F(PredictionsTest, RefusalsNameLineAndColumn) {
  const auto status = read("file,head,value,status\na.jpg,age,3,fine\n");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().where.find(":2"), std::string::npos);
  EXPECT_NE(status.error().what.find("status"), std::string::npos);
  EXPECT_FALSE(read("file,head,value\na.jpg,age,old\n"));
  EXPECT_FALSE(read("file,head\na.jpg,age\n"));
  EXPECT_FALSE(read("path,head,value\na.jpg,age,3\n"));
  EXPECT_FALSE(read("file,head,value\n"));
  EXPECT_FALSE(read("file,head,value,status\na.jpg,age,,ok\n"));
  EXPECT_FALSE(read("file,head,value\na.jpg,age,1e300\n"));
}

TEST_F(PredictionsTest, WideTablesMustNameTheirHeadsAndHoldMeasures) {
  const auto nameless = read(",file,age\n0,a.jpg,31\n");
  ASSERT_FALSE(nameless) << "row numbers that a program added are no head";
  EXPECT_EQ(nameless.error().what, "column 1 has no name");
  EXPECT_FALSE(read("file\na.jpg\n"));
  const auto large = read("file,age\na.jpg,1e300\n");
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().where.find(":2"), std::string::npos);
}

}  // namespace
}  // namespace dl
