// SPDX-License-Identifier: Apache-2.0
// What a worker may say, and what is not believed.
#include "daylight/replay/replay_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "daylight/replay/step_health.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ProgramFacts two_heads() {
  ProgramFacts facts;
  facts.nodes = {
      {ProgramNode::kRoot, "decode (decode-image)"}, {0, "age (tflite)"}, {0, "gender (tflite)"}};
  ProgramOutput age;
  age.head = "age";
  age.node = 1;
  ProgramOutput gender;
  gender.alternative = "resize-kernel=area";
  gender.head = "gender";
  gender.is_label = true;
  gender.node = 2;
  facts.outputs = {age, gender};
  facts.failed_heads = {{"", "mood", {ErrorCode::kUnsupported, "no such op", "step x", "none"}}};
  facts.substitutions = {{"face", "a cascade", "assumed", "not in the app"}};
  facts.skipped_steps = {"crop"};
  return facts;
}

SampleAnswer good_answer(const ProgramFacts& facts) {
  SampleAnswer answer;
  answer.rows.resize(2);
  answer.rows[0].value = 0.1 + 0.2;
  answer.rows[1].label = "f\"e\nmale";
  answer.rows[1].score = 1.0 / 3.0;
  answer.why = {"", ""};
  for (std::size_t i = 0; i < 2; ++i) {
    answer.rows[i].alternative = facts.outputs[i].alternative;
    answer.rows[i].head = facts.outputs[i].head;
    answer.rows[i].source = "replayed";
  }
  return answer;
}

TEST(ReplayMessages, AGreetingArrivesAsItWas) {
  const ProgramFacts facts = two_heads();
  const auto got = decode_greeting(encode_greeting(facts));
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(encode_greeting(**got), encode_greeting(facts));
  EXPECT_EQ((*got)->nodes[0].parent, ProgramNode::kRoot);
  EXPECT_EQ((*got)->nodes[2].parent, 0U);
  EXPECT_EQ((*got)->failed_heads[0].error, facts.failed_heads[0].error);
}

TEST(ReplayMessages, AnAnswerKeepsEveryBit) {
  const ProgramFacts facts = two_heads();
  const SampleAnswer answer = good_answer(facts);
  const auto got = decode_answer(encode_answer(answer), facts.outputs);
  ASSERT_TRUE(got && *got);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(dump_prediction((*got)->rows[i]), dump_prediction(answer.rows[i]));
  }
  EXPECT_EQ((*got)->rows[0].value, answer.rows[0].value);
}

TEST(ReplayMessages, AJobArrivesAsItWas) {
  const ReplayJob job = {7, {{2, {PredictionStatus::kCrash, "step x crashed"}}}};
  const auto got = decode_job(encode_job(job));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->sample, 7U);
  ASSERT_THAT(got->barred, SizeIs(1));
  EXPECT_EQ(got->barred[0].failure.why, "step x crashed");
}

class HostileAnswers : public ::testing::TestWithParam<const char*> {};

TEST_P(HostileAnswers, AreNotBelieved) {
  EXPECT_FALSE(decode_answer(GetParam(), two_heads().outputs)) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Of, HostileAnswers,
    ::testing::Values(
        "", "x", "[]", "{}", "7", R"({"rows": {}})", R"({"rows": []})",
        R"({"rows": [["ok","",null,1.0,""]]})",
        R"({"rows": [["ok","",null,1.0,""],["ok","f",0.5,null,""],["ok","",1,1,""]]})",
        R"({"rows": [["fine","",null,1.0,""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["ok","",null,null,""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["ok","young",null,1.0,""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["ok","",null,1e999,""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["ok","",null,"1",""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["no-face","",null,1.0,""],["ok","f",0.5,null,""]]})",
        R"({"rows": [["ok","",null,1.0,""],["ok","f",0.5,3.0,""]]})",
        R"({"rows": [["ok","",null,1.0,""],["ok",["f"],0.5,null,""]]})",
        R"({"rows": [["ok","",null,1.0],["ok","f",0.5,null,""]]})", R"({"error": "evil"})",
        R"({"error": {"code": 1}})"));

TEST(ReplayMessages, HostileGreetings) {
  for (
      const char* message :
      {"", "{}", R"({"facts": {}})", R"({"facts": []})", R"({"error": 1})",
       R"({"facts": {"outputs": [{"alternative":"","head":"a","is_label":false,"is_probability":false,"node":9}],
            "failed_heads":[],"substitutions":[],"skipped_steps":[],"nodes":[{"parent":0,"name":"n"}]}})"}) {
    EXPECT_FALSE(decode_greeting(message)) << message;
  }
}

TEST(ReplayMessages, AParentNeverStandsBehindItsChild) {
  const auto got = decode_greeting(
      R"({"facts": {"outputs": [], "failed_heads":[],"substitutions":[],"skipped_steps":[],
          "nodes":[{"parent":5,"name":"a"},{"parent":-1,"name":"b"},{"parent":2,"name":"c"}]}})");
  ASSERT_TRUE(got && *got);
  for (const ProgramNode& node : (*got)->nodes) EXPECT_EQ(node.parent, ProgramNode::kRoot);
}

// --- what is given up

TEST(StepHealth, AStepThatCrashesOnAllOfAChunkIsGivenUp) {
  const ProgramFacts facts = two_heads();
  StepHealth health(facts, {});
  for (std::size_t i = 0; i < kMinCrashesToGiveUp; ++i) health.crashed(1);
  EXPECT_THAT(health.given_up(), IsEmpty());
  health.end_chunk();
  ASSERT_THAT(health.given_up(), SizeIs(1));
  EXPECT_EQ(health.given_up()[0].node, 1U);
  EXPECT_THAT(health.given_up()[0].failure.why,
              HasSubstr("step age (tflite) crashed on every one of 16"));
}

TEST(StepHealth, OneGoodEndSavesAStep) {
  const ProgramFacts facts = two_heads();
  StepHealth health(facts, {});
  for (std::size_t i = 0; i < 100; ++i) health.crashed(1);
  for (std::size_t i = 0; i < 100; ++i) health.crashed(2);
  SampleAnswer answer = good_answer(facts);
  answer.rows[1].status = PredictionStatus::kCrash;
  health.answered(answer);
  health.end_chunk();
  ASSERT_THAT(health.given_up(), SizeIs(1));
  EXPECT_EQ(health.given_up()[0].node, 2U);
  for (std::size_t i = 0; i < 10; ++i) health.timed_out(1);
  EXPECT_THAT(health.given_up(), SizeIs(1));
}

TEST(StepHealth, ThreeTimeoutsWithoutAGoodEndAreEnough) {
  const ProgramFacts facts = two_heads();
  StepHealth health(facts, {});
  health.timed_out(0);
  health.timed_out(0);
  EXPECT_THAT(health.given_up(), IsEmpty());
  health.timed_out(0);
  ASSERT_THAT(health.given_up(), SizeIs(1));
  EXPECT_EQ(health.given_up()[0].failure.status, PredictionStatus::kTimeout);
}

TEST(StepHealth, DecisionsAreCarriedOnWhereTheyFit) {
  const ProgramFacts facts = two_heads();
  StepHealth health(facts, {});
  for (std::size_t i = 0; i < kMinCrashesToGiveUp; ++i) health.crashed(2);
  health.end_chunk();
  const auto step = given_up_step_from_json(to_json(health.given_up()[0]), "test");
  ASSERT_TRUE(step);
  EXPECT_THAT(StepHealth(facts, {*step}).given_up(), SizeIs(1));
  GivenUpStep other = *step;
  other.name = "another program's";
  GivenUpStep beyond = *step;
  beyond.node = 99;
  EXPECT_THAT(StepHealth(facts, {other, beyond}).given_up(), IsEmpty());
  EXPECT_FALSE(given_up_step_from_json(Json::array(), "test"));
}

}  // namespace
}  // namespace dl
