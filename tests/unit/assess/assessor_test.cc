// SPDX-License-Identifier: Apache-2.0
// The whole assessment on small tables made by hand: denominators, failures, refusals, verdicts,
// alternatives.
#include "daylight/assess/assessor.h"

#include <algorithm>

#include "assess_fixture.h"
#include "daylight/assess/random_stream.h"
#include "daylight/base/json.h"

namespace dl::assess {
namespace {

using testing::assess_or_fail;
using testing::failed;
using testing::find_disparity;
using testing::find_estimate;
using testing::find_test;
using testing::find_verdict;
using testing::labelled;
using testing::make_samples;
using testing::valued;

// 40 people, half of each gender, half from each town; women of town B are never recognised.
struct Town {
  Samples samples;
  Predictions predictions;
};

Town make_town() {
  Town town;
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 80; ++i) rows.push_back({i % 2 == 0 ? "Female" : "Male", i < 40 ? "A" : "B"});
  town.samples = make_samples({"gender", "town"}, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool missed = rows[i][0] == "Female" && rows[i][1] == "B";
    town.predictions.rows.push_back(
        labelled(town.samples, i, "gender", missed ? "Male" : rows[i][0]));
  }
  return town;
}

bool has_limit(const Assessment& assessment, const std::string& part) {
  return std::any_of(assessment.limits.begin(), assessment.limits.end(), [&](const Gap& gap) {
    return (gap.where + ": " + gap.why).find(part) != std::string::npos;
  });
}

TEST(Assessor, RatesOfASmallTownAreThoseCountedByHand) {
  const Town town = make_town();
  AssessOptions options;
  options.by = {"town"};
  const Assessment a = assess_or_fail(town.predictions, town.samples, options);
  const Estimate* accuracy = find_estimate(a, {"gender", "accuracy", "", "town", "B", "all"});
  ASSERT_NE(accuracy, nullptr);
  EXPECT_EQ(accuracy->n, 40U);
  EXPECT_EQ(*accuracy->k, 20.0);
  EXPECT_EQ(*accuracy->value, 0.5);
  EXPECT_EQ(*find_estimate(a, {"gender", "tpr", "Female", "town", "B"})->value, 0.0);
  EXPECT_EQ(*find_estimate(a, {"gender", "fpr", "Male", "town", "B"})->value, 1.0);
  EXPECT_EQ(*find_estimate(a, {"gender", "selection_rate", "Male", "town", "B"})->value, 1.0);
  EXPECT_EQ(find_estimate(a, {"gender", "tpr", "Female", "town", "B"})->n, 20U);
  const Disparity* difference = find_disparity(a, {"gender", "accuracy", "", "town", "B"});
  EXPECT_EQ(*difference->value, -0.5);
  EXPECT_LT(*difference->high, 0.0);
  EXPECT_LE(*difference->p_adjusted, 0.05);
  EXPECT_EQ(*find_disparity(a, {"gender", "accuracy", "", "town", "B"}, "ratio")->value, 0.5);
  EXPECT_EQ(find_verdict(a, "gender/town")->outcome, "disparity-found");
}

TEST(Assessor, FailuresStayInTheDenominators) {
  Town town = make_town();
  // Ten people of town A are no longer found, and five have no row at all.
  for (std::size_t i = 0; i < 10; ++i)
    town.predictions.rows[i] = failed(town.samples, i, "gender", PredictionStatus::kNoFace);
  town.predictions.rows.erase(town.predictions.rows.begin() + 10,
                              town.predictions.rows.begin() + 15);
  AssessOptions options;
  options.by = {"town"};
  const Assessment a = assess_or_fail(town.predictions, town.samples, options);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "town", "A", "all"})->n, 40U);
  EXPECT_EQ(*find_estimate(a, {"gender", "accuracy", "", "town", "A", "all"})->k, 25.0);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "town", "A", "answered"})->n, 25U);
  EXPECT_EQ(*find_estimate(a, {"gender", "accuracy", "", "town", "A", "answered"})->value, 1.0);
  EXPECT_EQ(*find_estimate(a, {"gender", "failure_rate", "", "town", "A"})->k, 15.0);
  std::uint64_t no_face = 0;
  std::uint64_t missing = 0;
  std::uint64_t total = 0;
  for (const OutcomeCount& outcome : a.outcomes) {
    if (outcome.attribute != "town" || outcome.group != "A") continue;
    total += outcome.n;
    if (outcome.status == "no-face") no_face = outcome.n;
    if (outcome.status == "missing") missing = outcome.n;
  }
  EXPECT_EQ(no_face, 10U);
  EXPECT_EQ(missing, 5U);
  EXPECT_EQ(total, 40U);
  EXPECT_TRUE(has_limit(a, "5 of 80 samples have no row"));
}

TEST(Assessor, AHeadWithoutAnyAnswerIsCountedNotRefused) {
  const std::vector<std::string> person = {"Female", "31", "A"};
  const Samples samples =
      make_samples({"gender", "age", "town"}, std::vector<std::vector<std::string>>(30, person));
  Predictions predictions;
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    predictions.rows.push_back(failed(samples, i, "gender", PredictionStatus::kCrash));
    predictions.rows.push_back(failed(samples, i, "age", PredictionStatus::kTimeout));
  }
  AssessOptions options;
  options.by = {"town"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "town", "A", "all"})->n, 30U);
  EXPECT_EQ(*find_estimate(a, {"gender", "accuracy", "", "town", "A", "all"})->k, 0.0);
  EXPECT_EQ(*find_estimate(a, {"gender", "failure_rate", "", "town", "A"})->value, 1.0);
  EXPECT_EQ(*find_estimate(a, {"age", "failure_rate", "", "town", "A"})->value, 1.0);
  EXPECT_EQ(find_verdict(a, "gender/town")->outcome, "not-decidable");
  EXPECT_EQ(find_verdict(a, "age/town")->outcome, "not-decidable");
}

TEST(Assessor, EmptyAndOneSidedCellsAreNotEstimable) {
  Town town = make_town();
  AssessOptions options;
  options.by = {"gender"};
  const Assessment a = assess_or_fail(town.predictions, town.samples, options);
  const Estimate* nobody = find_estimate(a, {"gender", "tpr", "Female", "gender", "Male"});
  ASSERT_NE(nobody, nullptr);
  EXPECT_EQ(nobody->n, 0U);
  EXPECT_FALSE(nobody->value);
  EXPECT_FALSE(nobody->low);
  EXPECT_NE(nobody->why.find("nobody of label Female"), std::string::npos);
  const TestResult* failures = find_test(a, "gender/failure_rate/gender");
  EXPECT_FALSE(failures->p);
  EXPECT_FALSE(failures->p_adjusted);
  EXPECT_FALSE(failures->why.empty());
  EXPECT_FALSE(find_disparity(a, {"gender", "tpr", "Female", "gender", "Male"})->value);
  // The selection rate by the truth itself is no disparity, and is not given.
  EXPECT_EQ(find_estimate(a, {"gender", "selection_rate", "Male", "gender", "Male"}), nullptr);
}

TEST(Assessor, SmallGroupsAreShownListedAndNotTested) {
  std::vector<std::vector<std::string>> rows(50, {"Female", "A"});
  for (int i = 0; i < 50; ++i) rows.push_back({"Male", "B"});
  for (int i = 0; i < 3; ++i) rows.push_back({"Male", "C"});
  const Samples samples = make_samples({"gender", "town"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.rows.push_back(labelled(samples, i, "gender", i % 3 == 0 ? "Male" : "Female"));
  AssessOptions options;
  options.by = {"town"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "town", "C", "all"})->n, 3U);
  EXPECT_TRUE(find_estimate(a, {"gender", "accuracy", "", "town", "C", "all"})->low);
  EXPECT_FALSE(find_disparity(a, {"gender", "accuracy", "", "town", "C"})->p);
  EXPECT_TRUE(has_limit(a, "town=C: 3 people"));
  EXPECT_EQ(*find_test(a, "gender/accuracy/town")->df, 1.0);
}

TEST(Assessor, AScalarHeadHasErrorsWithBootstrapIntervals) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 120; ++i)
    rows.push_back({std::to_string(20 + i % 40), i % 2 == 0 ? "x" : "y"});
  const Samples samples = make_samples({"age", "kind"}, rows);
  Predictions predictions;
  RandomStream noise(5, "noise");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double shift = i % 2 == 0 ? 8.0 : 1.0;
    predictions.rows.push_back(
        valued(samples, i, "age", 20.0 + static_cast<double>(i % 40) + shift + noise.normal()));
  }
  AssessOptions options;
  options.by = {"kind"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  const Disparity* mae = find_disparity(a, {"age", "mae", "", "kind", "x"});
  ASSERT_TRUE(mae != nullptr && mae->low && mae->high);
  EXPECT_LT(*mae->low, 7.0);
  EXPECT_GT(*mae->high, 6.3);
  EXPECT_EQ(mae->method, "bootstrap-bca, permutation-welch-t");
  EXPECT_LE(*mae->p_adjusted, 0.001);
  EXPECT_EQ(find_estimate(a, {"age", "mae"})->denominator, "answered");
  EXPECT_EQ(find_disparity(a, {"age", "signed_error", "", "kind", "x"}, "ratio"), nullptr);
  const Verdict* verdict = find_verdict(a, "age/kind");
  EXPECT_EQ(verdict->outcome, "disparity-found");
  EXPECT_NE(verdict->text.find("years"), std::string::npos);
}

TEST(Assessor, EqualErrorsHaveNoIntervalAndNoTest) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 40; ++i) rows.push_back({"30", i % 2 == 0 ? "x" : "y"});
  const Samples samples = make_samples({"age", "kind"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.rows.push_back(valued(samples, i, "age", 33.0));
  AssessOptions options;
  options.by = {"kind"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  const Estimate* mae = find_estimate(a, {"age", "mae", "", "kind", "x"});
  EXPECT_EQ(*mae->value, 3.0);
  EXPECT_FALSE(mae->low);
  EXPECT_FALSE(mae->why.empty());
  EXPECT_FALSE(find_test(a, "age/mae/kind")->p);
  EXPECT_EQ(find_verdict(a, "age/kind")->outcome, "not-decidable");
}

TEST(Assessor, NoneFoundSaysWhatWouldHaveBeenFound) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 2000; ++i)
    rows.push_back({i % 3 == 0 ? "Female" : "Male", i % 2 == 0 ? "x" : "y"});
  const Samples samples = make_samples({"gender", "kind"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool wrong = i % 10 == 0 || i % 10 == 5;  // one in ten of either kind
    predictions.rows.push_back(
        labelled(samples, i, "gender", (rows[i][0] == "Female") != wrong ? "Female" : "Male"));
  }
  AssessOptions options;
  options.by = {"kind"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  const Verdict* verdict = find_verdict(a, "gender/kind");
  EXPECT_EQ(verdict->outcome, "no-disparity-found");
  EXPECT_NE(verdict->text.find("points"), std::string::npos);
  EXPECT_NE(verdict->text.find("does not prove equality"), std::string::npos);
  // A tenth of the people cannot decide it.
  Samples few = samples;
  few.rows.resize(24);
  Predictions few_predictions = predictions;
  few_predictions.rows.resize(24);
  const Assessment b = assess_or_fail(few_predictions, few, options);
  EXPECT_EQ(find_verdict(b, "gender/kind")->outcome, "not-decidable");
}

TEST(Assessor, AlternativesAreComparedAndVerdictsMadeAgain) {
  Town town = make_town();
  const std::size_t n = town.predictions.rows.size();
  for (std::size_t i = 0; i < n; ++i) {
    Prediction same = town.predictions.rows[i];
    same.alternative = "same";
    town.predictions.rows.push_back(same);
    Prediction fair = town.predictions.rows[i];
    fair.alternative = "fair";
    fair.label = town.samples.rows[i].values[0];
    town.predictions.rows.push_back(fair);
  }
  AssessOptions options;
  options.by = {"town"};
  const Assessment a = assess_or_fail(town.predictions, town.samples, options);
  std::size_t rows = 0;
  for (const Sensitivity& s : a.sensitivity) {
    ++rows;
    const bool fair = s.alternative == "fair";
    EXPECT_EQ(s.verdicts_survive, !fair) << s.alternative << s.group;
    if (s.group == "B") {
      EXPECT_EQ(s.label_changes, fair ? 20U : 0U);
      EXPECT_EQ(*s.metric_change, fair ? 0.5 : 0.0);
    }
    EXPECT_EQ(s.metric, "accuracy");
  }
  EXPECT_EQ(rows, 6U);  // two alternatives x (everyone, A, B)
}

TEST(Assessor, BracketBoundsDecideOnlyWhatHoldsForEveryAge) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 200; ++i) rows.push_back({"20-29", i % 2 == 0 ? "x" : "y"});
  const Samples samples = make_samples({"age", "kind"}, rows);
  const auto assess_with_shift = [&](double shift) {
    Predictions predictions;
    RandomStream noise(5, "noise");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      predictions.rows.push_back(
          valued(samples, i, "age", (i % 2 == 0 ? 25.0 + shift : 25.0) + noise.normal()));
    }
    AssessOptions options;
    options.by = {"kind"};
    options.age_truth = "bounds";
    return assess_or_fail(predictions, samples, options);
  };
  const Assessment wide = assess_with_shift(3.0);
  EXPECT_EQ(find_verdict(wide, "age/kind")->outcome, "not-decidable");
  EXPECT_LT(*find_estimate(wide, {"age", "mae_lower", "", "kind", "x"})->value,
            *find_estimate(wide, {"age", "mae_upper", "", "kind", "x"})->value);
  const Assessment far = assess_with_shift(30.0);
  EXPECT_EQ(find_verdict(far, "age/kind")->outcome, "disparity-found");
  EXPECT_GT(*find_disparity(far, {"age", "mae", "", "kind", "x"})->low, 0.0);
  EXPECT_EQ(far.targets.front().age_truth->convention, "bounds");
}

TEST(Assessor, ABracketAnswerAgainstABracketColumnIsAccuracy) {
  const Samples samples = make_samples(
      {"age", "kind"}, {{"0-2", "x"}, {"9-Mar", "x"}, {"more than 70", "y"}, {"0-2", "y"}});
  Predictions predictions;
  for (std::size_t i = 0; i < 4; ++i) {
    predictions.rows.push_back(
        labelled(samples, i, "age", std::vector<std::string>{"0-2", "3-9", "70+", "10-19"}[i]));
  }
  AssessOptions options;
  options.by = {"kind"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  EXPECT_EQ(*find_estimate(a, {"age", "accuracy", "", "", "", "all"})->value, 0.75);
  EXPECT_EQ(a.targets.front().kind, "label");
  EXPECT_GE(a.targets.front().label_map.size(), 2U);
}

TEST(Assessor, ExactAgesAsAGroupAreBandedAndOtherNumbersRefused) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 100; ++i)
    rows.push_back({i % 2 == 0 ? "Male" : "Female", std::to_string(i), std::to_string(i * 7)});
  const Samples samples = make_samples({"gender", "age", "postcode"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.rows.push_back(labelled(samples, i, "gender", rows[i][0]));
  AssessOptions options;
  options.by = {"age"};
  const Assessment a = assess_or_fail(predictions, samples, options);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "age", "20-29", "all"})->n, 10U);
  EXPECT_EQ(find_estimate(a, {"gender", "accuracy", "", "age", "more than 70", "all"})->n, 30U);
  EXPECT_TRUE(has_limit(a, "exact ages were grouped"));
  options.by = {"postcode"};
  const auto refused = assess(predictions, samples, options, null_log());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("'postcode'"), std::string::npos);
  EXPECT_FALSE(refused.error().hint.empty());
}

TEST(Assessor, SameInputsGiveTheSameBytesAndAnotherSeedDoesNot) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 60; ++i)
    rows.push_back({std::to_string(20 + i % 30), i % 2 == 0 ? "x" : "y"});
  const Samples samples = make_samples({"age", "kind"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.rows.push_back(valued(samples, i, "age", 35.0));
  AssessOptions options;
  options.by = {"kind"};
  const std::string first = dump_json(to_json(assess_or_fail(predictions, samples, options)));
  EXPECT_EQ(first, dump_json(to_json(assess_or_fail(predictions, samples, options))));
  // The order of prediction rows does not matter.
  Predictions reversed = predictions;
  std::reverse(reversed.rows.begin(), reversed.rows.end());
  EXPECT_EQ(first, dump_json(to_json(assess_or_fail(reversed, samples, options))));
  options.seed = 2;
  EXPECT_NE(first, dump_json(to_json(assess_or_fail(predictions, samples, options))));
  // What is written reads back as the same.
  const auto json = parse_json(first, "a.json");
  ASSERT_TRUE(json);
  const auto back = assessment_from_json(*json, "a.json");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(dump_json(to_json(*back)), first);
}

// --- Refusals: each names file, column or head, value, and what to do
// -----------------------------------------------

Error refusal(const Predictions& predictions, const Samples& samples,
              const AssessOptions& options) {
  const auto result = assess(predictions, samples, options, null_log());
  if (result) {
    ADD_FAILURE() << "was accepted";
    return {};
  }
  return result.error();
}

void expect_says(const Error& error, const std::vector<std::string>& parts) {
  const std::string text = describe(error);
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
}

TEST(AssessorRefusals, SayWhatWhereAndWhatToDo) {
  const Town town = make_town();
  AssessOptions options;
  options.samples_name = "s.csv";
  options.predictions_name = "p.csv";
  options.by = {"race"};
  expect_says(refusal(town.predictions, town.samples, options),
              {"s.csv", "'race'", "gender, town", "--by"});
  options.by = {"town"};
  options.targets = {{"gender", "sex"}};
  expect_says(refusal(town.predictions, town.samples, options),
              {"s.csv", "'sex'", "gender, town", "--target"});
  options.targets = {{"genre", "gender"}};
  expect_says(refusal(town.predictions, town.samples, options),
              {"p.csv", "'genre'", "gender", "--target"});
  options.targets = {{"gender", "gender"}, {"gender", "town"}};
  expect_says(refusal(town.predictions, town.samples, options), {"two columns"});
  options.targets = {};

  Town misspelt = make_town();
  misspelt.samples.rows[7].values[0] = "Mael";
  expect_says(refusal(misspelt.predictions, misspelt.samples, options),
              {"s.csv:9", "'gender'", "'Mael'", "Female, Male"});

  Town foreign = make_town();
  foreign.predictions.rows[3].label = "Robot";
  expect_says(refusal(foreign.predictions, foreign.samples, options),
              {"p.csv", "'Robot'", "1 times", "Female, Male", "--label"});

  Town elsewhere = make_town();
  for (Prediction& row : elsewhere.predictions.rows) row.file = "other/" + row.file + ".jpg";
  expect_says(refusal(elsewhere.predictions, elsewhere.samples, options),
              {"p.csv", "none of its 80 rows", "s.csv", "img/0.png"});

  Town unnamed = make_town();
  for (Prediction& row : unnamed.predictions.rows) row.head = "output_0";
  expect_says(refusal(unnamed.predictions, unnamed.samples, options),
              {"output_0", "gender, town", "--target HEAD=COLUMN"});

  Town probability = make_town();
  for (Prediction& row : probability.predictions.rows) {
    row.label.clear();
    row.score = 0.7;
  }
  expect_says(refusal(probability.predictions, probability.samples, options),
              {"gives one number", "Female, Male", "--positive"});
  options.positive = {{"gender", "Robot"}};
  expect_says(refusal(probability.predictions, probability.samples, options),
              {"'Robot'", "Female, Male"});
  options.positive = {{"gender", "Male"}};
  EXPECT_TRUE(assess(probability.predictions, probability.samples, options, null_log()));
  options.positive = {};

  Town years = make_town();
  for (Prediction& row : years.predictions.rows) {
    row.label.clear();
    row.value = 33.0;
  }
  options.positive = {{"gender", "Male"}};
  expect_says(refusal(years.predictions, years.samples, options), {"outside 0 to 1"});
}

TEST(AssessorRefusals, OneMistypedAgeIsNamedWithItsLine) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 60; ++i) rows.push_back({i % 2 == 0 ? "20-29" : "30-39"});
  rows[30][0] = "2O-29";
  const Samples samples = make_samples({"age"}, rows);
  Predictions predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.rows.push_back(valued(samples, i, "age", 25.0));
  AssessOptions options;
  options.samples_name = "s.csv";
  expect_says(refusal(predictions, samples, options),
              {"s.csv:32", "'age'", "'2O-29'", "20-29 or 70+", "correct the value"});
}

TEST(AssessorRefusals, OptionsThatMakeNoSense) {
  const Town town = make_town();
  const auto refuses = [&](auto change) {
    AssessOptions options;
    change(options);
    return !assess(town.predictions, town.samples, options, null_log());
  };
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.confidence = 1.0; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.fdr = 0.0; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.intersections = 0; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.bootstrap = 7; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.permutations = 3; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.age_truth = "guess"; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.interval = "wald"; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.adjustment = "none"; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.error_test = "t"; }));
  EXPECT_TRUE(refuses([](AssessOptions& o) { o.bootstrap_interval = "t"; }));
  EXPECT_FALSE(refuses([](AssessOptions& o) { o.bootstrap = 0; }));
}

class StopAtOnce : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() const override { return true; }
};

TEST(AssessorRefusals, StopsWhenAskedTo) {
  const Town town = make_town();
  StopAtOnce log;
  const auto result = assess(town.predictions, town.samples, {}, log);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace dl::assess
