// SPDX-License-Identifier: Apache-2.0
// The data block: complete, and unable to leave its element.
#include "daylight/report/page_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "report_fixture.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PageData, NothingInItCanEndItsElement) {
  const Json hostile = {{"</script>", "<!-- & \u2028\u2029 ]]>"}, {"plain", "\\u003c"}};
  const std::string text = dump_for_script(hostile);
  for (const char* bad : {"<", ">", "&", "\u2028", "\u2029"})
    EXPECT_THAT(text, Not(HasSubstr(bad)));
  const auto again = parse_json(text, "test");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, hostile);
}

TEST(PageData, GraphNamesNodesByIndex) {
  const auto fixture = testing::read_report_fixture();
  const Json data = page_data(fixture.inputs(), {});
  EXPECT_EQ(data["graph"]["nodes"].size(), fixture.pipeline.steps.size());
  EXPECT_EQ(data["graph"]["edges"].size(), fixture.pipeline.edges.size());
  for (const Json& edge : data["graph"]["edges"]) {
    EXPECT_LT(edge["from"].get<std::size_t>(), fixture.pipeline.steps.size());
    EXPECT_LT(edge["to"].get<std::size_t>(), fixture.pipeline.steps.size());
  }
  EXPECT_EQ(data["graph"]["heads"][0]["name"], "age");
}

TEST(PageData, AnExchangedStepIsDrawnAsItWasReplayed) {
  const auto fixture = testing::read_report_fixture();
  const Predictions predictions = testing::replayed_with("pil-bilinear");
  ReportInputs inputs = fixture.inputs();
  inputs.predictions = &predictions;
  const Json data = page_data(inputs, {});
  std::size_t exchanged = 0;
  for (const Json& node : data["graph"]["nodes"]) {
    if (node["title"] != "Resize (exchanged)") continue;
    ++exchanged;
    EXPECT_THAT(node["detail"].get<std::string>(), HasSubstr("pil-bilinear"));
    EXPECT_EQ(node["proof"], "assumed");
  }
  EXPECT_EQ(exchanged, 2U);
}

TEST(PageData, EdgesToNowhereAreLeftOut) {
  Pipeline pipeline;
  pipeline.steps.emplace_back().id = "a";
  pipeline.edges.push_back({"a", "b", "image", {}, 0});
  pipeline.heads.emplace_back().sink = "nowhere";
  ReportInputs inputs;
  inputs.pipeline = &pipeline;
  const Json data = page_data(inputs, {});
  EXPECT_TRUE(data["graph"]["edges"].empty());
  EXPECT_TRUE(data["graph"]["heads"].empty());
}

TEST(PageData, NumbersThatAreNotFiniteAreNull) {
  Assessment assessment;
  Estimate estimate;
  estimate.head = "age";
  estimate.metric = "mae";
  estimate.value = std::nan("");
  estimate.high = 2.5;
  assessment.estimates.push_back(estimate);
  ReportInputs inputs;
  inputs.assessment = &assessment;
  const Json data = page_data(inputs, measure_tables(assessment, nullptr));
  EXPECT_TRUE(data["charts"][0]["everyone"]["value"].is_null());
  EXPECT_TRUE(data["charts"][0]["everyone"]["low"].is_null());
  EXPECT_EQ(data["charts"][0]["everyone"]["high"], 2.5);
}

}  // namespace
}  // namespace dl
