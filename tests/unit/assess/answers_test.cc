// SPDX-License-Identifier: Apache-2.0
// Joining rows to pictures, reducing several rows to one answer, and cutting samples into groups.
#include "daylight/assess/answers.h"

#include <algorithm>

#include "assess_fixture.h"
#include "daylight/assess/grouping.h"
#include "daylight/assess/targets.h"

namespace dl::assess {
namespace {

using testing::failed;
using testing::labelled;
using testing::make_samples;
using testing::valued;

Samples three() { return make_samples({"gender"}, {{"Female"}, {"Male"}, {"Male"}}); }

TEST(Answers, NamesMeetThroughDotsAndBackslashes) {
  const Samples samples = three();
  Predictions predictions;
  predictions.rows.push_back(labelled(samples, 0, "g", "Female"));
  predictions.rows.back().file = "./img/0.png";
  predictions.rows.push_back(labelled(samples, 1, "g", "Male"));
  predictions.rows.back().file = "img\\1.png";
  const auto collected = collect_answers(predictions, samples, "p", "s");
  ASSERT_TRUE(collected);
  EXPECT_EQ(collected->heads[0].answers[0].outcome, Outcome::kOk);
  EXPECT_EQ(collected->heads[0].answers[1].outcome, Outcome::kOk);
  EXPECT_EQ(collected->heads[0].answers[2].outcome, Outcome::kMissing);
}

TEST(Answers, FoldersMayDifferWhenFileNamesAreUnique) {
  const Samples samples = three();
  Predictions predictions;
  for (std::size_t i = 0; i < 3; ++i) {
    predictions.rows.push_back(labelled(samples, i, "g", "Male"));
    predictions.rows.back().file = "/elsewhere/" + std::to_string(i) + ".png";
  }
  const auto collected = collect_answers(predictions, samples, "p", "s");
  ASSERT_TRUE(collected);
  EXPECT_EQ(collected->limits.size(), 1U);
  Samples twice = samples;
  twice.rows[1].file = "other/0.png";
  EXPECT_FALSE(collect_answers(predictions, twice, "p", "s"));
  predictions.rows[1].file = "/second/0.png";
  EXPECT_FALSE(collect_answers(predictions, samples, "p", "s"));
}

TEST(Answers, RunsAndFramesAreAveragedFacesAreNot) {
  const Samples samples = three();
  Predictions predictions;
  for (int run = 0; run < 3; ++run) {
    predictions.rows.push_back(valued(samples, 0, "age", 30.0 + run));
    predictions.rows.back().run = run;
  }
  predictions.rows.push_back(failed(samples, 0, "age", PredictionStatus::kTimeout));
  for (int face = 0; face < 2; ++face) {
    predictions.rows.push_back(valued(samples, 1, "age", 30.0));
    predictions.rows.back().face = face;
  }
  predictions.rows.push_back(failed(samples, 2, "age", PredictionStatus::kCrash));
  predictions.rows.push_back(failed(samples, 2, "age", PredictionStatus::kTimeout));
  const auto collected = collect_answers(predictions, samples, "p", "s");
  ASSERT_TRUE(collected);
  const auto& answers = collected->heads[0].answers;
  EXPECT_EQ(answers[0].outcome, Outcome::kOk);
  EXPECT_EQ(answers[0].value, 31.0);
  EXPECT_EQ(answers[1].outcome, Outcome::kMultiFace);
  EXPECT_EQ(answers[2].outcome, Outcome::kCrash);
  EXPECT_FALSE(collected->limits.empty());
}

TEST(Answers, TheMostFrequentLabelOfSeveralRunsWithItsMeanScore) {
  const Samples samples = three();
  Predictions predictions;
  const std::pair<const char*, double> kRuns[] = {{"Male", 0.6}, {"Female", 0.9}, {"Male", 0.8}};
  for (const auto& [label, score] : kRuns) {
    predictions.rows.push_back(labelled(samples, 0, "g", label));
    predictions.rows.back().score = score;
    predictions.rows.back().run = static_cast<int>(predictions.rows.size());
  }
  const auto collected = collect_answers(predictions, samples, "p", "s");
  ASSERT_TRUE(collected);
  const Answer& answer = collected->heads[0].answers[0];
  EXPECT_EQ(collected->heads[0].labels[static_cast<std::size_t>(answer.label)], "Male");
  EXPECT_DOUBLE_EQ(answer.score, 0.7);
}

TEST(Answers, ATieBetweenLabelsIsNoAnswerWhicheverComesFirst) {
  const Samples samples = three();
  const std::vector<std::string> kOrders[] = {{"Female", "Male"}, {"Male", "Female"}};
  for (const auto& order : kOrders) {
    Predictions predictions;
    for (const auto& label : order) predictions.rows.push_back(labelled(samples, 0, "g", label));
    for (const char* label : {"Male", "Female", "Male"}) {
      predictions.rows.push_back(labelled(samples, 1, "g", label));
    }
    const auto collected = collect_answers(predictions, samples, "p", "s");
    ASSERT_TRUE(collected);
    EXPECT_EQ(collected->heads[0].answers[0].outcome, Outcome::kParseError);
    EXPECT_EQ(collected->heads[0].answers[0].label, -1);
    EXPECT_EQ(collected->heads[0].answers[1].outcome, Outcome::kOk);
    const bool said = std::any_of(
        collected->limits.begin(), collected->limits.end(),
        [](const Gap& gap) { return gap.why.starts_with("1 pictures have rows that name"); });
    EXPECT_TRUE(said);
  }
}

TEST(Answers, TheMoreCompleteSourceIsTakenAndSaid) {
  const Samples samples = three();
  Predictions predictions;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i < 2) {
      predictions.rows.push_back(valued(samples, i, "age", 1.0));
      predictions.rows.back().source = "captured";
    }
    predictions.rows.push_back(valued(samples, i, "age", 2.0));
    predictions.rows.back().source = "replayed";
  }
  auto collected = collect_answers(predictions, samples, "p", "s");
  ASSERT_TRUE(collected);
  ASSERT_EQ(collected->heads.size(), 1U);
  EXPECT_EQ(collected->heads[0].source, "replayed");
  EXPECT_EQ(collected->limits.size(), 1U);
  predictions.rows.push_back(valued(samples, 2, "age", 1.0));
  predictions.rows.back().source = "captured";
  collected = collect_answers(predictions, samples, "p", "s");
  EXPECT_EQ(collected->heads[0].source, "captured");
}

TEST(Groups, SpellingsMergeValuesMissBelongNowhere) {
  const Samples samples = make_samples(
      {"race", "gender"},
      {{"Black", "Female"}, {" black", "Male"}, {"White", ""}, {"", "Male"}, {"White", "Male"}});
  const auto groupings = make_groupings(samples, {"race", "gender", "race"}, 2, "s");
  ASSERT_TRUE(groupings) << describe(groupings.error());
  ASSERT_EQ(groupings->sets.size(), 4U);  // everyone, race, gender, both
  EXPECT_EQ(groupings->sets[1].groups.size(), 2U);
  EXPECT_EQ(groupings->sets[1].group_of, (std::vector<int>{0, 0, 1, -1, 1}));
  EXPECT_EQ(groupings->sets[3].attribute, "race&gender");
  EXPECT_EQ(groupings->sets[3].groups.size(), 3U);  // only those that occur
  EXPECT_EQ(groupings->sets[3].group_of[2], -1);
  EXPECT_EQ(groupings->limits.size(), 3U);
}

TEST(Groups, IntersectionsOfThree) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 8; ++i)
    rows.push_back({i & 1 ? "a" : "b", i & 2 ? "c" : "d", i & 4 ? "e" : "f"});
  const Samples samples = make_samples({"x", "y", "z"}, rows);
  const auto groupings = make_groupings(samples, {}, 3, "s");
  ASSERT_TRUE(groupings);
  EXPECT_EQ(groupings->sets.size(), 1U + 3U + 3U + 1U);
  EXPECT_EQ(groupings->sets.back().attribute, "x&y&z");
  EXPECT_EQ(groupings->sets.back().groups.size(), 8U);
}

TEST(Groups, TooManyAreRefused) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 2500; ++i) rows.push_back({"name" + std::to_string(i)});
  const auto groupings = make_groupings(make_samples({"name"}, rows), {"name"}, 1, "s.csv");
  ASSERT_FALSE(groupings);
  EXPECT_EQ(groupings.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(make_groupings(make_samples({"name"}, {{""}, {" "}}), {"name"}, 1, "s.csv"));
}

TEST(Targets, NamesAgreeAsWordsAndSynonyms) {
  const Samples samples = make_samples({"age", "sex", "race", "page"}, {{"1", "F", "x", "3"}});
  const auto matched =
      match_targets({"model_age_q", "gender", "ethnicity-net", "embedding"}, samples, {});
  ASSERT_TRUE(matched);
  ASSERT_EQ(matched->targets.size(), 3U);
  EXPECT_EQ(matched->targets[0].column, 0U);
  EXPECT_EQ(matched->targets[1].column, 1U);
  EXPECT_EQ(matched->targets[2].column, 2U);
  ASSERT_EQ(matched->limits.size(), 1U);
  EXPECT_NE(matched->limits[0].where.find("embedding"), std::string::npos);
  // A head that fits two columns is left out rather than guessed.
  const auto unclear = match_targets({"age_race", "age"}, samples, {});
  ASSERT_TRUE(unclear);
  EXPECT_EQ(unclear->targets.size(), 1U);
}

TEST(Targets, AContainedNameYieldsToTheHeadOfTheColumn) {
  const Samples samples = make_samples({"gender", "race"}, {{"F", "x"}});
  const std::vector<std::string> heads = {"gender_confidence", "gender", "race", "race_score"};
  AssessOptions given;
  given.targets = {{"gender", "gender"}};
  for (const AssessOptions& options : {AssessOptions{}, given}) {
    const auto matched = match_targets(heads, samples, options);
    ASSERT_TRUE(matched);
    ASSERT_EQ(matched->targets.size(), 2U);
    EXPECT_EQ(matched->targets[0].head, "gender");
    EXPECT_EQ(matched->targets[1].head, "race");
    ASSERT_EQ(matched->limits.size(), 2U);
    EXPECT_NE(matched->limits[0].where.find("gender_confidence"), std::string::npos);
    EXPECT_NE(matched->limits[0].why.find("truth of head gender"), std::string::npos);
  }
  // A head that is given a column under another name has it as well.
  AssessOptions renamed;
  renamed.targets = {{"sexnet", "gender"}};
  const auto matched = match_targets({"gender_confidence", "sexnet"}, samples, renamed);
  ASSERT_TRUE(matched);
  ASSERT_EQ(matched->targets.size(), 1U);
  EXPECT_EQ(matched->targets[0].head, "sexnet");
}

TEST(Targets, AGivenTargetWithoutAColumnLeavesItsHeadOut) {
  const Samples samples = make_samples({"gender", "race"}, {{"F", "x"}});
  AssessOptions options;
  options.targets = {{"gender", ""}};
  const auto matched = match_targets({"gender", "gender_confidence", "race"}, samples, options);
  ASSERT_TRUE(matched);
  // The column is free again for the head that contains its name.
  ASSERT_EQ(matched->targets.size(), 2U);
  EXPECT_EQ(matched->targets[0].head, "gender_confidence");
  ASSERT_EQ(matched->limits.size(), 1U);
  EXPECT_EQ(matched->limits[0].where, "head gender");
  options.targets = {{"gender", ""}, {"gender", "gender"}};
  EXPECT_FALSE(match_targets({"gender"}, samples, options));
  options.targets = {{"nobody", ""}};
  EXPECT_FALSE(match_targets({"gender"}, samples, options));
}

}  // namespace
}  // namespace dl::assess
