// SPDX-License-Identifier: Apache-2.0
// The page as bytes: policy, escaping, completeness, sameness. How it looks and behaves is
// tests/page.
#include "daylight/report/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/report/page_shell.h"
#include "report_fixture.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

std::string between(const std::string& text, const std::string& start, const std::string& end) {
  const auto from = text.rfind(start);
  if (from == std::string::npos) return "";
  return text.substr(from + start.size(),
                     text.find(end, from + start.size()) - from - start.size());
}

// Names of the attributes in well-formed markup, whose values are quoted and hold no quote.
std::set<std::string> attribute_names(const std::string& markup) {
  std::set<std::string> names;
  for (auto at = markup.find('<'); at != std::string::npos; at = markup.find('<', at + 1)) {
    const std::string tag = markup.substr(at + 1, markup.find('>', at) - at - 1);
    bool quoted = false;
    std::string name;
    for (const char c : tag.substr(std::min(tag.find(' '), tag.size())) + " ") {
      if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ' ' || c == '=')) {
        if (!name.empty()) names.insert(name);
        name.clear();
      } else if (!quoted) {
        name += c;
      }
    }
  }
  return names;
}

class Page : public ::testing::Test {
 protected:
  // The page without its style and its script.
  std::string markup() const {
    std::string text = page_.substr(0, page_.rfind("<script>"));
    const auto style = text.find("<style>");
    return text.erase(style, text.find("</style>") - style);
  }

  const testing::ReportFixture fixture_ = testing::read_report_fixture();
  const std::string page_ = render_report(fixture_.inputs()).value_or("");
};

TEST_F(Page, DigestOfThePolicyIsThatOfTheScriptAndStyle) {
  const std::string script = between(page_, "<script>", "</script>");
  const std::string style = between(page_, "<style>", "</style>");
  ASSERT_GT(script.size(), 1000U);
  EXPECT_THAT(page_, HasSubstr("script-src &#39;" + policy_digest(script) + "&#39;"));
  EXPECT_THAT(page_, HasSubstr("style-src &#39;" + policy_digest(style) + "&#39;"));
  EXPECT_THAT(page_, HasSubstr("default-src &#39;none&#39;"));
  EXPECT_THAT(page_, Not(HasSubstr("unsafe-")));
}

// The digest as OpenSSL's command line makes it.
TEST(PolicyDigest, EqualsOpenssl) {
  const auto expected =
      testing::run_command("printf 'alert(1)' | openssl dgst -sha256 -binary | base64");
  if (!expected) GTEST_SKIP() << "the openssl program is absent here";
  EXPECT_EQ(policy_digest("alert(1)") + "\n", "sha256-" + *expected);
}

TEST_F(Page, HostileTextNeverBecomesMarkup) {
  EXPECT_THAT(page_, Not(HasSubstr("<img")));
  EXPECT_THAT(page_, Not(HasSubstr("<b>bold")));
  EXPECT_THAT(page_, Not(HasSubstr("\u202e")));
  EXPECT_THAT(page_, HasSubstr("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"));
  // The data block and the script: no other script element.
  EXPECT_EQ(count(page_, "<script"), 2U);
  EXPECT_EQ(count(page_, "</script"), 2U);
}

TEST_F(Page, NothingIsLoadedAndNothingIsInline) {
  const std::set<std::string> names = attribute_names(markup());
  ASSERT_TRUE(names.contains("class"));
  for (const std::string& name : names) {
    EXPECT_FALSE(name.starts_with("on")) << name;
    for (const char* bad : {"style", "src", "srcset", "action", "formaction", "ping", "background"})
      EXPECT_NE(name, bad);
  }
  EXPECT_EQ(count(page_, "href=\""), count(page_, "href=\"#"));
}

TEST_F(Page, TellsWhatAnAuditorAsks) {
  for (const char* part :
       {"77.9% right",
        "Disparity found",
        "Not decidable",
        "600 pictures of 300 people",
        "age_q.tflite",
        "replayed from the rebuilt pipeline",
        "android-bilinear",
        "La/a/a/d;",
        "renamed",
        "sensitive",
        "sections are encrypted",
        "The verdicts change.",
        "midpoint",
        "more than 70",
        "sha256sum --check",
        "benjamini-hochberg",
        "0x2fa10",
        "v2 holds",
        "Every resize by the kernel pil-bicubic, instead of the app\u2019s android-bilinear",
        "race and note hang together",
        "no-face"}) {
    EXPECT_THAT(page_, HasSubstr(part));
  }
  EXPECT_THAT(page_, ::testing::ContainsRegex("answers move by [0-9.]+ years on average"));
}

TEST_F(Page, EveryEstimateIsARowOfATable) {
  const std::string groups =
      page_.substr(page_.find("<section id=\"groups\""), page_.find("<section id=\"comparisons\"") -
                                                             page_.find("<section id=\"groups\""));
  EXPECT_EQ(count(groups, "<th scope=\"row\">"), fixture_.assessment.estimates.size());
}

TEST_F(Page, SameInputsSameBytes) { EXPECT_EQ(*render_report(fixture_.inputs()), page_); }

TEST_F(Page, ElementsAreClosed) {
  for (const std::string tag : {"div", "section", "table", "tr", "td", "details", "ul", "li", "dl",
                                "figure", "bdi", "code"}) {
    const std::size_t opened = count(markup(), "<" + tag + ">") + count(markup(), "<" + tag + " ");
    EXPECT_EQ(opened, count(markup(), "</" + tag + ">")) << tag;
  }
}

TEST(Report, WithoutAnythingSaysWhatIsMissingAndHowToMakeIt) {
  const auto page = render_report({});
  ASSERT_TRUE(page.has_value());
  for (const char* command :
       {"daylight detect", "daylight rebuild", "daylight assess", "daylight audit"}) {
    EXPECT_THAT(*page, HasSubstr(command));
  }
  EXPECT_THAT(*page, Not(HasSubstr("infers")));
}

TEST(Report, OnlyTheInventory) {
  const auto fixture = testing::read_report_fixture();
  ReportInputs inputs;
  inputs.inventory = &fixture.inventory;
  const auto page = render_report(inputs);
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(*page, HasSubstr("The app infers age and gender"));
  EXPECT_THAT(*page, HasSubstr("The rebuilt pipeline is not part of this report"));
}

TEST(Report, AnExperimentIsSaidInTheHeadlineAndAtTheStep) {
  const auto fixture = testing::read_report_fixture();
  const Predictions predictions = testing::replayed_with("pil-bilinear");
  ReportInputs inputs = fixture.inputs();
  inputs.predictions = &predictions;
  const auto page = render_report(inputs);
  ASSERT_TRUE(page.has_value());
  const auto header = page->substr(0, page->find("</header>"));
  EXPECT_THAT(header, HasSubstr("from an experiment, not from the app as it is: every resize was "
                                "replayed by pil-bilinear"));
  EXPECT_THAT(*page, HasSubstr("An experiment: this step was replayed by"));
  EXPECT_THAT(*page, HasSubstr("Resize (exchanged)"));
  const auto plain = render_report(fixture.inputs());
  EXPECT_THAT(*plain, Not(HasSubstr("experiment")));
}

TEST(Report, APipelineWithoutAnswersSaysWhyThereIsNothing) {
  const auto fixture = testing::read_report_fixture();
  const Pipeline empty;
  ReportInputs inputs;
  inputs.inventory = &fixture.inventory;
  inputs.pipeline = &empty;
  const auto page = render_report(inputs);
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(*page, HasSubstr("No way from a picture to an answer was found"));
  EXPECT_THAT(*page, Not(HasSubstr("To add it: <code>daylight audit")));
}

TEST(Report, TheCommandForAlternativesIsWhole) {
  auto fixture = testing::read_report_fixture();
  fixture.assessment.sensitivity.clear();
  const Predictions predictions = testing::replayed_with("");
  ReportInputs inputs = fixture.inputs();
  inputs.predictions = &predictions;
  const auto page = render_report(inputs);
  ASSERT_TRUE(page.has_value());
  const auto at = page->find("alternatives change is not part of this report");
  ASSERT_NE(at, std::string::npos);
  const std::string box = page->substr(at, page->find("</p>", at) - at);
  EXPECT_THAT(box, HasSubstr("daylight audit "));
  EXPECT_THAT(box, HasSubstr(" --samples "));
  EXPECT_THAT(box, HasSubstr(" --samples-are face-crops"));
  EXPECT_THAT(box, HasSubstr(" --all-alternatives"));
  EXPECT_THAT(box, HasSubstr(" --case DIR"));
}

TEST(Report, RefusesToShowPictures) {
  ReportInputs inputs;
  inputs.images = "all";
  const auto page = render_report(inputs);
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
}

// The page without data stays small: the bundle, the style, the licences.
TEST(Report, EmptyPageIsLight) { EXPECT_LT(render_report({})->size(), 200'000U); }

TEST(SamplesSummary, CountsValuesAndPeople) {
  const auto fixture = testing::read_report_fixture();
  const Json summary = summarise_samples(fixture.samples);
  EXPECT_EQ(summary["rows"], 600);
  EXPECT_EQ(summary["people"], 300);
  EXPECT_EQ(summary["attributes"][1]["values"][0]["n"], 300);
  EXPECT_EQ(summary["attributes"][2]["missing"], 591);
}

TEST(SamplesSummary, ManyValuesAreOnlyCounted) {
  Samples samples;
  samples.attributes = {"name"};
  for (std::size_t i = 0; i <= kMaxSummaryValues; ++i) {
    samples.rows.push_back({.file = std::to_string(i), .values = {std::to_string(i)}});
  }
  const Json summary = summarise_samples(samples);
  EXPECT_EQ(summary["attributes"][0]["distinct"], kMaxSummaryValues + 1);
  EXPECT_FALSE(summary["attributes"][0].contains("values"));
}

}  // namespace
}  // namespace dl
