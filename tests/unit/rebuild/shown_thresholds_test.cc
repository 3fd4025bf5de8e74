// SPDX-License-Identifier: Apache-2.0
// Limits that choose what is shown: comparisons in every direction, chains, tables, helper methods,
// resources; what stays a label, and what stays a gap.
#include "daylight/rebuild/shown_thresholds.h"

#include "support/res_builder.h"
#include "unit/rebuild/rebuilt_app.h"

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowOp;
using program::kNoSite;
using program::NodeId;
using Relation = FlowGraph::Relation;

// ---- choices by themselves ----

class LimitChoices : public ::testing::Test {
 protected:
  NodeId text(const char* words) { return graph_.string(words); }
  NodeId limit(double value, bool wide = false) {
    return graph_.real(wide ? value : static_cast<double>(static_cast<float>(value)), wide);
  }
  NodeId relate(Relation relation, NodeId a, NodeId b) {
    return graph_.relate(relation, a, b, kNoSite);
  }
  std::vector<std::string> words(const LimitChoice& choice) {
    std::vector<std::string> list;
    for (const NodeId shown : choice.shown)
      list.push_back(words_shown(graph_, shown, nullptr).value_or(Json()).dump());
    return list;
  }

  FlowGraph graph_;
  NodeId score_ = graph_.element(graph_.output(0, 0, kNoSite), graph_.integer(0));
  NodeId low_ = text("low");
  NodeId high_ = text("high");
};

TEST_F(LimitChoices, EveryDirectionOfAComparisonIsReadAlike) {
  struct Case {
    Relation relation;
    bool score_first;
    bool ties_above;
    bool true_is_high;
  };
  for (const Case& one : {Case{Relation::kGt, true, false, true},
                          {Relation::kGe, true, true, true},
                          {Relation::kLt, true, true, false},
                          {Relation::kLe, true, false, false},
                          {Relation::kGt, false, true, false},
                          {Relation::kGe, false, false, false},
                          {Relation::kLt, false, false, true},
                          {Relation::kLe, false, true, true}}) {
    for (const bool negated : {false, true}) {
      for (const bool wide : {false, true}) {
        const NodeId at = limit(0.6, wide);
        NodeId test =
            one.score_first ? relate(one.relation, score_, at) : relate(one.relation, at, score_);
        if (negated) test = graph_.negate(test);
        const bool yes_is_high = one.true_is_high != negated;
        const auto choice = read_limit_choice(
            graph_, graph_.select(test, yes_is_high ? high_ : low_, yes_is_high ? low_ : high_));
        ASSERT_TRUE(choice);
        EXPECT_EQ(choice->number, score_);
        EXPECT_EQ(choice->values, (std::vector<double>{0.6}));  // as written, of float and double
        EXPECT_EQ(choice->ties_above, one.ties_above);
        EXPECT_EQ(choice->shown, (std::vector<NodeId>{low_, high_}));
      }
    }
  }
}

TEST_F(LimitChoices, AConditionShowsOneOrZero) {
  const auto choice = read_limit_choice(graph_, relate(Relation::kLt, score_, limit(0.25)));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->values, (std::vector<double>{0.25}));
  EXPECT_EQ(words(*choice), (std::vector<std::string>{"1", "0"}));
}

TEST_F(LimitChoices, ChainsRiseWhicheverLimitIsAskedFirst) {
  const NodeId middle = text("middle");
  const NodeId down =
      graph_.select(relate(Relation::kGe, score_, limit(0.8)), high_,
                    graph_.select(relate(Relation::kLt, score_, limit(0.3)), low_, middle));
  const NodeId up =
      graph_.select(relate(Relation::kLt, score_, limit(0.3)), low_,
                    graph_.select(relate(Relation::kLt, score_, limit(0.8)), middle, high_));
  for (const NodeId value : {down, up}) {
    const auto choice = read_limit_choice(graph_, value);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->values, (std::vector<double>{0.3, 0.8}));
    EXPECT_TRUE(choice->ties_above);
    EXPECT_EQ(choice->shown, (std::vector<NodeId>{low_, middle, high_}));
  }
}

TEST_F(LimitChoices, WhatIsNoChoiceByLimitsIsNotRead) {
  const NodeId middle = text("middle");
  const NodeId other = graph_.element(graph_.output(0, 0, kNoSite), graph_.integer(1));
  // Two numbers.
  EXPECT_FALSE(
      read_limit_choice(graph_, graph_.select(relate(Relation::kGt, score_, other), high_, low_)));
  // Ties go to different sides.
  EXPECT_FALSE(read_limit_choice(
      graph_,
      graph_.select(relate(Relation::kGe, score_, limit(0.8)), high_,
                    graph_.select(relate(Relation::kGt, score_, limit(0.3)), middle, low_))));
  // A limit that is never reached.
  EXPECT_FALSE(read_limit_choice(
      graph_,
      graph_.select(relate(Relation::kGe, score_, limit(0.3)), high_,
                    graph_.select(relate(Relation::kGe, score_, limit(0.8)), middle, low_))));
  // An equality.
  EXPECT_FALSE(read_limit_choice(
      graph_, graph_.select(relate(Relation::kEq, score_, limit(0.3)), high_, low_)));
  EXPECT_FALSE(read_limit_choice(graph_, score_));
  EXPECT_FALSE(read_limit_choice(graph_, low_));
}

TEST_F(LimitChoices, AnotherNumberInsideStaysOneChoice) {
  const NodeId other = graph_.element(graph_.output(0, 0, kNoSite), graph_.integer(1));
  const NodeId inner = graph_.select(relate(Relation::kGt, other, limit(0.5)), high_, low_);
  const auto choice = read_limit_choice(
      graph_, graph_.select(relate(Relation::kGt, score_, limit(0.5)), inner, text("neither")));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->shown.back(), inner);
}

TEST_F(LimitChoices, TooManyLimitsAreNotRead) {
  NodeId value = low_;
  for (int i = 1; i <= 200; ++i)
    value = graph_.select(relate(Relation::kGe, score_, limit(i)), text(std::to_string(i).c_str()),
                          value);
  EXPECT_FALSE(read_limit_choice(graph_, value));
}

TEST_F(LimitChoices, WordsNameConstantPartsAndAnswers) {
  const auto words = [&](NodeId value) {
    return words_shown(graph_, value, nullptr).value_or(Json()).dump();
  };
  EXPECT_EQ(words(low_), "\"low\"");
  EXPECT_EQ(words(graph_.integer(3)), "3");
  EXPECT_EQ(words(graph_.null()), "\"\"");
  EXPECT_EQ(words(score_), "\"{}\"");
  EXPECT_EQ(words(graph_.concat({text("perhaps "), score_, text("!")}, kNoSite)),
            "\"perhaps {}!\"");
  EXPECT_EQ(words(graph_.integer(0x7f040007)), "{\"resource\":\"0x7f040007\"}");
  EXPECT_EQ(words(graph_.call("android.content.Context.getString",
                              {graph_.bits(0x7f040007, kNoSite), score_}, kNoSite)),
            "{\"resource\":\"0x7f040007\"}");
  EXPECT_EQ(words(graph_.field("La/B;->c", kNoSite, kNoSite)), "null");
}

// ---- whole apps ----

// `text` shows v4; the id in v4 goes through getString with `v8`, an array of arguments.
std::string show_formatted() {
  return R"(
    invoke-virtual {v15, v4, v8}, Landroid/content/Context;->getString(I[Ljava/lang/Object;)Ljava/lang/String;
    move-result-object v4
)" + dl::testing::show_text();
}

// The text v4 as the only argument, in v8.
std::string as_arguments() {
  return R"(
    const/4 v8, 0x1
    new-array v8, v8, [Ljava/lang/Object;
    const/4 v9, 0x0
    aput-object v4, v8, v9
)";
}

// v4: the label of the highest of three scores, v6: its place, v3: its score.
std::string best_of_three() {
  std::string text = argmax_loop(3) + "    aget v3, v4, v6\n    const/4 v9, 0x3\n" +
                     "    new-array v9, v9, [Ljava/lang/String;\n";
  for (int i = 0; i < 3; ++i) {
    text += "    const/4 v10, " + std::to_string(i) + "\n    const-string v11, \"label " +
            std::to_string(i) + "\"\n    aput-object v11, v9, v10\n";
  }
  return text + "    aget-object v4, v9, v6\n";
}

// v4 = `test` jumps ? 0x7f010001 : 0x7f010000
std::string resource_unless(const std::string& test) {
  return "    " + test + R"(, :other
    const v4, 0x7f010000
    goto :chosen
    :other
    const v4, 0x7f010001
    :chosen
)";
}

Json entry(const std::string& of, double value, const std::string& ties, const Json& below,
           const Json& above) {
  return Json{{"of", of}, {"values", {value}}, {"ties", ties}, {"shown", {below, above}}};
}
Json resource(const std::string& id) { return Json{{"resource", id}}; }

Json thresholds_of(const Pipeline& pipeline, const std::string& sink) {
  for (const Step& step : pipeline.steps) {
    if (step.id == sink && step.params.contains("thresholds")) return step.params["thresholds"];
  }
  return Json();
}

class ShownThresholds : public ::testing::Test {
 protected:
  std::map<std::string, std::string> assets_;
};

TEST_F(ShownThresholds, OfTheHighestScoreStandBesideItsLabel) {
  FlowAppText text = usual();
  text.outputs = 3;
  text.answer = best_of_three() + as_arguments() + R"(
    const v5, 0x3f19999a
    cmpg-float v5, v3, v5
)" + resource_unless("if-ltz v5") +
                show_formatted();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].kind, "label");
  EXPECT_EQ(thresholds_of(pipeline, pipeline.heads[0].sink),
            (Json{entry("argmax", 0.6, "above", resource("0x7f010001"), resource("0x7f010000"))}))
      << all_gaps(pipeline);
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
  // The comparison and its constant are among the evidence.
  const Step* sink = step_of(pipeline, "shown");
  EXPECT_EQ(sink->proof.kind, "static");
  EXPECT_TRUE(
      std::any_of(sink->evidence.begin(), sink->evidence.end(), [](const Evidence& evidence) {
        return evidence.rule == "rebuild.threshold" &&
               evidence.excerpt.find("if-ltz") != std::string::npos;
      }));
  EXPECT_TRUE(std::any_of(
      sink->evidence.begin(), sink->evidence.end(),
      [](const Evidence& evidence) { return evidence.rule == "rebuild.threshold, constant"; }));
}

TEST_F(ShownThresholds, AreReadThroughAHelperAndOfDoubles) {
  FlowAppText text = usual();
  text.outputs = 3;
  text.answer = best_of_three() + as_arguments() + R"(
    invoke-static {v3}, Lapp/Limits;->sure(F)Z
    move-result v5
)" + resource_unless("if-eqz v5") +
                show_formatted();
  text.classes = R"(
.class Lapp/Limits;
.super Ljava/lang/Object;
.method static sure(F)Z
    .locals 4
    float-to-double v0, p0
    const-wide v2, 0x3fe6666666666666L
    cmpl-double v0, v0, v2
    if-lez v0, :no
    const/4 v0, 0x1
    return v0
    :no
    const/4 v0, 0x0
    return v0
.end method
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(thresholds_of(pipeline, pipeline.heads[0].sink),
            (Json{entry("argmax", 0.7, "below", resource("0x7f010001"), resource("0x7f010000"))}))
      << all_gaps(pipeline);
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, MayHideTheLabel) {
  // score > 0.5 ? label : "unknown", and the score in percent behind it.
  FlowAppText text = usual();
  text.outputs = 3;
  text.answer = best_of_three() + R"(
    const/high16 v5, 0x3f000000
    cmpl-float v5, v3, v5
    if-gtz v5, :known
    const-string v4, "unknown"
    :known
    const/high16 v5, 0x42c80000
    mul-float/2addr v3, v5
    new-instance v6, Ljava/lang/StringBuilder;
    invoke-direct {v6}, Ljava/lang/StringBuilder;-><init>()V
    invoke-virtual {v6, v4}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v6, v3}, Ljava/lang/StringBuilder;->append(F)Ljava/lang/StringBuilder;
    invoke-virtual {v6}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v4
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].labels.size(), 3U);
  EXPECT_EQ(thresholds_of(pipeline, pipeline.heads[0].sink),
            (Json{entry("argmax", 0.5, "below", "unknown", "{}")}))
      << all_gaps(pipeline);
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, OfTheHighestScoreItself) {
  // for (s : scores) if (s > best) best = s; best * 100 >= 60
  for (const int count : {3, 40}) {
    FlowAppText text = usual();
    text.outputs = count;
    std::string loop = argmax_loop(count);
    loop = R"(
    const/4 v13, 0x0
)" + loop;
    const std::string taken = "move v6, v7";
    loop.replace(loop.find(taken), taken.size(), "move v6, v7\n    aget v13, v4, v7");
    // v13 starts as the first score, which the loop leaves out.
    loop.replace(loop.find("    const/4 v6, 0x0"), 19, "    aget v13, v4, v3\n    const/4 v6, 0x0");
    const std::string against = "aget v10, v4, v6";
    loop.replace(loop.find(against), against.size(), "move v10, v13");
    text.answer = loop + "    const/16 v9, " + std::to_string(count) +
                  "\n    new-array v9, v9, [Ljava/lang/String;\n";
    for (int i = 0; i < count; ++i) {
      text.answer += "    const/16 v10, " + std::to_string(i) + "\n    const-string v11, \"label " +
                     std::to_string(i) + "\"\n    aput-object v11, v9, v10\n";
    }
    text.answer += "    aget-object v4, v9, v6\n" + as_arguments() + R"(
    const/high16 v5, 0x42c80000
    mul-float/2addr v13, v5
    const/high16 v5, 0x42700000
    cmpl-float v5, v13, v5
)" + resource_unless("if-ltz v5") +
                   show_formatted();
    REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, count));
    ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
    Json wanted = entry("argmax", 60, "above", resource("0x7f010001"), resource("0x7f010000"));
    wanted["scaled"] = {{"factor", 100.0}, {"offset", 0.0}};
    const Json found = thresholds_of(pipeline, pipeline.heads[0].sink);
    ASSERT_EQ(found.size(), 1U) << all_gaps(pipeline);
    EXPECT_TRUE(std::is_permutation(found[0].begin(), found[0].end(), wanted.begin()))
        << found.dump();
    EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
  }
}

TEST_F(ShownThresholds, OfANumberThatIsShownToo) {
  // "age" and a word for it: int age = (int) (out * 100); age < 18 ? ... : age < 65 ? ... : ...
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x42c80000
    mul-float/2addr v3, v5
    float-to-int v3, v3
    const/16 v5, 0x12
    if-lt v3, v5, :young
    const/16 v5, 0x41
    if-lt v3, v5, :adult
    const-string v4, "senior"
    goto :said
    :young
    const-string v4, "minor"
    goto :said
    :adult
    const-string v4, "adult"
    :said
    new-instance v6, Ljava/lang/StringBuilder;
    invoke-direct {v6}, Ljava/lang/StringBuilder;-><init>()V
    invoke-virtual {v6, v3}, Ljava/lang/StringBuilder;->append(I)Ljava/lang/StringBuilder;
    invoke-virtual {v6, v4}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v6}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v4
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].kind, "scalar");
  const Json found = thresholds_of(pipeline, pipeline.heads[0].sink);
  ASSERT_EQ(found.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(found[0]["of"], "scale");
  EXPECT_EQ(found[0]["as"], "truncated");
  EXPECT_EQ(found[0]["values"], (Json{18.0, 65.0}));
  EXPECT_EQ(found[0]["ties"], "above");
  EXPECT_EQ(found[0]["shown"], (Json{"minor", "adult", "senior"}));
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, OfANumberThatIsOnlyComparedGetItAHead) {
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f000000
    cmpl-float v5, v3, v5
)" + resource_unless("if-gtz v5") +
                R"(
    iget-object v5, v15, Lapp/Main;->tv:Landroid/widget/TextView;
    invoke-virtual {v5, v4}, Landroid/widget/TextView;->setText(I)V
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].kind, "scalar");
  EXPECT_EQ(thresholds_of(pipeline, pipeline.heads[0].sink),
            (Json{entry("element", 0.5, "below", resource("0x7f010000"), resource("0x7f010001"))}))
      << all_gaps(pipeline);
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, TwoTextsStayTheLabelsOfABinaryHeadAlsoAsResources) {
  if (!dl::testing::smali_is_installed()) GTEST_SKIP() << "smali is not installed";
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f000000
    cmpl-float v5, v3, v5
)" + resource_unless("if-gtz v5") +
                R"(
    iget-object v5, v15, Lapp/Main;->tv:Landroid/widget/TextView;
    invoke-virtual {v5, v4}, Landroid/widget/TextView;->setText(I)V
)";
  const std::string table = dl::testing::arsc_table(
      {"Male", "Female"}, {"string"}, {"man", "woman"},
      {dl::testing::arsc_type(
          1, dl::testing::arsc_config(),
          {{.index = 0, .key = 0, .data = 0}, {.index = 1, .key = 1, .data = 1}})});
  const auto app = dl::testing::make_flow_app(dl::testing::flow_app_smali(text), {}, table);
  ASSERT_TRUE(app);
  const auto pipeline = rebuild(*app->package, inventory_of(32, 32, 1), {}, null_log());
  ASSERT_TRUE(pipeline);
  ASSERT_EQ(pipeline->heads.size(), 1U) << all_gaps(*pipeline);
  EXPECT_EQ(pipeline->heads[0].kind, "label");
  EXPECT_EQ(pipeline->heads[0].name, "gender");
  EXPECT_EQ(pipeline->heads[0].labels, (std::vector<std::string>{"Male", "Female"}));
  const Step* threshold = step_of(*pipeline, "threshold");
  ASSERT_NE(threshold, nullptr) << all_gaps(*pipeline);
  EXPECT_EQ(threshold->params, (Json{{"value", 0.5}, {"below", "Male"}, {"above", "Female"}}));
  EXPECT_TRUE(thresholds_of(*pipeline, pipeline->heads[0].sink).is_null());
}

TEST_F(ShownThresholds, WhatIsNotUnderstoodStaysAGap) {
  // A limit that the code takes from elsewhere.
  FlowAppText text = usual();
  text.outputs = 3;
  text.answer = best_of_three() + as_arguments() + R"(
    sget v5, Lapp/Remote;->limit:F
    cmpg-float v5, v3, v5
)" + resource_unless("if-ltz v5") +
                show_formatted();
  text.classes = R"(
.class Lapp/Remote;
.super Ljava/lang/Object;
.field static limit:F
.method static set(F)V
    .locals 0
    sput p0, Lapp/Remote;->limit:F
    return-void
.end method
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
  ASSERT_EQ(pipeline.heads.size(), 1U);
  EXPECT_EQ(pipeline.heads[0].kind, "label");
  EXPECT_TRUE(thresholds_of(pipeline, pipeline.heads[0].sink).is_null());
  ASSERT_EQ(pipeline.gaps.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.gaps[0].where, "Lapp/Main;->onActivityResult(IILandroid/content/Intent;)V");
  EXPECT_NE(pipeline.gaps[0].why.find("what is done to an answer was not understood"),
            std::string::npos);
}

// words[i] into v4 for the first i where limits[i] > v3, or the last; `skip` goes to the top of a
// round's end.
std::string table_search(const std::string& skip) {
  std::string text = "    const/4 v6, 0x3\n    new-array v7, v6, [F\n";
  const std::vector<std::string> limits = {"0x3e800000", "0x3f000000", "0x3f400000"};
  for (std::size_t i = 0; i < limits.size(); ++i)
    text += "    const/4 v8, " + std::to_string(i) + "\n    const v9, " + limits[i] +
            "\n    aput v9, v7, v8\n";
  text += "    const/4 v8, 0x4\n    new-array v10, v8, [Ljava/lang/String;\n";
  for (int i = 0; i < 4; ++i)
    text += "    const/4 v8, " + std::to_string(i) + "\n    const-string v9, \"word " +
            std::to_string(i) + "\"\n    aput-object v9, v10, v8\n";
  return text + R"(
    const/4 v8, 0x0
    :search
    if-ge v8, v6, :found
)" + skip +
         R"(
    aget v9, v7, v8
    cmpg-float v9, v3, v9
    if-ltz v9, :found
    :skipped
    add-int/lit8 v8, v8, 0x1
    goto :search
    :found
    aget-object v4, v10, v8
)";
}

TEST_F(ShownThresholds, InATableOfLimits) {
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + table_search("") + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].kind, "scalar");
  const Json found = thresholds_of(pipeline, pipeline.heads[0].sink);
  ASSERT_EQ(found.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(found[0]["of"], "element");
  EXPECT_EQ(found[0]["values"], (Json{0.25, 0.5, 0.75}));
  EXPECT_EQ(found[0]["ties"], "above");
  EXPECT_EQ(found[0]["shown"], (Json{"word 0", "word 1", "word 2", "word 3"}));
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, ATableThatIsNotAskedInEveryRoundIsAGap) {
  // The limit is looked at only where the user wants it.
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + table_search(R"(
    invoke-virtual {v15}, Landroid/app/Activity;->isFinishing()Z
    move-result v9
    if-nez v9, :skipped
)") + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  for (const Head& head : pipeline.heads) EXPECT_TRUE(thresholds_of(pipeline, head.sink).is_null());
  EXPECT_TRUE(has_gap(pipeline, "was not understood")) << all_gaps(pipeline);
}

// ---- branches that show things themselves ----

std::string show_constant(const std::string& words) {
  return "    const-string v4, \"" + words + "\"\n" + dl::testing::show_text();
}

TEST_F(ShownThresholds, TwoBranchesThatShowTextsAreLabels) {
  // if (score > 0.5) show("female"); else show("male");
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f000000
    cmpl-float v6, v3, v5
    if-lez v6, :low
)" + show_constant("female") +
                "    goto :shown\n    :low\n" + show_constant("male") + "    :shown\n";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].kind, "label");
  EXPECT_EQ(pipeline.heads[0].labels, (std::vector<std::string>{"male", "female"}));
  ASSERT_NE(step_of(pipeline, "threshold"), nullptr);
  EXPECT_EQ(step_of(pipeline, "threshold")->params,
            (Json{{"value", 0.5}, {"below", "male"}, {"above", "female"}}));
  EXPECT_EQ(step_of(pipeline, "threshold")->proof.kind, "static");
  EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
}

TEST_F(ShownThresholds, ABranchMayShowTheLabelOrSomethingElse) {
  for (const bool otherwise : {true, false}) {
    FlowAppText text = usual();
    text.outputs = 3;
    text.answer = best_of_three() + R"(
    const/high16 v5, 0x3f000000
    cmpg-float v7, v3, v5
    if-ltz v7, :unsure
)" + dl::testing::show_text() +
                  "    goto :shown\n    :unsure\n" +
                  (otherwise ? show_constant("try again") : std::string("    nop\n")) +
                  "    :shown\n";
    REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
    ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
    EXPECT_EQ(pipeline.heads[0].labels.size(), 3U);
    EXPECT_EQ(thresholds_of(pipeline, pipeline.heads[0].sink),
              (Json{entry("argmax", 0.5, "above", otherwise ? "try again" : "", "{}")}))
        << all_gaps(pipeline);
    EXPECT_TRUE(pipeline.gaps.empty()) << all_gaps(pipeline);
  }
}

TEST_F(ShownThresholds, BranchesInARowAreOneChoice) {
  // if (score >= 0.75) show(a); else if (score >= 0.25) show(b); else show(c);
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f400000
    cmpl-float v6, v3, v5
    if-ltz v6, :middle
)" + show_constant("surely") +
                R"(
    goto :shown
    :middle
    const/high16 v5, 0x3e800000
    cmpl-float v6, v3, v5
    if-ltz v6, :low
)" + show_constant("perhaps") +
                "    goto :shown\n    :low\n" + show_constant("no") + "    :shown\n";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  const Json found = thresholds_of(pipeline, pipeline.heads[0].sink);
  ASSERT_EQ(found.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(found[0]["values"], (Json{0.25, 0.75}));
  EXPECT_EQ(found[0]["shown"], (Json{"no", "perhaps", "surely"}));
}

TEST_F(ShownThresholds, ABranchOnWhatIsNotUnderstoodIsAGap) {
  // if (out[0] * out[1] > 0.5) show("yes");
  FlowAppText text = usual();
  text.outputs = 2;
  text.answer = dl::testing::output_element(0) + "    move v6, v3\n" +
                dl::testing::output_element(1) + R"(
    mul-float/2addr v3, v6
    const/high16 v5, 0x3f000000
    cmpl-float v6, v3, v5
    if-lez v6, :shown
)" + show_constant("yes") +
                "    :shown\n";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 2));
  for (const Head& head : pipeline.heads) EXPECT_TRUE(thresholds_of(pipeline, head.sink).is_null());
  ASSERT_FALSE(pipeline.gaps.empty());
  EXPECT_EQ(pipeline.gaps[0].where, "Lapp/Main;->onActivityResult(IILandroid/content/Intent;)V");
  EXPECT_TRUE(has_gap(pipeline, "was not understood")) << all_gaps(pipeline);
}

}  // namespace
}  // namespace dl::rebuild
