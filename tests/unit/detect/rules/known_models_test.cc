// SPDX-License-Identifier: Apache-2.0
// Tables of known models: by bytes, weights and graph, and what they do to a model's tasks.
#include "daylight/detect/rules/known_models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "support/shared_data.h"

namespace dl {
namespace {

class Quiet final : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() const override { return false; }
};

std::string digest(char digit) { return std::string(64, digit); }

KnownModels table(const std::string& entries) {
  auto models = KnownModels::parse(
      R"({"schema": "daylight/known-models/1", "models": [)" + entries + "]}", "t.json");
  EXPECT_TRUE(models) << (models ? "" : describe(models.error()));
  return models ? std::move(*models) : KnownModels{};
}

TEST(KnownModels, TheBuiltInTableIsReadWhole) {
  const KnownModels& known = KnownModels::builtin();
  EXPECT_GE(known.models().size(), 30U);
  for (const KnownModel& model : known.models()) EXPECT_FALSE(model.source.empty()) << model.name;
  const auto again = KnownModels::parse(dump_json(to_json(known)), "again.json");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->models(), known.models());
  EXPECT_EQ(again->digest(), known.digest());
}

TEST(KnownModels, BytesBeforeWeightsBeforeGraph) {
  const KnownModels known =
      table(R"({"name": "A", "sha256": ")" + digest('a') + R"(", "tasks": ["age"]},)" +
            R"({"name": "B", "weights_hash": ")" + digest('b') + R"(", "tasks": []},)" +
            R"({"name": "C", "graph_hash": ")" + digest('c') + R"("})");
  ModelRecord model;
  EXPECT_EQ(known.find(model).model, nullptr) << "no digest agrees with no digest";
  model.graph_hash = digest('c');
  EXPECT_EQ(known.find(model).by, KnownBy::kGraph);
  model.weights_hash = digest('b');
  EXPECT_EQ(known.find(model).by, KnownBy::kWeights);
  model.sha256 = digest('a');
  EXPECT_EQ(known.find(model).by, KnownBy::kBytes);
  EXPECT_EQ(known.find(model).model->name, "A");
}

TEST(KnownModels, ALaterEntryOfTheSameBytesWins) {
  KnownModels known = table(R"({"name": "A", "sha256": ")" + digest('a') + R"("})");
  known.add({"mine", digest('a'), "", "", {"skin"}, ""});
  known.add({"weights", "", digest('b'), "", {}, ""});
  known.add({"weights 2", "", digest('b'), "", {}, ""});
  ASSERT_EQ(known.models().size(), 2U);
  EXPECT_EQ(known.models()[0].name, "mine");
  EXPECT_EQ(known.models()[1].name, "weights 2");
}

TEST(KnownModels, WrongTablesAreRefused) {
  const auto refused = [](const std::string& entry) {
    return !KnownModels::parse(
        R"({"schema": "daylight/known-models/1", "models": [)" + entry + "]}", "t.json");
  };
  EXPECT_TRUE(refused(R"({"name": "x"})"));
  EXPECT_TRUE(refused(R"({"sha256": ")" + digest('a') + R"("})"));
  EXPECT_TRUE(refused(R"({"name": "x", "sha256": "ABC"})"));
  EXPECT_TRUE(
      refused(R"({"name": "x", "sha256": ")" + digest('a') + R"(", "tasks": ["no-such"]})"));
  EXPECT_FALSE(KnownModels::parse("{}", "t.json"));
  EXPECT_FALSE(KnownModels::parse("[", "t.json"));
  EXPECT_FALSE(KnownModels::parse(R"({"schema": "daylight/pipeline/1", "models": []})", "t.json"));
}

TEST(KnownModels, NamesModelsWithEvidence) {
  const KnownModels known =
      table(R"({"name": "A", "sha256": ")" + digest('a') +
            R"(", "source": "somewhere"}, {"name": "C", "graph_hash": ")" + digest('c') + R"("})");
  std::vector<ModelRecord> models(3);
  models[0].sha256 = digest('a');
  models[1].graph_hash = digest('c');
  name_known_models(known, models);
  EXPECT_EQ(models[0].known, "A");
  ASSERT_EQ(models[0].evidence.size(), 1U);
  EXPECT_EQ(models[0].evidence[0].excerpt, "the same bytes as A (somewhere)");
  EXPECT_EQ(models[1].known, "") << "a retrained copy is another model";
  EXPECT_EQ(models[1].evidence.size(), 1U);
  EXPECT_TRUE(models[2].evidence.empty());
}

TEST(KnownModels, AKnownModelHasItsTasksWhateverItIsCalled) {
  const auto apk = testing::shared_data("apps/ra-faceapp.apk");
  if (!apk) GTEST_SKIP() << "shared data is absent";
  Quiet log;
  const auto app = program::AppPackage::open(*apk, log);
  ASSERT_TRUE(app);
  const auto tasks_with = [&](const KnownModels& known) {
    DetectOptions options;
    options.known = &known;
    const auto inventory = detect(*app, RuleSet::builtin(), options, log);
    EXPECT_TRUE(inventory);
    EXPECT_EQ(inventory->provenance.options["known_models"], known.digest());
    return inventory->tasks;
  };
  const auto unknown = tasks_with(KnownModels{});
  ASSERT_FALSE(unknown.empty());
  EXPECT_EQ(unknown[0].task, "other");
  KnownModels known;
  known.add({"Skin Net",
             "46c78d0020afbef7047229c9f40c3b5db103d7238842d1929494f43d897f6679",
             "",
             "",
             {"skin"},
             "a test"});
  const auto tasks = tasks_with(known);
  ASSERT_FALSE(tasks.empty());
  EXPECT_EQ(tasks[0].task, "skin");
  EXPECT_TRUE(tasks[0].sensitive);
  EXPECT_EQ(tasks[0].confidence, "high");
  EXPECT_EQ(tasks[0].evidence[0].rule, "task.known-model");
  EXPECT_EQ(tasks[1].task, "other") << "the other models stay unknown";
}

// The table names files that lie here too: their digests must be theirs.
TEST(KnownModels, BuiltInDigestsAreThoseOfTheFiles) {
  const auto folder = testing::shared_data("models");
  if (!folder) GTEST_SKIP() << "shared data is absent";
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const auto digest_of_file = sha256_of_file(entry.path());
    ASSERT_TRUE(digest_of_file);
    found += static_cast<std::size_t>(std::count_if(
        KnownModels::builtin().models().begin(), KnownModels::builtin().models().end(),
        [&](const KnownModel& model) { return model.sha256 == *digest_of_file; }));
  }
  EXPECT_EQ(found, 17U);
}

}  // namespace
}  // namespace dl
