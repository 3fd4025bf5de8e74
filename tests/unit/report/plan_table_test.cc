// SPDX-License-Identifier: Apache-2.0
// The plan's table: in the order of data, narrow, harmless.
#include "daylight/report/plan_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/text.h"
#include "daylight/report/text_layout.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProbePlan small_plan() {
  ProbePlan plan;
  plan.provenance.inputs.push_back({"app", "x.apk", std::string(64, 'a')});
  Probe run;
  run.id = "probe-1";
  run.layer = "java";
  run.selector = "java:o/j;.a(Ljava/lang/Object;)V";
  run.role = "model-run";
  run.decode = {"arg0=tensor dir=in"};
  run.why = {"call-1"};
  Probe load = run;
  load.selector = "import:libx\x1b.so!AAssetManager_open";
  load.role = "model-load";
  plan.probes = {run, load};
  Entry entry;
  entry.klass = "Lo/a;";
  entry.method = "a";
  entry.receiver = "new";
  entry.args = {{"I", true, Json(224)}};
  plan.entries = {entry};
  plan.gaps = {{"call-9", "the method called is not in the app's code"}};
  return plan;
}

TEST(PlanTable, TellsProbesEntriesAndGaps) {
  const std::string text = render_plan_table(small_plan());
  for (const char* part :
       {"in x.apk", "Probes (2)", "java:o/j;.a(...)", "arg0=tensor dir=in", "Entry points (1)",
        "picture", "Lo/a;a", "I=224", "new", "Gaps (1)", "call-9: the method called"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_LT(text.find("model-load"), text.find("model-run"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  for (const std::string& line : split(text, '\n')) EXPECT_LE(line.size(), kTextWidth) << line;
}

TEST(PlanTable, CountsWhatItLeavesOut) {
  ProbePlan plan = small_plan();
  plan.probes.assign(kMaxPlanRows + 3, plan.probes.front());
  EXPECT_THAT(render_plan_table(plan), HasSubstr("and 3 more"));
  EXPECT_THAT(render_plan_table(ProbePlan{}), Not(HasSubstr("Probes")));
}

}  // namespace
}  // namespace dl
