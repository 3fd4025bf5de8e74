// SPDX-License-Identifier: Apache-2.0
#include "daylight/capture/jvm/jvm_answers.h"

#include <gtest/gtest.h>

namespace dl::capture {
namespace {

Entry entry_with(const std::string& descriptor) {
  Entry out;
  out.klass = "Lorg/app/AgeModel;";
  out.method = "predict";
  out.descriptor = descriptor;
  return out;
}

Prediction answered(const std::string& descriptor, const Json& value) {
  return prediction_of("a.jpg", entry_with(descriptor), {{"value", value}});
}

TEST(JvmAnswers, AHeadIsClassAndMethod) {
  EXPECT_EQ(head_of(entry_with("")), "AgeModel.predict");
  Entry plain;
  plain.klass = "a";
  plain.method = "b";
  EXPECT_EQ(head_of(plain), "a.b");
}

TEST(JvmAnswers, ANumberIsAValueOfItsJavaType) {
  const Prediction age = answered("(Landroid/graphics/Bitmap;)F", 32.88888);
  EXPECT_EQ(age.status, PredictionStatus::kOk);
  EXPECT_EQ(age.value, static_cast<double>(32.88888F));
  EXPECT_EQ(answered("()D", 32.88888).value, 32.88888);
  EXPECT_EQ(answered("()I", 7).value, 7.0);
  EXPECT_EQ(age.source, "captured");
  EXPECT_EQ(age.file, "a.jpg");
}

TEST(JvmAnswers, AListIsScoresWithTheLargestAsLabel) {
  const Prediction gender = answered("()[F", {0.25, 0.75});
  EXPECT_EQ(gender.label, "1");
  EXPECT_EQ(gender.score, 0.75);
  EXPECT_FALSE(gender.value.has_value());
  EXPECT_EQ(answered("()[[F", Json::array({{0.5, 0.125, 0.375}})).label, "0");
}

TEST(JvmAnswers, ATextIsALabel) {
  EXPECT_EQ(answered("()Ljava/lang/String;", "happy").label, "happy");
}

TEST(JvmAnswers, OtherAnswersAreNone) {
  for (const Json& value :
       {Json(), Json::array(), Json::object(), Json({1, "x"}), Json(1e13),
        Json(std::string(300, 'x')), Json(""), Json(true), Json::array({"NaN"})}) {
    EXPECT_EQ(answered("()F", value).status, PredictionStatus::kParseError) << value.dump();
  }
}

TEST(JvmAnswers, AnErrorIsACrashOrTooLate) {
  const auto status = [](const Json& answer) {
    return prediction_of("a.jpg", entry_with("()F"), answer).status;
  };
  EXPECT_EQ(status({{"error", "java.lang.NullPointerException"}}), PredictionStatus::kCrash);
  EXPECT_EQ(status({{"error",
                     "java.lang.InternalError: native code: a native call took longer than 10 s"}}),
            PredictionStatus::kTimeout);
  // Hostile: no answer at all.
  EXPECT_EQ(status(Json::array({1})), PredictionStatus::kCrash);
  EXPECT_EQ(status({{"error", 5}}), PredictionStatus::kCrash);
}

}  // namespace
}  // namespace dl::capture
