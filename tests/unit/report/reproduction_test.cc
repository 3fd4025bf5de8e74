// SPDX-License-Identifier: Apache-2.0
// Commands that a shell reads as they are meant.
#include "daylight/report/reproduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report_fixture.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(Reproduction, WordsSurviveAShell) {
  EXPECT_EQ(shell_word("plain-1.0/x"), "plain-1.0/x");
  EXPECT_EQ(shell_word(""), "''");
  for (const std::string word : {"it's", "$(touch x)", "a b", "`id`", "*", "-n\\", "\"", "#x", "a;b"}) {
    const auto echoed = testing::run_command("printf %s " + shell_word(word));
    ASSERT_TRUE(echoed.has_value()) << word;
    EXPECT_EQ(*echoed, word);
  }
}

TEST(Reproduction, OptionsBecomeFlags) {
  const auto fixture = testing::read_report_fixture();
  const auto lines = reproduction_commands(fixture.inputs());
  EXPECT_THAT(lines, Contains(HasSubstr("daylight detect 'mirror face'\\''s.apk' --case case")));
  EXPECT_THAT(lines, Contains(HasSubstr("--by race,gender --intersections 2 --bootstrap 2000 --age-truth midpoint")));
  EXPECT_THAT(lines, Contains(HasSubstr("--seed 1")));
  EXPECT_THAT(lines, Contains(HasSubstr("sha256sum --check")));
}

TEST(Reproduction, FalseNullAndEmptyOptionsAreLeftOut) {
  Inventory inventory;
  inventory.provenance.options = {{"all", true}, {"none", false}, {"nothing", nullptr}, {"list", Json::array()},
                                  {"text", ""},  {"ratio", 0.5}};
  ReportInputs inputs;
  inputs.inventory = &inventory;
  EXPECT_EQ(reproduction_commands(inputs)[0], "daylight detect APP --case case --all --ratio 0.5");
}

}  // namespace
}  // namespace dl
