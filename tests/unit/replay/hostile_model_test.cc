// SPDX-License-Identifier: Apache-2.0
// Models that pass the structure check and bring the inference library down, or to no end: what
// replay makes of them. Each is the project's own gender model with one byte changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/replay/replayer.h"
#include "picture_writer.h"
#include "small_pipeline.h"
#include "support/shared_data.h"
#include "test_images.h"

namespace dl {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Found by trying every byte of the model's tables (the weights lie before them).
struct ChangedByte {
  std::size_t offset;
  char from;
  char to;
};
// SIGSEGV in the library when the model is run.
constexpr ChangedByte kCrashesWhenRun = {137092, 8, 0};
// A tensor with a dimension of two thousand millions: opening it ends at a limit, of memory or
// time.
constexpr ChangedByte kTakesAllMemory = {137971, 0, 127};

class HostileModel : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.emplace(folder_.path() / "blobs");
    pipeline_ = testing::small_pipeline(*store_);
    options_.samples_are = "face-crops";
    options_.threads = 2;
    options_.chunk = 20;
  }

  void add_pictures(int count) {
    samples_.folder = folder_.path();
    for (int i = 0; i < count; ++i) {
      Sample sample;
      sample.file = "picture" + std::to_string(i) + ".png";
      testing::write_png(folder_.path() / sample.file,
                         testing::noisy_image(32, 32, 3, static_cast<std::uint32_t>(i)));
      samples_.rows.push_back(sample);
    }
  }

  void change_gender_model(const ChangedByte& change) {
    auto bytes = read_file(testing::project_file("examples/mirror/models/gender.tflite")).value();
    ASSERT_EQ(bytes.at(change.offset), change.from) << "the model was made anew: find bytes again";
    bytes[change.offset] = change.to;
    const auto digest = store_->put(as_bytes(std::string_view(bytes)));
    ASSERT_TRUE(digest);
    for (Step& step : pipeline_.steps) {
      if (step.id == "gender-model") step.params["sha256"] = *digest;
    }
  }

  // Puts a resize before a step that works for seconds.
  void grow_pictures_before(const std::string& step) {
    Step grow;
    grow.id = "grow";
    grow.op = "resize";
    grow.params = {{"width", 8192}, {"height", 8192}, {"kernel", "pil-bicubic"}};
    pipeline_.steps.push_back(grow);
    const auto edge = std::find_if(pipeline_.edges.begin(), pipeline_.edges.end(),
                                   [&](const Edge& one) { return one.to == step; });
    ASSERT_NE(edge, pipeline_.edges.end());
    Edge behind = *edge;
    edge->to = grow.id;
    behind.from = grow.id;
    pipeline_.edges.push_back(behind);
  }

  Result<ReplaySummary> run() {
    rows_.clear();
    return replay(
        pipeline_, samples_, *store_, options_,
        [this](const ReplayChunk& chunk) -> Result<void> {
          rows_.insert(rows_.end(), chunk.rows.begin(), chunk.rows.end());
          return {};
        },
        {}, null_log());
  }

  std::vector<PredictionStatus> statuses(const std::string& head) const {
    std::vector<PredictionStatus> found;
    for (const Prediction& row : rows_) {
      if (row.head == head) found.push_back(row.status);
    }
    return found;
  }

  testing::TemporaryFolder folder_;
  std::optional<BlobStore> store_;
  Pipeline pipeline_;
  Samples samples_;
  ReplayOptions options_;
  std::vector<Prediction> rows_;
};

TEST_F(HostileModel, ACrashIsTheStatusOfItsHeadAndOfNoOther) {
  add_pictures(5);
  ASSERT_TRUE(run());
  const auto age = rows_.at(0).value;
  change_gender_model(kCrashesWhenRun);
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_THAT(statuses("age"), AllOf(SizeIs(5), Each(PredictionStatus::kOk)));
  EXPECT_THAT(statuses("gender"), AllOf(SizeIs(5), Each(PredictionStatus::kCrash)));
  EXPECT_EQ(rows_.at(0).value, age);
  ASSERT_THAT(summary->gaps, SizeIs(5));
  EXPECT_EQ(summary->gaps[0].where, "picture0.png");
  EXPECT_THAT(summary->gaps[0].why, HasSubstr("step gender-model (tflite) crashed"));
}

TEST_F(HostileModel, AStepThatAlwaysCrashesIsGivenUp) {
  add_pictures(60);
  change_gender_model(kCrashesWhenRun);
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_THAT(statuses("age"), AllOf(SizeIs(60), Each(PredictionStatus::kOk)));
  EXPECT_THAT(statuses("gender"), AllOf(SizeIs(60), Each(PredictionStatus::kCrash)));
  EXPECT_THAT(summary->gaps.front().why, HasSubstr("crashed ("));
  EXPECT_THAT(summary->gaps.back().why, HasSubstr("was not run again"));
}

TEST_F(HostileModel, NeitherWorkersNorAnInterruptChangeWhatComesOut) {
  add_pictures(70);
  change_gender_model(kCrashesWhenRun);
  std::string whole;
  std::vector<Gap> whole_gaps;
  for (const int threads : {1, 5}) {
    options_.threads = threads;
    const auto summary = run();
    ASSERT_TRUE(summary);
    std::string text;
    for (const Prediction& row : rows_) text += dump_prediction(row);
    if (threads == 1) {
      whole = text;
      whole_gaps = summary->gaps;
    }
    EXPECT_EQ(text, whole);
    EXPECT_EQ(summary->gaps, whole_gaps);
  }
  // Stopped after the second chunk, and gone on with.
  ReplayStart start;
  std::string text;
  std::vector<Gap> gaps;
  const auto collect = [&](const ReplayChunk& chunk) -> Result<void> {
    for (const Prediction& row : chunk.rows) text += dump_prediction(row);
    gaps.insert(gaps.end(), chunk.gaps.begin(), chunk.gaps.end());
    start = {chunk.next_sample, {chunk.given_up.begin(), chunk.given_up.end()}};
    if (chunk.next_sample == 40) return fail(ErrorCode::kIo, "power cut");
    return {};
  };
  ASSERT_FALSE(replay(pipeline_, samples_, *store_, options_, collect, start, null_log()));
  ASSERT_THAT(start.given_up, SizeIs(1));
  ASSERT_TRUE(
      replay(pipeline_, samples_, *store_, options_, collect, ReplayStart(start), null_log()));
  EXPECT_EQ(text, whole);
  EXPECT_EQ(gaps, whole_gaps);
}

TEST_F(HostileModel, WhatCannotBeOpenedIsAFailedHead) {
  add_pictures(3);
  change_gender_model(kTakesAllMemory);
  options_.start_seconds = 2.0;
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_THAT(statuses("age"), AllOf(SizeIs(3), Each(PredictionStatus::kOk)));
  EXPECT_THAT(statuses("gender"), SizeIs(0));
  ASSERT_THAT(summary->failed_heads, SizeIs(1));
  EXPECT_EQ(summary->failed_heads[0].head, "gender");
}

TEST_F(HostileModel, WhatTakesTooLongIsATimeout) {
  add_pictures(5);
  grow_pictures_before("gender-resize");
  options_.picture_seconds = 0.3;
  options_.threads = 1;
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_THAT(statuses("age"), AllOf(SizeIs(5), Each(PredictionStatus::kOk)));
  EXPECT_THAT(statuses("gender"), AllOf(SizeIs(5), Each(PredictionStatus::kTimeout)));
  ASSERT_THAT(summary->gaps, SizeIs(5));
  EXPECT_THAT(summary->gaps[0].why, HasSubstr("step grow (resize) took too long"));
  EXPECT_THAT(summary->gaps[4].why, HasSubstr("on 3 pictures and was not run again"));
}

// Asks to stop as soon as the replay has begun.
class ImpatientLog : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() const override { return ++calls_ > 20; }

 private:
  mutable int calls_ = 0;
};

TEST_F(HostileModel, AnInterruptDoesNotWaitForWhatHangs) {
  add_pictures(20);
  grow_pictures_before("gender-resize");
  options_.threads = 1;
  ImpatientLog log;
  const auto stopped = replay(
      pipeline_, samples_, *store_, options_, [](const ReplayChunk&) { return Result<void>(); }, {},
      log);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace dl
