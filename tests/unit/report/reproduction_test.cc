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
  for (const std::string word :
       {"it's", "$(touch x)", "a b", "`id`", "*", "-n\\", "\"", "#x", "a;b"}) {
    const auto echoed = testing::run_command("printf %s " + shell_word(word));
    ASSERT_TRUE(echoed.has_value()) << word;
    EXPECT_EQ(*echoed, word);
  }
}

TEST(Reproduction, OptionsBecomeFlags) {
  auto fixture = testing::read_report_fixture();
  fixture.assessment.provenance.options["targets"] = {{{"head", "age"}, {"column", "years old"}}};
  const auto lines = reproduction_commands(fixture.inputs());
  EXPECT_THAT(lines, Contains("daylight detect 'mirror face'\\''s.apk' --case case"));
  EXPECT_THAT(lines, Contains("daylight assess --case case --samples samples.csv --target "
                              "'age=years old' --by race,gender "
                              "--intersections 2 --bootstrap 2000 --age-truth midpoint --seed 1"));
  EXPECT_THAT(lines, Contains(HasSubstr("sha256sum --check")));
}

TEST(Reproduction, WhatMayBeExchangedDependsOnThePipeline) {
  Pipeline pipeline;
  pipeline.steps.emplace_back().op = "resize";
  Predictions predictions;
  predictions.provenance.emplace();
  Json& options = predictions.provenance->options;
  options = {{"compare_kernels", Json::array()}, {"all_alternatives", false}};
  ReportInputs inputs;
  EXPECT_EQ(alternatives_command(inputs), "");
  inputs.pipeline = &pipeline;
  inputs.predictions = &predictions;
  EXPECT_EQ(alternatives_command(inputs), "daylight audit APP --samples samples.csv --case DIR");
  options["compare_kernels"] = {"nearest"};
  EXPECT_EQ(alternatives_command(inputs), "") << "the kernels were compared, and there is no other";
  pipeline.steps[0].alternatives.emplace_back();
  EXPECT_EQ(alternatives_command(inputs),
            "daylight audit APP --samples samples.csv --compare-kernels nearest "
            "--all-alternatives --case DIR");
  options["all_alternatives"] = true;
  EXPECT_EQ(alternatives_command(inputs), "");
}

TEST(Reproduction, OnlyWhatTheCommandLineHas) {
  Predictions predictions;
  predictions.provenance.emplace();
  predictions.provenance->options = {
      {"samples_are", "face-crops"},      {"resize_kernel", ""},
      {"compare_kernels", Json::array()}, {"all_alternatives", false},
      {"reference_kernels", true},        {"rules", "7cb2"}};
  ReportInputs inputs;
  inputs.predictions = &predictions;
  EXPECT_EQ(reproduction_commands(inputs)[0],
            "daylight replay --case case --samples samples.csv --samples-are face-crops "
            "--compare-kernels none "
            "--reference-kernels");
}

}  // namespace
}  // namespace dl
