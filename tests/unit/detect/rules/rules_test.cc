// SPDX-License-Identifier: Apache-2.0
// The rule files: the build's own are sound, and mistakes are named.
#include "daylight/detect/rules/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "daylight/base/file.h"
#include "daylight/program/code/fingerprint.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::HasSubstr;

std::string text_of(const std::string& name) {
  return read_file(testing::project_file("rules/" + name)).value();
}

TEST(RuleSet, TheBuildsOwnRulesAreSound) {
  const auto rules = RuleSet::parse(text_of("formats.json"), text_of("frameworks.json"),
                                    text_of("tasks.json"), text_of("sdk_origins.json"));
  ASSERT_TRUE(rules) << describe(rules.error());
  EXPECT_EQ(rules->digest(), RuleSet::builtin().digest());
  EXPECT_GT(rules->formats().size(), 50U);
  EXPECT_GT(rules->frameworks().size(), 25U);
  EXPECT_GT(rules->origins().size(), 30U);
  ASSERT_NE(rules->task("age"), nullptr);
  EXPECT_TRUE(rules->task("age")->sensitive);
  EXPECT_EQ(rules->task("mind-reading"), nullptr);
}

// The task ids that artifacts may hold.
TEST(RuleSet, TaskIdsAreThoseOfTheInventory) {
  const std::set<std::string> known{"face-detection",
                                    "face-landmarks",
                                    "face-recognition",
                                    "age",
                                    "gender",
                                    "race",
                                    "emotion",
                                    "attractiveness",
                                    "skin",
                                    "liveness",
                                    "age-gate",
                                    "gaze",
                                    "visual-concepts",
                                    "image-classification",
                                    "object-detection",
                                    "segmentation",
                                    "pose",
                                    "hand",
                                    "ocr",
                                    "barcode",
                                    "content-moderation",
                                    "text-classification",
                                    "speech",
                                    "speaker",
                                    "sound",
                                    "recommendation",
                                    "other"};
  for (const TaskRule& task : RuleSet::builtin().tasks())
    EXPECT_TRUE(known.contains(task.id)) << task.id;
}

TEST(RuleSet, IdsAreUniqueAndApiFrameworksKnown) {
  std::set<std::string> ids;
  for (const FrameworkRule& rule : RuleSet::builtin().frameworks())
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
  ids.insert("android_image");  // the platform's picture classes: watched, not a framework
  for (const auto& rule : program::ApiRules::builtin().classes()) {
    EXPECT_TRUE(ids.contains(rule.framework)) << rule.name << ": " << rule.framework;
  }
  // Every API that declares a task is one that the fingerprints can name.
  for (const TaskRule& task : RuleSet::builtin().tasks()) {
    for (const std::string& api : task.apis) {
      const auto* cls = program::ApiRules::builtin().find(api.substr(0, api.rfind('.')));
      ASSERT_NE(cls, nullptr) << api;
      const bool has =
          std::any_of(cls->methods.begin(), cls->methods.end(),
                      [&](const auto& method) { return cls->name + "." + method.name == api; });
      EXPECT_TRUE(has) << api;
    }
  }
}

TEST(RuleSet, MistakesAreNamed) {
  const std::string formats = text_of("formats.json");
  const std::string frameworks = text_of("frameworks.json");
  const std::string origins = text_of("sdk_origins.json");
  const auto with_tasks = [&](const std::string& tasks) {
    return RuleSet::parse(formats, frameworks, tasks, origins);
  };
  const std::string head = R"({"schema": "daylight/task-rules/1", )";
  EXPECT_TRUE(with_tasks(head + R"("tasks": [], "shapes": []})"));
  EXPECT_THAT(describe(with_tasks(head + R"("tasks": [{"id": "age", "tokns": []}]})").error()),
              HasSubstr("unknown key \"tokns\""));
  EXPECT_THAT(describe(with_tasks(head + R"("tasks": [{"id": 3}]})").error()),
              HasSubstr("tasks[0]"));
  EXPECT_THAT(
      describe(
          with_tasks(head +
                     R"("tasks": [], "shapes": [{"id": "s", "text": "t", "supports": ["x"]}]})")
              .error()),
      HasSubstr("unknown task \"x\""));
  EXPECT_THAT(
      describe(
          with_tasks(head +
                     R"("tasks": [], "shapes": [{"id": "s", "text": "t", "elements": [5, 2]}]})")
              .error()),
      HasSubstr("range"));
  EXPECT_THAT(describe(with_tasks(R"({"schema": "other"})").error()), HasSubstr("tasks.json"));
  EXPECT_FALSE(with_tasks("not json"));
  EXPECT_THAT(
      describe(RuleSet::parse(
                   R"({"schema": "daylight/format-rules/1", "formats": [{"id": "x", "name": "X",
              "magic": [{"offset": 0, "hex": "0g"}]}]})",
                   frameworks, text_of("tasks.json"), origins)
                   .error()),
      HasSubstr("hexadecimal"));
}

TEST(RuleSet, Patterns) {
  EXPECT_TRUE(matches_pattern("libx.so", "libx.so"));
  EXPECT_FALSE(matches_pattern("libx.so.1", "libx.so"));
  EXPECT_TRUE(matches_pattern("Java_a_b", "Java_a*"));
  EXPECT_FALSE(matches_pattern("Java_b", "Java_a*"));
  EXPECT_FALSE(matches_pattern("", "a*"));
  EXPECT_TRUE(matches_pattern("libFaceSDK_2.so", "libFaceSDK*.so"));
  EXPECT_TRUE(matches_pattern("libFaceSDK.so", "libFaceSDK*.so"));
  EXPECT_FALSE(matches_pattern("libFaceSDK.so.1", "libFaceSDK*.so"));
  EXPECT_TRUE(matches_pattern("abcabd", "a*b*d"));
  EXPECT_FALSE(matches_pattern("abc", "a*b*d"));
  EXPECT_FALSE(matches_pattern("ab", "ab*b"));
}

}  // namespace
}  // namespace dl
