// SPDX-License-Identifier: Apache-2.0
// Builds the pipeline step by step, as rebuild would write it.
#include "faces_pipeline.h"

#include <gtest/gtest.h>

#include "daylight/artifact/table.h"
#include "daylight/base/text.h"
#include "pipeline_parts.h"

namespace dl::testing {
Pipeline faces_pipeline(const std::filesystem::path& age_model,
                        const std::filesystem::path& gender_model, const std::string& kernel,
                        const BlobStore& store) {
  const auto transform = StepKind::kTransform;
  const auto after = StepKind::kPostprocess;
  Pipeline pipeline;
  pipeline.steps = {
      make_step("source", StepKind::kSource, "user-image", R"({"api": "test"})"),
      make_step("decode", StepKind::kDecode, "decode-image", R"({"decoder": "android"})"),
      make_step("face", transform, "face-crop",
                R"({"finder": "android.media.FaceDetector", "max_faces": 1, "fallback": "none",
                    "box": {"form": "eye-distance", "left": -1.5, "top": -1.5,
                            "right": 1.5, "bottom": 2.0}})"),
      make_step("age-resize", transform, "resize", resize_params(200, kernel)),
      make_step("age-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("age-normalize", transform, "normalize", R"({"mean": [0], "std": [255]})"),
      make_step("age-model", StepKind::kModel, "tflite", model_params(age_model, store)),
      make_step("age-element", after, "element", R"({"index": [0, 0]})"),
      make_step("age-years", after, "scale", R"({"factor": 116, "offset": 0})"),
      make_step("age-sink", StepKind::kSink, "shown", R"({"api": "test", "as": "integer"})"),
      make_step("gender-resize", transform, "resize", resize_params(128, kernel)),
      make_step("gender-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("gender-normalize", transform, "normalize",
                R"({"mean": [0, 0, 0], "std": [255, 255, 255]})"),
      make_step("gender-model", StepKind::kModel, "tflite", model_params(gender_model, store)),
      make_step("gender-best", after, "argmax", R"({"labels": ["Male", "Female"]})"),
      make_step("gender-sink", StepKind::kSink, "shown", R"({"api": "test"})"),
  };
  chain(pipeline, {"source", "decode", "face", "age-resize", "age-tensor", "age-normalize",
                   "age-model", "age-element", "age-years", "age-sink"});
  chain(pipeline, {"source", "decode", "face", "gender-resize", "gender-tensor", "gender-normalize",
                   "gender-model", "gender-best", "gender-sink"});
  pipeline.heads = {make_head("age", "scalar", "age-sink"),
                    make_head("gender", "label", "gender-sink")};
  return pipeline;
}

Samples faces_samples(const std::filesystem::path& labels_csv, std::size_t limit) {
  auto samples = read_samples(labels_csv);
  EXPECT_TRUE(samples) << describe(samples.error());
  if (samples->rows.size() > limit) samples->rows.resize(limit);
  return *samples;
}

std::map<std::string, ExpectedFace> expected_faces(const std::filesystem::path& csv,
                                                   const std::string& age_column,
                                                   const std::string& male_column) {
  const auto table = read_csv(csv);
  EXPECT_TRUE(table);
  const auto age = table->find(age_column).value();
  const auto male = table->find(male_column).value();
  std::map<std::string, ExpectedFace> faces;
  for (const auto& row : table->rows) {
    faces[row.front()] = {parse_double(row[age]).value(), parse_double(row[male]).value()};
  }
  return faces;
}

}  // namespace dl::testing
