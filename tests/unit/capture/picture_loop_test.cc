// SPDX-License-Identifier: Apache-2.0
// What stays of a run whose processes die, do not come up again, or leave no trace.
#include "daylight/capture/jvm/picture_loop.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dl::capture {
namespace {

// Answers 30 to every picture but those in `deadly`, on which it dies.
class FakeProcess final : public PictureProcess {
 public:
  std::vector<std::string> deadly;
  int starts_that_work = 100;
  int entries_that_work = 100;
  bool keeps_trace = true;
  bool finishes = true;

  Result<void> start() override {
    if (starts_that_work-- > 0) return {};
    return fail(ErrorCode::kLimit, "Android's framework does not come up", "jvm-host");
  }
  Result<Json> ask(const Json& request, std::chrono::milliseconds) override {
    if (request["do"] == "entry") {
      if (entries_that_work-- > 0) return Json{{"ok", true}, {"descriptor", "()F"}};
      return Json{{"error", "no such class"}};
    }
    if (std::find(deadly.begin(), deadly.end(), request["file"]) != deadly.end())
      return fail(ErrorCode::kCorrupt, "the process ended", "jvm-host");
    Json answers = Json::array();
    for (std::size_t i = 0; i < request["entries"].size(); ++i) answers.push_back({{"value", 30}});
    return Json{{"answers", answers}};
  }
  Result<void> finish() override {
    if (finishes) return {};
    return fail(ErrorCode::kCorrupt, "the process ended", "jvm-host");
  }
  std::string kill() override { return "signal 11"; }
  Result<void> keep_trace() override {
    if (keeps_trace) return {};
    return fail(ErrorCode::kCorrupt, "the app's process left no trace", "trace");
  }
};

class PictureLoop : public testing::Test {
 protected:
  void SetUp() override {
    samples.folder = "/pictures";
    for (const char* const method : {"age", "gender"}) {
      HarnessEntry entry;
      entry.entry.klass = "Lorg/app/Model;";
      entry.entry.method = method;
      options.entries.push_back(entry);
    }
    for (char name = 'a'; name <= 'f'; ++name) samples.rows.push_back({std::string(1, name), {}});
  }
  Result<void> run() {
    CaptureNotes notes(out.gaps);
    return show_pictures(options, samples, process, notes, null_log(), out);
  }
  // The status of each row of the first entry: '.' for ok, 'c' for a crash.
  std::string outcomes(const std::string& head = "Model.age") const {
    std::string text;
    for (const Prediction& row : out.rows)
      if (row.head == head) text += row.status == PredictionStatus::kOk ? '.' : 'c';
    return text;
  }
  bool told(const std::string& what) const {
    return std::any_of(out.gaps.begin(), out.gaps.end(),
                       [&](const Gap& gap) { return gap.why.find(what) != std::string::npos; });
  }

  PictureLoopOptions options;
  Samples samples;
  FakeProcess process;
  JvmCapture out;
};

TEST_F(PictureLoop, APictureThatCostsTheProcessCostsItsOwnAnswers) {
  process.deadly = {"b"};
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), ".c....");
  EXPECT_EQ(outcomes("Model.gender"), ".c....");
  EXPECT_EQ(out.failed, 1);
  EXPECT_EQ(out.not_shown, 0);
}

TEST_F(PictureLoop, AProcessThatDoesNotComeUpAgainCostsNoAnswerThatIsThere) {
  process.deadly = {"c"};
  process.starts_that_work = 1;
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), "..cccc");
  EXPECT_EQ(outcomes("Model.gender"), "..cccc");
  EXPECT_EQ(out.pictures, 3);
  EXPECT_EQ(out.not_shown, 3);
  EXPECT_EQ(out.failed, 4);
  EXPECT_TRUE(told("no other process could be started"));
}

TEST_F(PictureLoop, ThreeDeathsInARowLeaveRowsForTheRest) {
  process.deadly = {"b", "c", "d"};
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), ".ccccc");
  EXPECT_EQ(out.not_shown, 2);
  EXPECT_TRUE(told("three pictures in a row"));
}

TEST_F(PictureLoop, NoMoreRowsThanTheLimitHasPictures) {
  process.deadly = {"a", "b", "c"};
  options.limit = 4;
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), "cccc");
}

TEST_F(PictureLoop, AnswersCountWithoutTheirTrace) {
  process.deadly = {"b"};
  process.keeps_trace = false;
  process.finishes = false;
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), ".c....");
  EXPECT_TRUE(told("left no trace"));
  EXPECT_TRUE(told("did not end as it should"));
}

TEST_F(PictureLoop, AnEntryThatIsLostOnTheWayKeepsItsRows) {
  process.deadly = {"b"};
  process.entries_that_work = 3;
  ASSERT_TRUE(run());
  EXPECT_EQ(outcomes(), ".c....");
  EXPECT_EQ(outcomes("Model.gender"), ".ccccc");
}

TEST_F(PictureLoop, NothingToBeginWithIsAnError) {
  process.entries_that_work = 0;
  const auto none = run();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  process.starts_that_work = 0;
  EXPECT_EQ(run().error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace dl::capture
