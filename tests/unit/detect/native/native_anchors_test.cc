// SPDX-License-Identifier: Apache-2.0
// The anchors of native code: the ones that are built in, and what is refused.
#include "daylight/detect/native/native_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::HasSubstr;

std::string file_of(const std::string& anchors) {
  return R"({"schema": "daylight/native-anchor-rules/1", "anchors": [)" + anchors + "]}";
}

TEST(NativeAnchors, BuiltInOnesParseAndNameKnownFrameworks) {
  const auto parsed = NativeAnchors::parse(NativeAnchors::builtin_text(), RuleSet::builtin());
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->all().size(), NativeAnchors::builtin().all().size());
  EXPECT_GT(parsed->all().size(), 20U);
  std::set<std::string> frameworks;
  for (const NativeAnchor& anchor : parsed->all()) {
    frameworks.insert(anchor.framework);
    EXPECT_TRUE(anchor.id.starts_with(anchor.framework + ".")) << anchor.id;
  }
  for (const char* id : {"tflite", "onnxruntime", "pytorch", "ncnn", "mnn", "opencv"})
    EXPECT_TRUE(frameworks.contains(id)) << id;
  EXPECT_EQ(read_file(testing::project_file("rules/native_anchors.json")).value_or(""),
            NativeAnchors::builtin_text());
}

TEST(NativeAnchors, MistakesAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"id": "a", "framework": "tflite", "role": "run", "symbols": ["f"], "colour": "red"})",
       "unknown key \"colour\""},
      {R"({"id": "a", "framework": "nothing", "role": "run", "symbols": ["f"]})",
       "unknown framework \"nothing\""},
      {R"({"id": "a", "framework": "tflite", "role": "walk", "symbols": ["f"]})",
       "unknown role \"walk\""},
      {R"({"id": "a", "framework": "tflite", "role": "run"})", "no symbol, entry or literal"},
      {R"({"id": "a", "framework": "tflite", "role": "run", "literals": ["TFL3"]})", "too short"},
      {R"({"framework": "tflite", "role": "run", "symbols": ["f"]})", "id"},
      {R"({"id": "a", "framework": "tflite", "role": "run", "symbols": ["f"]},
          {"id": "a", "framework": "tflite", "role": "run", "symbols": ["g"]})",
       "taken twice"},
  };
  for (const auto& [text, why] : cases) {
    const auto parsed = NativeAnchors::parse(file_of(text), RuleSet::builtin());
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(describe(parsed.error()), HasSubstr(why));
  }
  EXPECT_FALSE(NativeAnchors::parse("{}", RuleSet::builtin()));
  EXPECT_FALSE(NativeAnchors::parse("[", RuleSet::builtin()));
}

TEST(NativeAnchors, PatternsTakeAnyTextForAStar) {
  EXPECT_TRUE(matches_glob("TfLiteModelCreate", "TfLiteModelCreate"));
  EXPECT_FALSE(matches_glob("TfLiteModelCreateX", "TfLiteModelCreate"));
  EXPECT_TRUE(matches_glob("_ZN4ncnn3Net10load_paramEPKc", "_ZN4ncnn3Net10load_param*"));
  EXPECT_TRUE(matches_glob("_ZN2cv3dnn14dnn4_v202312253Net7forwardEv", "_ZN2cv3dnn*3Net7forward*"));
  EXPECT_FALSE(
      matches_glob("_ZN2cv3dnn14dnn4_v202312253Net8setInputE", "_ZN2cv3dnn*3Net7forward*"));
  EXPECT_TRUE(matches_glob("", "*"));
  EXPECT_TRUE(matches_glob("aXbXc", "a*b*c"));
  EXPECT_FALSE(matches_glob("abab", "a*c"));
  EXPECT_TRUE(matches_glob("aab", "*ab"));
  EXPECT_FALSE(matches_glob("", "a"));
}

}  // namespace
}  // namespace dl
