// SPDX-License-Identifier: Apache-2.0
// Published predictions of others, assessed as a user would, against what their authors and scipy
// report.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "assess_fixture.h"
#include "daylight/artifact/table.h"
#include "daylight/assess/hypothesis_tests.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "support/shared_data.h"

namespace dl::assess {
namespace {

using testing::assess_or_fail;
using testing::find_estimate;
using testing::find_test;
using testing::find_verdict;

nlohmann::json golden_expected(const std::string& id) {
  const auto text = read_file(dl::testing::project_file("tests/golden/golden.json"));
  if (!text) return {};
  const auto golden = nlohmann::json::parse(*text);
  for (const auto& item : golden["cases"]) {
    if (item["id"] == id) return item["expected"];
  }
  return {};
}

std::string cell(const Table& table, std::size_t row, const std::string& column) {
  return table.rows[row][*table.find(column)];
}

// Samples with the columns asked for; the file is the id column's value.
Samples samples_of(const Table& table, const std::string& id,
                   const std::vector<std::string>& attributes) {
  Samples samples;
  samples.attributes = attributes;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    Sample sample;
    sample.file = cell(table, r, id);
    for (const auto& attribute : attributes) sample.values.push_back(cell(table, r, attribute));
    samples.rows.push_back(std::move(sample));
  }
  return samples;
}

Predictions labels_of(const Table& table, const std::string& id,
                      const std::vector<std::string>& heads) {
  Predictions predictions;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    for (const auto& head : heads) {
      Prediction prediction;
      prediction.file = cell(table, r, id);
      prediction.head = head;
      prediction.label = cell(table, r, head);
      predictions.rows.push_back(std::move(prediction));
    }
  }
  return predictions;
}

class FaceModels : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// Two models on 3,000 FairFace pictures: the accuracies that their evaluator published.
TEST_P(FaceModels, ReproduceThePublishedAccuracies) {
  DAYLIGHT_SHARED_OR_SKIP(folder, "assess/hugotrbt_fairface3k");
  const auto [file, name] = GetParam();
  const auto truth = read_csv(folder / "train_labels_inferred_only.csv");
  const auto answers = read_csv(folder / file);
  ASSERT_TRUE(truth && answers);
  const Samples samples = samples_of(*truth, "image_id", {"age", "gender", "race"});
  const Predictions predictions = labels_of(*answers, "image_id", {"age", "gender", "race"});
  AssessOptions options;
  options.by = {"race", "gender"};
  options.intersections = 2;
  options.permutations = 999;
  // The models know one Asian class.
  options.label_rules = {{"race", "East Asian", "Asian"}, {"race", "Southeast Asian", "Asian"}};
  const Assessment assessment = assess_or_fail(predictions, samples, options);
  const auto expected = golden_expected("anchor_readme_hugotrbt")["recomputed"][name];
  const auto value = [&](const testing::Where& where) {
    const Estimate* estimate = find_estimate(assessment, where);
    return estimate != nullptr && estimate->value ? *estimate->value : -1.0;
  };
  EXPECT_NEAR(value({"gender", "accuracy", "", "", "", "all"}), expected["gender_acc"], 1e-12);
  EXPECT_NEAR(value({"gender", "tpr", "Female"}), expected["female_recall"], 1e-12);
  EXPECT_NEAR(value({"gender", "tpr", "Male"}), expected["male_recall"], 1e-12);
  EXPECT_NEAR(value({"age", "accuracy", "", "", "", "all"}), expected["age_acc"], 1e-12);
  // "more than 70" and "70+" are one bracket, and the artifact says so.
  const TargetMatch& age = assessment.targets.front();
  const std::pair<std::string, std::string> same = {"70+", "more than 70"};
  const bool said =
      std::find(age.label_map.begin(), age.label_map.end(), same) != age.label_map.end();
  EXPECT_EQ(said, std::string(name) == "facellm");
}

INSTANTIATE_TEST_SUITE_P(Hugotrbt, FaceModels,
                         ::testing::Values(std::pair{"deepface_3k.csv", "deepface"},
                                           std::pair{"facellm_3k.csv", "facellm"}),
                         [](const auto& instance) { return std::string(instance.param.second); });

TEST(RealSets, DeepFaceGenderByRaceHasThePublishedChiSquared) {
  DAYLIGHT_SHARED_OR_SKIP(folder, "assess/hugotrbt_fairface3k");
  const auto truth = read_csv(folder / "train_labels_inferred_only.csv");
  const auto answers = read_csv(folder / "deepface_3k.csv");
  ASSERT_TRUE(truth && answers);
  const Samples samples = samples_of(*truth, "image_id", {"gender", "race"});
  AssessOptions options;
  options.by = {"race", "gender"};
  options.intersections = 2;
  options.permutations = 999;
  const Assessment assessment =
      assess_or_fail(labels_of(*answers, "image_id", {"gender"}), samples, options);
  const TestResult* test = find_test(assessment, "gender/accuracy/race");
  ASSERT_TRUE(test != nullptr && test->statistic);
  EXPECT_NEAR(*test->statistic, 97.12354749185334, 1e-9);
  EXPECT_EQ(find_verdict(assessment, "gender/race")->outcome, "disparity-found");
  // 12.96 % of Black women and 51.1 % of White women were called women.
  const Estimate* black =
      find_estimate(assessment, {"gender", "accuracy", "", "race&gender", "Black & Female", "all"});
  const Estimate* white =
      find_estimate(assessment, {"gender", "accuracy", "", "race&gender", "White & Female", "all"});
  ASSERT_TRUE(black != nullptr && white != nullptr);
  EXPECT_NEAR(*black->value, 0.1296, 5e-5);
  EXPECT_NEAR(*white->value, 0.511, 5e-4);
  // Two rows of the predictions have no truth: said, not hidden.
  const bool said =
      std::any_of(assessment.limits.begin(), assessment.limits.end(), [](const Gap& gap) {
        return gap.why.find("2 of 3000 rows name files") != std::string::npos;
      });
  EXPECT_TRUE(said);
}

TEST(RealSets, FaceAgeHasThePublishedErrors) {
  DAYLIGHT_SHARED_OR_SKIP(file, "assess/faceage_utk/utk_hi-res_qa_res-ext_data.csv");
  const auto table = read_csv(file);
  ASSERT_TRUE(table);
  const Samples samples = samples_of(*table, "subj_id", {"age", "gender", "race"});
  Predictions predictions;
  for (std::size_t r = 0; r < table->rows.size(); ++r) {
    predictions.rows.push_back(
        testing::valued(samples, r, "faceage", *parse_double(cell(*table, r, "faceage"))));
  }
  AssessOptions options;
  options.targets = {{"faceage", "age"}};
  options.by = {"race", "gender"};
  options.error_test = "kruskal-wallis";
  const Assessment assessment = assess_or_fail(predictions, samples, options);
  const auto expected = golden_expected("mae_by_race_faceage_utk");
  EXPECT_NEAR(*find_estimate(assessment, {"faceage", "mae"})->value, 7.459, 5e-4);
  for (std::size_t race = 0; race < 5; ++race) {
    const Estimate* e =
        find_estimate(assessment, {"faceage", "mae", "", "race", std::to_string(race)});
    ASSERT_NE(e, nullptr);
    EXPECT_NEAR(*e->value, expected["mae"][race], 1e-11);
    EXPECT_EQ(e->n, expected["n"][race].get<std::uint64_t>());
    EXPECT_EQ(e->method, "bootstrap-bca");
    // An interval of a mean lies within a few standard errors: sd / sqrt(n) is known from the
    // oracle.
    const double se = expected["sd"][race].get<double>() / std::sqrt(static_cast<double>(e->n));
    EXPECT_NEAR(*e->high - *e->low, 2.0 * 1.96 * se, 0.5 * se) << race;
  }
  const TestResult* test = find_test(assessment, "faceage/mae/race");
  ASSERT_TRUE(test != nullptr && test->p);
  EXPECT_NEAR(*test->statistic, expected["kruskal_H"], 1e-9);
  EXPECT_NEAR(*test->p / expected["kruskal_p"].get<double>(), 1.0, 1e-9);
  EXPECT_EQ(assessment.targets.front().age_truth->convention, "exact");
}

TEST(RealSets, WelchOfFaceAgeEqualsScipy) {
  DAYLIGHT_SHARED_OR_SKIP(file, "assess/faceage_utk/utk_hi-res_qa_res-ext_data.csv");
  const auto table = read_csv(file);
  ASSERT_TRUE(table);
  std::vector<std::vector<double>> errors(5);
  for (std::size_t r = 0; r < table->rows.size(); ++r) {
    const auto race = static_cast<std::size_t>(*parse_integer(cell(*table, r, "race")));
    errors[race].push_back(std::abs(*parse_double(cell(*table, r, "faceage")) -
                                    *parse_double(cell(*table, r, "age"))));
  }
  std::vector<Moments> moments;
  for (const auto& group : errors) moments.push_back(moments_of(group));
  const auto expected = golden_expected("mae_by_race_faceage_utk");
  const TestOutcome anova = welch_anova(moments);
  EXPECT_NEAR(*anova.statistic, expected["welch_F"], 1e-10);
  EXPECT_NEAR(*anova.p / expected["welch_p"].get<double>(), 1.0, 1e-9);
  const TestOutcome t = welch_t_test(moments[1], moments[0]);
  EXPECT_NEAR(*t.statistic, expected["welch_t_1v0"], 1e-10);
  EXPECT_NEAR(*t.df, expected["welch_t_df"], 1e-8);
  EXPECT_NEAR(*t.p / expected["welch_t_p"].get<double>(), 1.0, 1e-9);
}

// 47.8 % of Black faces and 26.9 % of Latino ones were not found by the detector: failures are
// outcomes of their own.
TEST(RealSets, FacesThatTheDetectorMissedAreCountedByGroup) {
  DAYLIGHT_SHARED_OR_SKIP(folder, "assess/hugotrbt_fairface3k");
  const auto truth = read_csv(folder / "train_labels_inferred_only.csv");
  const auto answers = read_csv(folder / "deepface_3k.csv");
  ASSERT_TRUE(truth && answers);
  const Samples samples = samples_of(*truth, "image_id", {"gender", "race"});
  Predictions predictions = labels_of(*answers, "image_id", {"gender"});
  for (std::size_t r = 0; r < answers->rows.size(); ++r) {
    if (*parse_double(cell(*answers, r, "face_confidence")) != 0.0) continue;
    predictions.rows[r].label.clear();
    predictions.rows[r].status = PredictionStatus::kNoFace;
  }
  AssessOptions options;
  options.by = {"race"};
  const Assessment assessment = assess_or_fail(predictions, samples, options);
  EXPECT_NEAR(*find_estimate(assessment, {"gender", "failure_rate", "", "race", "Black"})->value,
              0.478, 5e-4);
  EXPECT_NEAR(
      *find_estimate(assessment, {"gender", "failure_rate", "", "race", "Latino_Hispanic"})->value,
      0.269, 5e-4);
  const Estimate* all =
      find_estimate(assessment, {"gender", "accuracy", "", "race", "Black", "all"});
  const Estimate* answered =
      find_estimate(assessment, {"gender", "accuracy", "", "race", "Black", "answered"});
  EXPECT_LT(*all->value, *answered->value);
  EXPECT_LT(answered->n, all->n);
  EXPECT_LE(*find_test(assessment, "gender/failure_rate/race")->p_adjusted, 0.05);
}

}  // namespace
}  // namespace dl::assess
