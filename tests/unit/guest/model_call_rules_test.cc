// SPDX-License-Identifier: Apache-2.0
// The table of functions that load models, and what is refused in one.
#include "daylight/guest/observe/model_call_rules.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace dl::guest {
namespace {

std::string table(const std::string& entry) {
  return R"({"schema": "daylight/model-call-rules/1", "calls": [)" + entry + "]}";
}

std::vector<std::string> rules_for(std::string_view symbol) {
  std::vector<std::string> out;
  for (const ModelCallRule& rule : builtin_model_call_rules()) {
    for (const TextPattern& each : rule.symbols) {
      if (each.matches(symbol)) out.push_back(rule.id);
    }
  }
  return out;
}

// Mangled names as compilers write them.
TEST(ModelCallRulesTest, KnowsTheFunctionsOfRuntimes) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(rules_for("TfLiteModelCreate"), ElementsAre("tflite.c"));
  EXPECT_THAT(rules_for("TfLiteModelCreateFromFile"), IsEmpty());
  EXPECT_THAT(
      rules_for("_ZN6tflite4impl15FlatBufferModel15BuildFromBufferEPKcmPNS_13ErrorReporterE"),
      ElementsAre("tflite.cxx"));
  EXPECT_THAT(rules_for("_ZN6tflite15FlatBufferModel24VerifyAndBuildFromBufferEPKcmPNS_"
                        "14TfLiteVerifierEPNS_13ErrorReporterE"),
              ElementsAre("tflite.cxx"));
  EXPECT_THAT(rules_for("_ZN3MNN11Interpreter16createFromBufferEPKvm"),
              ElementsAre("mnn.interpreter"));
  EXPECT_THAT(rules_for("_ZN4ncnn3Net10load_modelEPKh"), ElementsAre("ncnn.weights"));
  EXPECT_THAT(rules_for("_ZN4ncnn3Net10load_modelEPKc"), IsEmpty());  // a path
  EXPECT_THAT(rules_for("_ZN2cv3dnn14dnn4_v2023122515readNetFromONNXEPKcm"),
              ElementsAre("opencv.onnx"));
  EXPECT_THAT(rules_for("LiteRtCreateModelFromBuffer"),
              ElementsAre("litert.c", "litert.environment"));
}

TEST(ModelCallRulesTest, ReadsEveryKey) {
  const auto rules = parse_model_call_rules(
      table(R"({"id": "a", "symbols": ["f*"], "buffer": 2, "length": 3, "returns_object": true,
                "formats": ["tflite", "onnx"], "unread": "unknown", "source": "here"},
               {"id": "b", "symbols": ["g"], "buffer": 0, "length": "result", "source": "here"},
               {"id": "c", "symbols": ["h"], "buffer": 1, "holds": "byte-array", "source": "here"})"),
      "t");
  ASSERT_TRUE(rules) << describe(rules.error());
  ASSERT_EQ(rules->size(), 3U);
  const ModelCallRule& first = rules->front();
  EXPECT_TRUE(first.symbols.front().matches("fgh"));
  EXPECT_EQ(first.buffer, 2U);
  EXPECT_EQ(first.length, 3U);
  EXPECT_TRUE(first.returns_object);
  EXPECT_EQ(first.formats, (std::vector<std::string>{"tflite", "onnx"}));
  EXPECT_EQ(first.unread, "unknown");
  EXPECT_TRUE((*rules)[1].length_is_result);
  EXPECT_EQ((*rules)[2].holds, ModelCallRule::Holds::kByteArray);
}

TEST(ModelCallRulesTest, RefusesWhatMeansNothing) {
  const std::string whole = R"("id": "a", "symbols": ["f"], "buffer": 0, "source": "here")";
  ASSERT_TRUE(parse_model_call_rules(table("{" + whole + "}"), "t"));
  for (const std::string& bad :
       {std::string("1"), std::string("{}"), "{" + whole + R"(, "lenght": 1})",
        "{" + whole + R"(, "length": 8})", "{" + whole + R"(, "length": -1})",
        "{" + whole + R"(, "length": "there"})", "{" + whole + R"(, "holds": "a file"})",
        "{" + whole + R"(, "holds": 1})", "{" + whole + R"(, "returns_object": 1})",
        "{" + whole + R"(, "formats": ["no such"]})", "{" + whole + R"(, "formats": "tflite"})",
        "{" + whole + R"(, "unread": 1})", "{" + whole + R"(, "holds": "byte-array", "length": 1})",
        "{" + whole + "},{" + whole + "}",
        std::string(R"({"id": "a", "symbols": [], "buffer": 0})"),
        std::string(R"({"id": "a", "symbols": [1], "buffer": 0})"),
        std::string(R"({"id": "a", "symbols": ["f"]})"),
        std::string(R"({"id": 1, "symbols": ["f"], "buffer": 0})")}) {
    EXPECT_FALSE(parse_model_call_rules(table(bad), "t")) << bad;
  }
  EXPECT_FALSE(parse_model_call_rules("[]", "t"));
  EXPECT_FALSE(parse_model_call_rules(R"({"schema": "daylight/other/1", "calls": []})", "t"));
}

}  // namespace
}  // namespace dl::guest
