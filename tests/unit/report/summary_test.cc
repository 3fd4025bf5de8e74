// SPDX-License-Identifier: Apache-2.0
// The terminal's summary: short, narrow, harmless.
#include "daylight/report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "report_fixture.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

TEST(Summary, FitsTheTerminalAndHasNoControls) {
  auto fixture = testing::read_report_fixture();
  fixture.inventory.app.package = std::string(400, 'x') + "\x1b[31m";
  fixture.assessment.verdicts[0].text = "\x1b]0;title\x07 " + std::string(300, 'y');
  const std::string text = render_summary(fixture.inputs());
  EXPECT_EQ(text.back(), '\n');
  for (const std::string& line : split(text, '\n')) EXPECT_LE(columns(line), kSummaryWidth) << line;
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
}

TEST(Summary, TellsTheResult) {
  const auto fixture = testing::read_report_fixture();
  const std::string text = render_summary(fixture.inputs());
  for (const char* part :
       {"org.example.mirrorface", "The app infers age and gender", "x \u00d7 116", "[1 assumed]",
        "600 pictures", "6 of 600 for age (6 no-face)", "race Black", "77.9%", "68.1% to 85.4%",
        "n 86", "differs from the rest", "gender-norm=255 instead, gender: 93 of 600 labels change",
        "Gender is read less accurately"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Summary, IntersectionsOnlyWhereTheyStandOut) {
  const auto fixture = testing::read_report_fixture();
  const std::string text = render_summary(fixture.inputs());
  EXPECT_THAT(text, HasSubstr("Black & Female"));
  EXPECT_THAT(text, Not(HasSubstr("Indian & Male")));
  EXPECT_THAT(text, HasSubstr("more groups in the report"));
}

TEST(Summary, OnlyFoundDisparitiesAreTold) {
  const auto fixture = testing::read_report_fixture();
  const std::string text = render_summary(fixture.inputs());
  EXPECT_THAT(text, HasSubstr("Gender is read less accurately for Black people"));
  EXPECT_THAT(text, HasSubstr("No difference shown, which does not prove equality"));
  EXPECT_THAT(text, HasSubstr("gender by gender"));
  EXPECT_THAT(text, HasSubstr("Cannot be decided (the report has the reasons): age by note"));
  EXPECT_THAT(text, Not(HasSubstr("too few people")));
}

TEST(Summary, AnExperimentIsNotToldAsTheApp) {
  const auto fixture = testing::read_report_fixture();
  const Predictions predictions = testing::replayed_with("pil-bilinear");
  ReportInputs inputs = fixture.inputs();
  inputs.predictions = &predictions;
  const std::string text = testing::one_line(render_summary(inputs));
  for (const char* part :
       {"pil-bilinear (an experiment: --resize-kernel; the app: android-bilinear)",
        "with every resize by pil-bilinear (an experiment: --resize-kernel, not the app)",
        "1 exchanged]"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("200, android-bilinear")));
}

TEST(Summary, TheAppsOwnKernelIsNoExperiment) {
  const auto fixture = testing::read_report_fixture();
  for (const char* kernel : {"", "android-bilinear"}) {
    const Predictions predictions = testing::replayed_with(kernel);
    ReportInputs inputs = fixture.inputs();
    inputs.predictions = &predictions;
    const std::string text = render_summary(inputs);
    EXPECT_THAT(text, Not(HasSubstr("experiment")));
    EXPECT_THAT(text, Not(HasSubstr("exchanged")));
  }
}

TEST(Summary, AbsentPartsAreLeftOut) {
  EXPECT_EQ(render_summary({}), "");
  const auto fixture = testing::read_report_fixture();
  ReportInputs inputs;
  inputs.inventory = &fixture.inventory;
  EXPECT_THAT(render_summary(inputs), Not(HasSubstr("Pipeline")));
}

}  // namespace
}  // namespace dl
