// SPDX-License-Identifier: Apache-2.0
// Builds the pipeline step by step, as rebuild would write it.
#include "faces_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/artifact/table.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl::testing {
namespace {

std::string stored_model(const std::filesystem::path& path, const BlobStore& store) {
  const auto file = MappedFile::open(path);
  EXPECT_TRUE(file) << path;
  const auto digest = store.put(file->bytes());
  EXPECT_TRUE(digest);
  return *digest;
}

std::string resize(int side, const std::string& kernel) {
  const std::string text = std::to_string(side);
  return R"({"width": )" + text + R"(, "height": )" + text + R"(, "kernel": ")" + kernel + R"("})";
}

std::string model(const std::string& sha256) {
  return R"({"model": "model", "sha256": ")" + sha256 + R"(", "input": 0, "outputs": 1})";
}

Head make_head(const std::string& name, const std::string& kind, const std::string& sink) {
  Head head;
  head.name = name;
  head.kind = kind;
  head.sink = sink;
  head.task = name;
  return head;
}

}  // namespace

Step make_step(const std::string& id, StepKind kind, const std::string& op,
               const std::string& params) {
  Step step;
  step.id = id;
  step.kind = kind;
  step.op = op;
  step.params = *parse_json(params, id);
  return step;
}

void chain(Pipeline& pipeline, const std::vector<std::string>& ids) {
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    Edge edge;
    edge.from = ids[i];
    edge.to = ids[i + 1];
    const bool known =
        std::any_of(pipeline.edges.begin(), pipeline.edges.end(),
                    [&](const Edge& e) { return e.from == edge.from && e.to == edge.to; });
    if (!known) pipeline.edges.push_back(edge);
  }
}

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
      make_step("age-resize", transform, "resize", resize(200, kernel)),
      make_step("age-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("age-normalize", transform, "normalize", R"({"mean": [0], "std": [255]})"),
      make_step("age-model", StepKind::kModel, "tflite", model(stored_model(age_model, store))),
      make_step("age-element", after, "element", R"({"index": [0, 0]})"),
      make_step("age-years", after, "scale", R"({"factor": 116, "offset": 0})"),
      make_step("age-sink", StepKind::kSink, "shown", R"({"api": "test", "as": "integer"})"),
      make_step("gender-resize", transform, "resize", resize(128, kernel)),
      make_step("gender-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("gender-normalize", transform, "normalize",
                R"({"mean": [0, 0, 0], "std": [255, 255, 255]})"),
      make_step("gender-model", StepKind::kModel, "tflite",
                model(stored_model(gender_model, store))),
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

std::map<std::string, ExpectedFace> expected_faces(const std::filesystem::path& csv) {
  const auto table = read_csv(csv);
  EXPECT_TRUE(table);
  const auto age = table->find("model_age_q_years").value();
  const auto male = table->find("model_gender_q_pmale").value();
  std::map<std::string, ExpectedFace> faces;
  for (const auto& row : table->rows) {
    faces[row.front()] = {parse_double(row[age]).value(), parse_double(row[male]).value()};
  }
  return faces;
}

}  // namespace dl::testing
