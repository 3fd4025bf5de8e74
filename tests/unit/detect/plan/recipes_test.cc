// SPDX-License-Identifier: Apache-2.0
// Each built-in recipe on an app that has its shape and on one that nearly has.
#include "daylight/detect/plan/recipes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/detect/plan/planner.h"
#include "support/smali.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

// A method of the app that makes these calls.
std::string caller_of(const std::string& body) {
  return ".class public Lapp/Use;\n.super Ljava/lang/Object;\n.method public static use()V\n"
         "  .registers 8\n  const/4 v0, 0x0\n  const/4 v1, 0x0\n  const/4 v2, 0x0\n" +
         body + "  return-void\n.end method\n";
}

// The plan of an app with these classes and these frameworks; nothing where smali is absent.
std::optional<ProbePlan> planned(const std::string& smali,
                                 const std::vector<std::string>& frameworks = {},
                                 const RecipeSet& recipes = RecipeSet::builtin()) {
  const auto dex = testing::assemble_smali(smali);
  if (!dex) return std::nullopt;
  const std::string path = ::testing::TempDir() + "recipe.apk";
  std::ofstream(path, std::ios::binary)
      << testing::build_zip({{.name = "classes.dex", .content = *dex}}).bytes;
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app);
  if (!app) return std::nullopt;
  Inventory inventory;
  for (const std::string& id : frameworks) {
    FrameworkRecord record;
    record.id = id;
    inventory.frameworks.push_back(record);
  }
  const auto code = program::AppCode::build(*app);
  return plan(*app, *code, inventory, recipes);
}

std::vector<std::string> made_by(const ProbePlan& plan, const std::string& recipe) {
  std::vector<std::string> out;
  for (const Probe& probe : plan.probes) {
    if (std::find(probe.why.begin(), probe.why.end(), "recipe:" + recipe) != probe.why.end())
      out.push_back(probe.selector);
  }
  return out;
}

#define PLANNED_OR_SKIP(name, ...)        \
  const auto name = planned(__VA_ARGS__); \
  if (!name) GTEST_SKIP() << "the smali program is not installed here"

// A callback with a String; `keys` are read of it in a method of its own.
std::string json_callback(const std::vector<std::string>& keys) {
  std::string reads;
  for (const std::string& key : keys)
    reads += "  const-string v0, \"" + key +
             "\"\n  invoke-virtual {p0, v0}, "
             "Lorg/json/JSONObject;->optDouble(Ljava/lang/String;)D\n";
  return R"(.class public Lapp/Listener;
.super Ljava/lang/Object;
.method public onResult(ILjava/lang/String;)V
  .registers 5
  new-instance v0, Lorg/json/JSONObject;
  invoke-direct {v0, p2}, Lorg/json/JSONObject;-><init>(Ljava/lang/String;)V
  invoke-static {v0}, Lapp/Listener;->read(Lorg/json/JSONObject;)V
  return-void
.end method
.method static read(Lorg/json/JSONObject;)V
  .registers 3
)" + reads +
         "  return-void\n.end method\n";
}

TEST(Recipes, JsonCallback) {
  PLANNED_OR_SKIP(found, json_callback({"base_infos", "age", "boy_prob", "face_count"}));
  ASSERT_THAT(made_by(*found, "json-callback-base-infos"),
              ElementsAre("java:app/Listener;.onResult(ILjava/lang/String;)V"));
  const Probe& probe = found->probes.front();
  EXPECT_EQ(probe.role, "output");
  EXPECT_THAT(probe.decode, Contains("arg1=json dir=in"));
  ASSERT_EQ(probe.heads.size(), 3U);
  EXPECT_EQ(probe.heads[1].name, "boy_prob");
  EXPECT_EQ(probe.heads[1].high, 1.0);
  ASSERT_EQ(found->entries.size(), 1U);
  EXPECT_EQ(found->entries[0].kind, "result");
  EXPECT_EQ(found->entries[0].method, "onResult");
  EXPECT_THAT(found->entries[0].why, ElementsAre("recipe:json-callback-base-infos"));
}

TEST(Recipes, JsonOfAnAccountIsNone) {
  PLANNED_OR_SKIP(found, json_callback({"age", "name", "mail"}));
  EXPECT_TRUE(found->probes.empty());
  EXPECT_TRUE(found->entries.empty());
}

// A list of objects that come out of nowhere (native code makes them), or that the app makes
// itself.
std::string concept_list(bool made_by_app) {
  const std::string maker = made_by_app ? R"(.method public static make()Lapp/Concept;
  .registers 1
  new-instance v0, Lapp/Concept;
  return-object v0
.end method
)"
                                        : "";
  return R"(.class public Lapp/Concept;
.super Ljava/lang/Object;
.field public a:Ljava/lang/String;
.field public b:F
.class public Lapp/Sink;
.super Ljava/lang/Object;
)" + maker +
         R"(.method public on(ZLjava/util/List;)V
  .registers 5
  const/4 v0, 0x0
  invoke-interface {p2, v0}, Ljava/util/List;->get(I)Ljava/lang/Object;
  move-result-object v0
  check-cast v0, Lapp/Concept;
  return-void
.end method
.method public all([Lapp/Concept;)V
  .registers 2
  return-void
.end method
.method public names(Ljava/util/List;)V
  .registers 2
  return-void
.end method
)";
}

TEST(Recipes, ConceptScoreList) {
  PLANNED_OR_SKIP(found, concept_list(false), {"tflite"});
  EXPECT_THAT(made_by(*found, "concept-score-list"),
              ::testing::UnorderedElementsAre("java:app/Sink;.on(ZLjava/util/List;)V",
                                              "java:app/Sink;.all([Lapp/Concept;)V"));
  for (const Probe& probe : found->probes) {
    EXPECT_THAT(probe.decode,
                Contains(probe.selector.find(".on(") != std::string::npos ? "arg1=objects dir=in"
                                                                          : "arg0=objects dir=in"));
  }
}

TEST(Recipes, ListsOfTheAppsOwnRecordsAreNone) {
  PLANNED_OR_SKIP(found, concept_list(true), {"tflite"});
  EXPECT_TRUE(made_by(*found, "concept-score-list").empty());
  PLANNED_OR_SKIP(without, concept_list(false));
  EXPECT_TRUE(without->probes.empty());
}

// A recipe by API: the calls that it watches, and what is only similar.
struct ApiCase {
  const char* recipe;
  std::vector<std::string> frameworks;
  const char* call;
  const char* selector;
  const char* decode;
  const char* similar;
};

const std::vector<ApiCase>& api_cases() {
  static const std::vector<ApiCase> cases = {
      {"tflite-interpreter",
       {"tflite"},
       "invoke-virtual {v0, v1, v2}, "
       "Lorg/tensorflow/lite/Interpreter;->run(Ljava/lang/Object;Ljava/lang/Object;)V",
       "java:org/tensorflow/lite/Interpreter;.run(Ljava/lang/Object;Ljava/lang/Object;)V",
       "arg1=tensor dir=out",
       "invoke-virtual {v0, v1, v2}, "
       "Lapp/lite/Interpreter;->run(Ljava/lang/Object;Ljava/lang/Object;)V"},
      {"tflite-task-vision",
       {"tflite_task"},
       "invoke-virtual {v0, v1}, Lorg/tensorflow/lite/task/vision/classifier/ImageClassifier;->"
       "classify(Lorg/tensorflow/lite/support/image/TensorImage;)Ljava/util/List;",
       "java:org/tensorflow/lite/task/vision/classifier/ImageClassifier;.classify("
       "Lorg/tensorflow/lite/support/image/TensorImage;)Ljava/util/List;",
       "result=objects",
       "invoke-virtual {v0, v1}, Lorg/tensorflow/lite/task/text/NLClassifier;->"
       "classify(Ljava/lang/String;)Ljava/util/List;"},
      {"tflite-task-vision",
       {"tflite_task"},
       "invoke-virtual {v0, v1}, Lorg/tensorflow/lite/task/vision/detector/ObjectDetector;->"
       "detect(Lorg/tensorflow/lite/support/image/TensorImage;)Ljava/util/List;",
       "java:org/tensorflow/lite/task/vision/detector/ObjectDetector;.detect("
       "Lorg/tensorflow/lite/support/image/TensorImage;)Ljava/util/List;",
       "arg0=image dir=in",
       "invoke-virtual {v0, v1}, Lorg/tensorflow/lite/task/vision/detector/ObjectDetector;->"
       "equals(Ljava/lang/Object;)Z"},
      {"ml-kit",
       {"mlkit"},
       "invoke-virtual {v0, v1}, Lcom/google/mlkit/vision/face/FaceDetector;->process("
       "Lcom/google/mlkit/vision/common/InputImage;)Lcom/google/android/gms/tasks/Task;",
       "java:com/google/mlkit/vision/face/FaceDetector;.process("
       "Lcom/google/mlkit/vision/common/InputImage;)Lcom/google/android/gms/tasks/Task;",
       "arg0=image dir=in",
       "invoke-virtual {v0, v1}, Lcom/google/mlkit/nl/languageid/LanguageIdentifier;->"
       "identifyLanguage(Ljava/lang/String;)Lcom/google/android/gms/tasks/Task;"},
      {"ort-java",
       {"onnxruntime"},
       "invoke-virtual {v0, v1}, "
       "Lai/onnxruntime/OrtSession;->run(Ljava/util/Map;)Lai/onnxruntime/OrtSession$Result;",
       "java:ai/onnxruntime/OrtSession;.run(Ljava/util/Map;)Lai/onnxruntime/OrtSession$Result;",
       "arg0=tensor dir=in",
       "invoke-virtual {v0}, Lai/onnxruntime/OrtSession;->close()V"},
      {"pytorch-java",
       {"pytorch"},
       "invoke-virtual {v0, v1}, "
       "Lorg/pytorch/Module;->forward([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;",
       "java:org/pytorch/Module;.forward([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;",
       "result=tensor",
       "invoke-virtual {v0, v1}, "
       "Lorg/other/Module;->forward([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;"},
  };
  return cases;
}

TEST(Recipes, ApisThatAreCalled) {
  for (const ApiCase& api : api_cases()) {
    PLANNED_OR_SKIP(found, caller_of(std::string("  ") + api.call + "\n"), api.frameworks);
    EXPECT_THAT(made_by(*found, api.recipe), ElementsAre(api.selector));
    ASSERT_EQ(found->probes.size(), 1U) << api.recipe;
    EXPECT_THAT(found->probes[0].decode, Contains(api.decode)) << api.recipe;
  }
}

TEST(Recipes, SimilarApisAndAbsentFrameworks) {
  for (const ApiCase& api : api_cases()) {
    PLANNED_OR_SKIP(similar, caller_of(std::string("  ") + api.similar + "\n"), api.frameworks);
    EXPECT_TRUE(made_by(*similar, api.recipe).empty()) << api.recipe;
    PLANNED_OR_SKIP(absent, caller_of(std::string("  ") + api.call + "\n"), {"ncnn"});
    EXPECT_TRUE(made_by(*absent, api.recipe).empty()) << api.recipe;
  }
}

TEST(Recipes, BuiltInOnesAreReadAndWritten) {
  std::vector<std::string> ids;
  for (const Recipe& recipe : RecipeSet::builtin().recipes()) {
    ids.push_back(recipe.id);
    EXPECT_FALSE(recipe.description.empty()) << recipe.id;
    const auto back = recipe_from_json(to_json(recipe), recipe.id);
    ASSERT_TRUE(back) << describe(back.error());
    EXPECT_EQ(dump_json(to_json(*back)), dump_json(to_json(recipe)));
  }
  EXPECT_THAT(ids,
              ElementsAre("concept-score-list", "json-callback-base-infos", "ml-kit", "ort-java",
                          "pytorch-java", "tflite-interpreter", "tflite-task-vision"));
}

TEST(Recipes, UsersOwnReplaceAndAdd) {
  RecipeSet recipes = RecipeSet::builtin();
  const std::string digest = recipes.digest();
  ASSERT_TRUE(recipes.add(R"({"schema": "daylight/recipe/1", "id": "own",
      "match": {"methods": ["java:app/Use;.*"]},
      "probes": [{"selector": "java:app/Use;.*", "role": "preprocess", "decode": []},
                 {"selector": "so:libown.so!infer", "role": "model-run",
                  "decode": ["arg0=bytes len=arg1*4 dir=in"]}]})",
                          "own.json"));
  EXPECT_NE(recipes.digest(), digest);
  EXPECT_EQ(recipes.recipes().size(), 8U);
  PLANNED_OR_SKIP(found, caller_of("  invoke-static {}, Lapp/Use;->use()V\n"), {}, recipes);
  EXPECT_THAT(made_by(*found, "own"), ElementsAre("java:app/Use;.use()V", "so:libown.so!infer"));
}

TEST(Recipes, RefusesWhatIsNone) {
  const auto with = [](const std::string& match, const std::string& probes) {
    return R"({"schema": "daylight/recipe/1", "id": "x", "match": )" + match + R"(, "probes": )" +
           probes + "}";
  };
  const std::string probe = R"([{"selector": "jni:*", "role": "input", "decode": ["arg0=bytes"]}])";
  RecipeSet recipes;
  EXPECT_TRUE(recipes.add(with(R"({"libraries": ["libx*.so"]})", probe), "x"));
  for (const std::string& text : {
           std::string("[]"),
           std::string(R"({"schema": "daylight/recipe/1", "id": "x"})"),
           with("{}", probe),
           with(R"({"frameworks": "tflite"})", probe),
           with(R"({"methods": ["nothing"]})", probe),
           with(R"({"json_keys": ["age"], "at_least": 2})", probe),
           with(R"({"list_of": ["picture"]})", probe),
           with(R"({"libraries": ["x"]})", "[]"),
           with(R"({"libraries": ["x"]})", R"([{"selector": "??", "role": "input"}])"),
           with(R"({"libraries": ["x"]})",
                R"([{"selector": "jni:*", "role": "input", "decode": ["arg0=magic"]}])"),
       }) {
    EXPECT_FALSE(recipes.add(text, "x.json")) << text;
  }
  EXPECT_EQ(recipes.recipes().size(), 1U);
}

}  // namespace
}  // namespace dl
