// SPDX-License-Identifier: Apache-2.0
// Numbers and names as page and terminal show them.
#include "daylight/report/phrases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dl {
namespace {

TEST(Phrases, ValuesByUnit) {
  EXPECT_EQ(format_value(0.9134, MeasureUnit::kProportion), "91.3%");
  EXPECT_EQ(format_value(1.0, MeasureUnit::kProportion), "100.0%");
  EXPECT_EQ(format_value(7.314, MeasureUnit::kYears), "7.31");
  EXPECT_EQ(format_value(123.456, MeasureUnit::kPlain), "123.5");
  EXPECT_EQ(format_value(0.00123, MeasureUnit::kPlain), "0.0012");
  EXPECT_EQ(format_value(-1.5, MeasureUnit::kYears), "\u22121.50");
}

TEST(Phrases, AbsentAndNotFiniteAreADash) {
  EXPECT_EQ(format_value(std::nullopt, MeasureUnit::kPlain), "\u2013");
  EXPECT_EQ(format_value(std::nan(""), MeasureUnit::kProportion), "\u2013");
  EXPECT_EQ(format_value(std::numeric_limits<double>::infinity(), MeasureUnit::kYears), "\u2013");
  EXPECT_EQ(format_interval(std::nullopt, std::nullopt, MeasureUnit::kYears), "\u2013");
  EXPECT_EQ(format_interval(1.0, std::nullopt, MeasureUnit::kYears), "1.00 to \u2013");
}

TEST(Phrases, NoSignBeforeZero) {
  EXPECT_EQ(format_value(-0.0001, MeasureUnit::kProportion), "0.0%");
  EXPECT_EQ(format_change(0.0, MeasureUnit::kYears), "0.00");
  EXPECT_EQ(format_change(-0.0001, MeasureUnit::kProportion), "0.0 pp");
}

TEST(Phrases, ChangesCarryTheirSign) {
  EXPECT_EQ(format_change(0.031, MeasureUnit::kProportion), "+3.1 pp");
  EXPECT_EQ(format_change(-0.133, MeasureUnit::kProportion), "\u221213.3 pp");
  EXPECT_EQ(format_change(2.4, MeasureUnit::kYears), "+2.40");
}

TEST(Phrases, SmallPIsNeverZero) {
  EXPECT_EQ(format_p(1e-12), "< 0.001");
  EXPECT_EQ(format_p(0.0), "< 0.001");
  EXPECT_EQ(format_p(0.0499), "0.050");
  EXPECT_EQ(format_p(1.0), "1.000");
  EXPECT_EQ(format_p(std::nullopt), "\u2013");
}

TEST(Phrases, CountsAndBytes) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1\u202f234\u202f567");
  EXPECT_EQ(format_bytes(1023), "1023 bytes");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(3350112), "3.2 MiB");
}

TEST(Phrases, MeasuresByName) {
  EXPECT_EQ(measure_title({"gender", "tpr", "Female"}), "True positive rate of \u201cFemale\u201d");
  EXPECT_EQ(measure_title({"gender", "accuracy", "", "answered"}), "Accuracy, of those answered");
  EXPECT_EQ(measure_title({"x", "strange_new_metric"}), "Strange new metric");
  EXPECT_EQ(measure_unit({"gender", "odd_rate"}, nullptr), MeasureUnit::kProportion);
  EXPECT_EQ(measure_unit({"age", "mae"}, nullptr), MeasureUnit::kYears);
  EXPECT_EQ(measure_unit({"weight", "mae"}, nullptr), MeasureUnit::kPlain);
}

TEST(Phrases, UnitFollowsTheTaskOfTheHead) {
  Pipeline pipeline;
  Head& head = pipeline.heads.emplace_back();
  head.name = "output-1";
  head.task = "age";
  EXPECT_EQ(measure_unit({"output-1", "mae"}, &pipeline), MeasureUnit::kYears);
  EXPECT_EQ(measure_unit({"output-2", "mae"}, &pipeline), MeasureUnit::kPlain);
}

TEST(Phrases, TensorsAndPlaces) {
  EXPECT_EQ(tensor_phrase({"x", {1, -1, 3}, "float32"}), "float32 [1, ?, 3]");
  EXPECT_EQ(tensor_phrase({"x", {1}, "uint8", {0.5F}, {128}}),
            "uint8 [1], scale 0.5, zero point 128");
  EXPECT_EQ(tensor_phrase({"x", {1}, "int8", {0.5F, 0.25F}, {0, 0}}),
            "int8 [1], quantised by channel");
  EXPECT_EQ(place("a.apk", {"b.zip", "c.tflite"}), "a.apk \u203a b.zip \u203a c.tflite");
  EXPECT_EQ(attribute_name("race&gender"), "race and gender");
}

}  // namespace
}  // namespace dl
