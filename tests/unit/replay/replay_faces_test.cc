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
                         std::size_t limit) {
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  const Pipeline pipeline = testing::faces_pipeline(age, gender, "android-bilinear", store);
  const Samples samples = testing::faces_samples(labels, limit);
  ReplayOptions options;
  options.samples_are = "face-crops";
  options.resize_kernel = "pil-bilinear";
  Collected collected;
  const auto summary = replay(pipeline, samples, store, options, collected.sink(), 0, null_log());
  ASSERT_TRUE(summary) << describe(summary.error());
  ASSERT_EQ(collected.rows.size(), 2 * limit);
  EXPECT_EQ(summary->statuses.at(PredictionStatus::kOk), 2 * limit);
  EXPECT_THAT(summary->skipped_steps, ::testing::ElementsAre("face"));
  EXPECT_TRUE(summary->substitutions.empty());

  const auto expected = testing::expected_faces(expected_csv);
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

}  // namespace
}  // namespace dl
