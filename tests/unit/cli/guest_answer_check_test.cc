// SPDX-License-Identifier: Apache-2.0
// Answers that no process of ours sends are refused; those that one sends are taken and shown.
#include "daylight/cli/guest_answer_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "daylight/cli/guest_report.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers as processes send them; the first byte is the fuzz target's.
std::string seed(const std::string& name) {
  std::ostringstream out;
  out << std::ifstream(testing::project_file("fuzz/corpus/guest_answer/" + name), std::ios::binary)
             .rdbuf();
  EXPECT_FALSE(out.str().empty()) << name;
  return out.str().substr(1);
}

constexpr AnswerKind kKinds[] = {AnswerKind::kNatives, AnswerKind::kExports, AnswerKind::kCall,
                                 AnswerKind::kTrace};

TEST(GuestAnswerCheck, RefusesWhatNoneOfOursIs) {
  for (const AnswerKind kind : kKinds) {
    for (
        const char* const message :
        {"", "{}", "[]", "null", "7", "{", "\xff", "{\"library\":1}",
         R"({"call":{"result":1},"nans_may_differ":"x","jni_on_load":{}})",
         R"({"call":5,"nans_may_differ":false,"jni_on_load":7})",
         R"({"jni_on_load":{},"natives":[{"class":3}],"engines":4,"library":5})",
         R"({"models":[{"in_file":3}],"events":1,"calls":1,"files":{"written":[]},"gaps":[],"nans_may_differ":false})"}) {
      const auto answer = CheckedAnswer::read(kind, message, false);
      ASSERT_FALSE(answer) << message;
      EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt);
      EXPECT_EQ(answer.error().what, "the guest's answer is none that we made");
    }
  }
}

// Each member by itself is needed, and of its type.
TEST(GuestAnswerCheck, NeedsEveryMember) {
  const std::pair<AnswerKind, const char*> seeds[] = {{AnswerKind::kNatives, "natives-bare"},
                                                      {AnswerKind::kExports, "exports-bare"},
                                                      {AnswerKind::kCall, "call-bare"},
                                                      {AnswerKind::kTrace, "trace-bare"}};
  for (const auto& [kind, name] : seeds) {
    const auto whole = parse_json(seed(name), name);
    ASSERT_TRUE(whole) << name;
    for (const auto& [key, value] : whole->items()) {
      Json damaged = *whole;
      damaged.erase(key);
      EXPECT_FALSE(CheckedAnswer::read(kind, dump_json(damaged), false)) << name << " " << key;
      damaged[key] = Json::array({Json{{"a", 1}}});
      EXPECT_FALSE(CheckedAnswer::read(kind, dump_json(damaged), false)) << name << " " << key;
    }
  }
}

TEST(GuestAnswerCheck, NeedsOneEndOfEachCall) {
  const auto whole = parse_json(seed("call-bare"), "seed");
  ASSERT_TRUE(whole);
  Json neither = *whole;
  neither["call"] = Json::object();
  EXPECT_FALSE(CheckedAnswer::read(AnswerKind::kCall, dump_json(neither), false));
  Json both = *whole;
  both["jni_on_load"]["fault"] = {{"kind", "abort"}, {"what", "gives up"}};
  EXPECT_FALSE(CheckedAnswer::read(AnswerKind::kCall, dump_json(both), false));
}

TEST(GuestAnswerCheck, TellsFaultsAndWhetherItIsIsolated) {
  const auto fine = CheckedAnswer::read(AnswerKind::kCall, seed("call-bare"), true);
  ASSERT_TRUE(fine);
  EXPECT_FALSE(fine->has_fault());
  EXPECT_TRUE(fine->isolated());
  for (const auto& [kind, name] :
       {std::pair{AnswerKind::kCall, "call-fault"}, std::pair{AnswerKind::kNatives, "natives-full"},
        std::pair{AnswerKind::kTrace, "trace-full"}}) {
    const auto faulted = CheckedAnswer::read(kind, seed(name), false);
    ASSERT_TRUE(faulted) << name;
    EXPECT_TRUE(faulted->has_fault()) << name;
    EXPECT_FALSE(faulted->isolated()) << name;
  }
  // The library cannot say it of itself.
  auto forged = parse_json(seed("call-bare"), "seed");
  ASSERT_TRUE(forged);
  (*forged)["isolated"] = true;
  const auto answer = CheckedAnswer::read(AnswerKind::kCall, dump_json(*forged), false);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->isolated());
}

TEST(GuestAnswerCheck, RefusesMoreThanItsMemoryBears) {
  Json many = *parse_json(seed("exports-bare"), "seed");
  std::string message = dump_json_line(many);
  std::string values = "\"more\":[0";
  for (std::size_t i = 0; i < kMaxAnswerValues; ++i) values += ",0";
  message.replace(message.size() - 1, 1, "," + values + "]}");
  const auto answer = CheckedAnswer::read(AnswerKind::kExports, message, true);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kLimit);
}

TEST(GuestAnswerCheck, ShowsOneLineForEachText) {
  Json answer = *parse_json(seed("natives-full"), "seed");
  answer["natives"][0]["name"] = "a\n\x1b[2Jb";
  const auto checked = CheckedAnswer::read(AnswerKind::kNatives, dump_json(answer), false);
  ASSERT_TRUE(checked);
  const std::string text = render_natives(*checked);
  EXPECT_THAT(text, HasSubstr("a\\u{a}\\u{1b}[2Jb([F)I"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("a(((  0x41414141 (no code of a library; a signature that is none)  "
                              "registered"));
  EXPECT_THAT(text, HasSubstr("3 native methods"));
}

TEST(GuestAnswerCheck, OutputsOfModelsEndWithAFlag) {
  const auto outputs = ModelOutputs::read(ModelOutputs{"abcd", true}.to_message());
  ASSERT_TRUE(outputs);
  EXPECT_EQ(outputs->bytes, "abcd");
  EXPECT_TRUE(outputs->nans_may_differ);
  for (const std::string& forged : {std::string(), std::string("abcd"), std::string("\2")})
    EXPECT_FALSE(ModelOutputs::read(forged));
}

}  // namespace
}  // namespace dl::cli
