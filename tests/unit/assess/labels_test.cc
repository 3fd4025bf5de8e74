// SPDX-License-Identifier: Apache-2.0
// Spellings of labels and brackets, and the refusals when vocabularies do not meet.
#include "daylight/assess/labels.h"

#include <gtest/gtest.h>

#include "daylight/assess/age_truth.h"
#include "daylight/assess/label_match.h"

namespace dl::assess {
namespace {

TEST(AgeBrackets, ManySpellingsOfOneBracket) {
  const AgeBracket twenties = {20, 29};
  for (const char* text : {"20-29", " 20-29", "20 - 29", "20–29", "20—29", "(20, 29)", "[20-29]",
                           "20 to 29", "20_to_29", "20-29 years", "aged 20-29", "20~29"}) {
    EXPECT_EQ(parse_age_bracket(text), twenties) << text;
  }
  const AgeBracket old = {70, {}};
  for (const char* text :
       {"more than 70", "More than 70", "70+", "70 +", ">70", ">=70", "over 70", "70 and over",
        "70 or older", "70 plus", "more_than_70", "at least 70 years"}) {
    EXPECT_EQ(parse_age_bracket(text), old) << text;
  }
  EXPECT_EQ(parse_age_bracket("under 3"), (AgeBracket{0, 2.0}));
  EXPECT_EQ(parse_age_bracket("<3"), (AgeBracket{0, 2.0}));
}

TEST(AgeBrackets, DatesThatSpreadsheetsMakeOfBrackets) {
  for (const char* text : {"9-Mar", "3-Sep", "Mar-09", "09-Mar"}) {
    EXPECT_EQ(parse_age_bracket(text), (AgeBracket{3, 9.0})) << text;
  }
  EXPECT_EQ(parse_age_bracket("19-Oct"), (AgeBracket{10, 19.0}));
  EXPECT_EQ(parse_age_bracket("Oct-19"), (AgeBracket{10, 19.0}));
}

TEST(AgeBrackets, WhatIsNoBracket) {
  for (const char* text :
       {"", "29", "29-20", "1990-1999", "black", "20-", "-29", "20-29-39", "<0", "a-b", "3 kids",
        "Mar-Sep", "tensor(11)", "20-29e9", "more than", "20 29"}) {
    EXPECT_FALSE(parse_age_bracket(text)) << text;
  }
}

TEST(AgeBrackets, MidpointsAreThoseOfTheFairFaceTable) {
  const std::pair<const char*, double> kTable[] = {
      {"0-2", 1},    {"3-9", 6},    {"10-19", 15}, {"20-29", 25},       {"30-39", 35},
      {"40-49", 45}, {"50-59", 55}, {"60-69", 65}, {"more than 70", 75}};
  for (const auto& [text, midpoint] : kTable)
    EXPECT_EQ(bracket_midpoint(*parse_age_bracket(text)), midpoint) << text;
}

TEST(AgeConventions, ErrorsByConvention) {
  const AgeTruth twenties = {{}, {20, 29.0}};
  EXPECT_EQ(age_error(31, twenties, AgeConvention::kMidpoint).signed_low, 6);
  // Someone of 29.9 years is 29: inside.
  EXPECT_EQ(age_error(29.9, twenties, AgeConvention::kEdgeDistance).absolute_low, 0);
  EXPECT_EQ(age_error(20, twenties, AgeConvention::kEdgeDistance).absolute_low, 0);
  EXPECT_EQ(age_error(33, twenties, AgeConvention::kEdgeDistance).signed_low, 3);
  EXPECT_EQ(age_error(15, twenties, AgeConvention::kEdgeDistance).signed_low, -5);
  const AgeError bounds = age_error(33, twenties, AgeConvention::kBounds);
  EXPECT_EQ(bounds.absolute_low, 3);
  EXPECT_EQ(bounds.absolute_high, 13);
  EXPECT_EQ(bounds.signed_low, 3);
  EXPECT_EQ(bounds.signed_high, 13);
  const AgeError open = age_error(60, AgeTruth{{}, {70, {}}}, AgeConvention::kBounds);
  EXPECT_EQ(open.absolute_low, 10);
  EXPECT_EQ(open.absolute_high, kOldestAge - 60);
  // An exact truth has one error whatever the convention.
  for (const AgeConvention convention :
       {AgeConvention::kMidpoint, AgeConvention::kEdgeDistance, AgeConvention::kBounds}) {
    const AgeError exact = age_error(33, AgeTruth{30.0, {}}, convention);
    EXPECT_EQ(exact.signed_low, 3);
    EXPECT_EQ(exact.absolute_high, 3);
  }
}

TEST(AgeConventions, AnUnreadableAgeNamesItsLineColumnAndValue) {
  const auto column =
      read_truth_column({"20-29", "", "old"}, "age", AgeConvention::kMidpoint, "samples.csv");
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().where, "samples.csv:4");
  EXPECT_NE(column.error().what.find("'old'"), std::string::npos);
  EXPECT_NE(column.error().what.find("'age'"), std::string::npos);
  EXPECT_FALSE(column.error().hint.empty());
}

TEST(Labels, CanonicalForms) {
  EXPECT_EQ(canonical_label(" East_Asian "), "east asian");
  EXPECT_EQ(canonical_label("East-Asian"), "east asian");
  EXPECT_EQ(canonical_label("9-Mar"), "3-9");
  EXPECT_EQ(canonical_label("more than 70"), canonical_label("70+"));
  EXPECT_EQ(canonical_label("1.50"), "1.5");
  EXPECT_EQ(canonical_label("  "), "");
  EXPECT_EQ(canonical_label("> 70."), "70+");
  EXPECT_EQ(canonical_label("over/70"), canonical_label("over 70"));
  EXPECT_NE(canonical_label("-1"), canonical_label("1"));
  EXPECT_EQ(gender_word(canonical_label("Woman")), "female");
  EXPECT_EQ(gender_word(canonical_label("M")), "male");
  EXPECT_FALSE(gender_word("unknown"));
}

TEST(Labels, ASetShowsTheMostFrequentSpellingInReadingOrder) {
  LabelSet set;
  set.add("more than 70", 5);
  set.add("20-29", 2);
  set.add(" 3-9", 1);
  set.add("9-Mar", 4);
  set.add("70+", 1);
  set.finish();
  EXPECT_EQ(set.names(), (std::vector<std::string>{"9-Mar", "20-29", "more than 70"}));
  EXPECT_EQ(set.find("3-9"), 0U);
  EXPECT_FALSE(set.find("30-39"));
  EXPECT_EQ(set.merged().size(), 2U);
}

TEST(Labels, OneEdit) {
  EXPECT_TRUE(one_edit_apart("femael", "female"));
  EXPECT_TRUE(one_edit_apart("femal", "female"));
  EXPECT_TRUE(one_edit_apart("fehale", "female"));
  EXPECT_FALSE(one_edit_apart("female", "female"));
  EXPECT_FALSE(one_edit_apart("male", "female"));
  EXPECT_FALSE(one_edit_apart("", "ab"));
  EXPECT_TRUE(one_edit_apart("", "a"));
}

Result<LabelMatch> match(const std::vector<SeenLabel>& truth,
                         const std::vector<SeenLabel>& answered,
                         const std::vector<LabelRule>& rules = {},
                         const std::vector<std::string>* vocabulary = nullptr) {
  return match_labels(truth, answered, {"head", "column", "p.csv", "s.csv", &rules, vocabulary});
}

TEST(LabelMatching, WordsForGenderMeet) {
  const auto matched = match({{"Female", 3, 2}, {"Male", 3, 3}}, {{"Woman", 4, 0}, {"m", 2, 0}});
  ASSERT_TRUE(matched) << describe(matched.error());
  EXPECT_EQ(matched->of_answer.at("Woman"), 0);
  EXPECT_EQ(matched->of_answer.at("m"), 1);
  EXPECT_EQ(matched->map.size(), 2U);
}

TEST(LabelMatching, AnUnknownAnswerIsRefusedWithAllThatHelps) {
  const auto matched = match({{"East Asian", 3, 2}, {"White", 3, 3}}, {{"Asian", 7, 0}});
  ASSERT_FALSE(matched);
  EXPECT_EQ(matched.error().where, "p.csv");
  for (const char* part : {"'Asian'", "7 times", "'column'", "East Asian", "White"}) {
    EXPECT_NE(matched.error().what.find(part), std::string::npos) << part;
  }
  EXPECT_NE(matched.error().hint.find("--label"), std::string::npos);
}

TEST(LabelMatching, RulesMapDeclareAndDiscard) {
  const std::vector<SeenLabel> truth = {{"East Asian", 3, 2}, {"White", 3, 3}};
  const auto mapped = match(truth, {{"Asian", 7, 0}}, {{"", "East Asian", "Asian"}});
  ASSERT_TRUE(mapped) << describe(mapped.error());
  EXPECT_EQ(mapped->labels, (std::vector<std::string>{"Asian", "White"}));
  EXPECT_EQ(mapped->of_truth.at("East Asian"), mapped->of_answer.at("Asian"));
  const auto declared =
      match(truth, {{"Asian", 7, 0}, {"White", 1, 0}}, {{"head", "asian", "Asian"}});
  ASSERT_TRUE(declared) << describe(declared.error());
  EXPECT_EQ(declared->of_answer.at("Asian"), 2);
  const auto discarded = match(truth, {{"unknown", 7, 0}, {"White", 1, 0}}, {{"", "unknown", ""}});
  ASSERT_TRUE(discarded) << describe(discarded.error());
  EXPECT_EQ(discarded->of_answer.at("unknown"), kNoLabel);
  // A rule of another head does not count.
  EXPECT_FALSE(match(truth, {{"Asian", 7, 0}}, {{"other", "East Asian", "Asian"}}));
}

TEST(LabelMatching, ABracketThatNobodyIsInIsWrongNotUnknown) {
  const std::vector<SeenLabel> truth = {{"20-29", 3, 2}, {"30-39", 3, 3}};
  const auto matched = match(truth, {{"0-2", 1, 0}, {"20-29", 1, 0}});
  ASSERT_TRUE(matched) << describe(matched.error());
  EXPECT_EQ(matched->of_answer.at("0-2"), 2);
  // One that overlaps a true bracket is another scale.
  EXPECT_FALSE(match(truth, {{"25-34", 1, 0}}));
}

TEST(LabelMatching, AMisspeltTrueLabelIsRefusedWithItsLine) {
  const auto matched = match({{"Female", 3, 2}, {"Male", 3, 3}, {"Femael", 1, 17}},
                             {{"Female", 2, 0}, {"Male", 2, 0}});
  ASSERT_FALSE(matched);
  EXPECT_EQ(matched.error().where, "s.csv:17");
  EXPECT_NE(matched.error().what.find("unknown label 'Femael'"), std::string::npos);
  EXPECT_FALSE(match({{"Female", 3, 2}, {"Male", 3, 3}, {"purple", 1, 9}},
                     {{"Female", 2, 0}, {"Male", 2, 0}}));
  // With the head's own vocabulary any label outside it is refused ...
  const std::vector<std::string> vocabulary = {"cat", "dog"};
  EXPECT_FALSE(match({{"cat", 3, 2}, {"horse", 3, 3}}, {{"cat", 2, 0}}, {}, &vocabulary));
  // ... and one that it knows but never said is not.
  EXPECT_TRUE(match({{"cat", 3, 2}, {"dog", 3, 3}}, {{"cat", 2, 0}}, {}, &vocabulary));
  // A head that answers one label only does not make the other label a misspelling of it.
  EXPECT_TRUE(match({{"Female", 3, 2}, {"Male", 3, 3}}, {{"Female", 2, 0}}));
}

}  // namespace
}  // namespace dl::assess
