// SPDX-License-Identifier: Apache-2.0
// Steps in words, whatever their parameters are.
#include "daylight/report/step_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

std::string line(const std::string& op, const char* params, const Inventory* inventory = nullptr) {
  const auto json = parse_json(params, "test");
  const StepWords words = step_words(op, *json, inventory);
  return words.detail.empty() ? words.title : words.title + ": " + words.detail;
}

TEST(StepWords, KnownOperations) {
  EXPECT_EQ(line("resize", R"({"width":200,"height":100,"kernel":"android-bilinear"})"),
            "Resize: 200 \u00d7 100, android-bilinear");
  EXPECT_EQ(line("normalize", R"({"mean":[0.0],"std":[255.0]})"), "Normalise: x / 255");
  EXPECT_EQ(line("normalize", R"({"mean":[127.5],"std":[127.5]})"),
            "Normalise: (x \u2212 127.5) / 127.5");
  EXPECT_EQ(line("normalize", R"({"mean":[0,0,0],"std":[1,2,3]})"),
            "Normalise: mean 0, 0, 0; std 1, 2, 3");
  EXPECT_EQ(line("scale", R"({"factor":116})"), "Scale: x \u00d7 116");
  EXPECT_EQ(line("scale", R"({"factor":2,"offset":-1.5})"), "Scale: x \u00d7 2 + -1.5");
  EXPECT_EQ(line("softmax", "{}"), "Softmax");
  EXPECT_EQ(line("argmax", R"({"labels":["a","b","c","d","e"]})"),
            "Take the largest: a, b, c, d, \u2026");
}

TEST(StepWords, ModelsAreNamedByTheirFile) {
  Inventory inventory;
  ModelRecord model;
  model.id = "model-1";
  model.location = {"a.apk", {"assets/age.tflite"}, 0, 10};
  inventory.models.push_back(model);
  EXPECT_EQ(line("tflite", R"({"model":"model-1"})", &inventory), "Run the model: age.tflite");
  EXPECT_EQ(line("tflite", R"({"model":"model-9"})", &inventory), "Run the model: model-9");
}

TEST(StepWords, UnknownOperationsShowTheirParameters) {
  EXPECT_EQ(line("blur", R"({"radius":2,"how":"box"})"), "blur: radius 2, how box");
}

TEST(StepWords, ParametersOfAnyTypeAreSurvived) {
  for (const char* params :
       {"null", "[]", "3", R"("x")", "{}",
        R"({"width":[1],"height":{"a":1},"mean":{},"std":3,"labels":1,)"
        R"("model":{},"box":7,"index":null,"factor":"x","offset":[],"k":{"a":[1]}})"}) {
    for (const char* op : {"user-image",
                           "decode-image",
                           "pixel-format",
                           "face-crop",
                           "center-crop",
                           "crop-or-pad",
                           "crop",
                           "rotate",
                           "flip",
                           "resize",
                           "grayscale",
                           "to-tensor",
                           "normalize",
                           "cast",
                           "quantize",
                           "dequantize",
                           "tflite",
                           "output",
                           "element",
                           "scale",
                           "softmax",
                           "sigmoid",
                           "clamp",
                           "truncate",
                           "argmax",
                           "threshold",
                           "compare",
                           "expectation",
                           "top-k",
                           "shown",
                           ""}) {
      const std::string text = line(op, params);
      EXPECT_LT(text.size(), 600U) << op << " " << params;
    }
  }
}

TEST(StepWords, ProofsSayHowFarTheyCarry) {
  EXPECT_EQ(proof_sentence({.kind = "static"}), "Read from the app's code.");
  EXPECT_EQ(proof_sentence({.kind = "fitted", .residual = 1.5e-7}),
            "Fitted to what was seen; largest error 1.5e-07.");
  EXPECT_EQ(proof_sentence({.kind = "assumed", .why = "no arithmetic was found"}),
            "Assumed, not proven. No arithmetic was found.");
  EXPECT_EQ(proof_sentence({.kind = "declared", .by = "user"}), "Declared by user.");
  EXPECT_THAT(proof_sentence({.kind = "sworn"}), testing::HasSubstr("Assumed"));
}

}  // namespace
}  // namespace dl
