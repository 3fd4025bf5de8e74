// SPDX-License-Identifier: Apache-2.0
// Two real models over real faces: the answers must be those of another implementation (Pillow,
// numpy, ai-edge-litert).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/replay/replayer.h"
#include "faces_pipeline.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using testing::ExpectedFace;

// Collects every row and checks that chunks follow one another.
struct Collected {
  std::vector<Prediction> rows;
  std::vector<Gap> gaps;
  std::size_t next = 0;

  std::function<Result<void>(const ReplayChunk&)> sink() {
    return [this](const ReplayChunk& chunk) -> Result<void> {
      rows.insert(rows.end(), chunk.rows.begin(), chunk.rows.end());
      gaps.insert(gaps.end(), chunk.gaps.begin(), chunk.gaps.end());
      EXPECT_GT(chunk.next_sample, next);
      next = chunk.next_sample;
      return {};
    };
  }
  std::string text() const {
    std::string all;
    for (const Prediction& row : rows) all += dump_prediction(row);
    return all;
  }
};

void expect_same_answers(const std::filesystem::path& labels,
                         const std::filesystem::path& expected_csv,
                         const std::filesystem::path& age, const std::filesystem::path& gender,
                         std::size_t limit, const std::string& age_column = "model_age_q_years",
                         const std::string& male_column = "model_gender_q_pmale") {
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  const Pipeline pipeline = testing::faces_pipeline(age, gender, "android-bilinear", store);
  const Samples samples = testing::faces_samples(labels, limit);
  ReplayOptions options;
  options.samples_are = "face-crops";
  options.resize_kernel = "pil-bilinear";
  Collected collected;
  const auto summary = replay(pipeline, samples, store, options, collected.sink(), {}, null_log());
  ASSERT_TRUE(summary) << describe(summary.error());
  ASSERT_EQ(collected.rows.size(), 2 * limit);
  EXPECT_EQ(summary->statuses.at(PredictionStatus::kOk), 2 * limit);
  EXPECT_THAT(summary->skipped_steps, ::testing::ElementsAre("face"));
  EXPECT_TRUE(summary->substitutions.empty());

  const auto expected = testing::expected_faces(expected_csv, age_column, male_column);
  for (std::size_t i = 0; i < limit; ++i) {
    const Prediction& years = collected.rows[2 * i];
    const Prediction& label = collected.rows[2 * i + 1];
    const ExpectedFace& face = expected.at(samples.rows[i].file);
    EXPECT_EQ(years.file, samples.rows[i].file);
    EXPECT_NEAR(years.value.value(), face.age, 0.05) << years.file;
    const double male = label.label == "Male" ? *label.score : 1.0 - *label.score;
    EXPECT_NEAR(male, face.male, 1e-3) << label.file;
  }
}

TEST(ReplayFaces, SixtyFacesEqualTheOtherImplementation) {
  DAYLIGHT_SHARED_OR_SKIP(labels, "faces/labels.csv");
  DAYLIGHT_SHARED_OR_SKIP(expected, "faces/expected_outputs.csv");
  DAYLIGHT_SHARED_OR_SKIP(age, "models/model_age_q.tflite");
  DAYLIGHT_SHARED_OR_SKIP(gender, "models/model_gender_q.tflite");
  expect_same_answers(labels, expected, age, gender, 60);
}

TEST(ReplayFaces, TheKernelAloneChangesAnswers) {
  DAYLIGHT_SHARED_OR_SKIP(labels, "faces/labels.csv");
  DAYLIGHT_SHARED_OR_SKIP(age, "models/model_age_q.tflite");
  DAYLIGHT_SHARED_OR_SKIP(gender, "models/model_gender_q.tflite");
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  const Pipeline pipeline = testing::faces_pipeline(age, gender, "android-bilinear", store);
  const Samples samples = testing::faces_samples(labels, 20);
  ReplayOptions options;
  options.samples_are = "face-crops";
  options.compare_kernels = {"pil-bilinear"};
  Collected collected;
  ASSERT_TRUE(replay(pipeline, samples, store, options, collected.sink(), {}, null_log()));
  double largest = 0.0;
  for (std::size_t i = 0; i < collected.rows.size(); i += 4) {
    EXPECT_EQ(collected.rows[i + 2].alternative, "resize-kernel=pil-bilinear");
    largest = std::max(largest, std::abs(*collected.rows[i].value - *collected.rows[i + 2].value));
  }
  EXPECT_GT(largest, 0.5) << "years";
}

// What the stand-in for a face finder gives on pictures of one face each. It misses some; the
// shares are facts of the cascade, written down in docs/design/replay.md.
TEST(ReplayFaces, TheStandInFindsMostFaces) {
  DAYLIGHT_SHARED_OR_SKIP(labels, "faces/labels.csv");
  DAYLIGHT_SHARED_OR_SKIP(age, "models/model_age_q.tflite");
  DAYLIGHT_SHARED_OR_SKIP(gender, "models/model_gender_q.tflite");
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  const Pipeline pipeline = testing::faces_pipeline(age, gender, "android-bilinear", store);
  const Samples samples = testing::faces_samples(labels, 30);
  Collected collected;
  const auto summary = replay(pipeline, samples, store, {}, collected.sink(), {}, null_log());
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_EQ(collected.rows.size(), 60U);
  EXPECT_GE(summary->statuses.at(PredictionStatus::kOk), 30U);
  EXPECT_EQ(summary->substitutions.size(), 1U);
  for (std::size_t i = 0; i < collected.rows.size(); i += 2) {
    EXPECT_EQ(collected.rows[i].status, collected.rows[i + 1].status) << "one crop for both heads";
  }
}

// Skipped in the quick run: ctest -L slow (or --gtest_also_run_disabled_tests) runs it.
TEST(ReplayFacesSlow, DISABLED_AllFacesEqualTheOtherImplementation) {
  DAYLIGHT_SHARED_OR_SKIP(labels, "faces/labels.csv");
  DAYLIGHT_SHARED_OR_SKIP(expected, "faces/expected_outputs.csv");
  DAYLIGHT_SHARED_OR_SKIP(age, "models/model_age_q.tflite");
  DAYLIGHT_SHARED_OR_SKIP(gender, "models/model_gender_q.tflite");
  expect_same_answers(labels, expected, age, gender, 600);
}

TEST(ReplayFacesSlow, DISABLED_TheOtherModelsToo) {
  DAYLIGHT_SHARED_OR_SKIP(labels, "faces/labels.csv");
  DAYLIGHT_SHARED_OR_SKIP(expected, "faces/expected_outputs.csv");
  DAYLIGHT_SHARED_OR_SKIP(age, "models/model_lite_age_nonq.tflite");
  DAYLIGHT_SHARED_OR_SKIP(gender, "models/model_lite_gender_nonq.tflite");
  expect_same_answers(labels, expected, age, gender, 600, "model_lite_age_nonq_years",
                      "model_lite_gender_nonq_pmale");
}

}  // namespace
}  // namespace dl
