// SPDX-License-Identifier: Apache-2.0
// The steps of the sample app, with a face crop in front.
#include "small_pipeline.h"

#include "pipeline_parts.h"
#include "support/shared_data.h"

namespace dl::testing {

Pipeline small_pipeline(const BlobStore& store) {
  const auto transform = StepKind::kTransform;
  const auto after = StepKind::kPostprocess;
  const std::string normalize_128 = R"({"mean": [128], "std": [128]})";
  const auto model = [&](const std::string& name) {
    return model_params(project_file("examples/mirror/models/" + name), store);
  };
  Pipeline pipeline;
  pipeline.steps = {
      make_step("source", StepKind::kSource, "user-image", R"({"api": "test"})"),
      make_step("decode", StepKind::kDecode, "decode-image", R"({"decoder": "android"})"),
      make_step("face", transform, "face-crop",
                R"({"finder": "android.media.FaceDetector", "max_faces": 1, "fallback": "none",
                    "box": {"form": "eye-distance", "left": -1.5, "top": -1.5,
                            "right": 1.5, "bottom": 2.0}})"),
      make_step("age-resize", transform, "resize", resize_params(64, "android-bilinear")),
      make_step("age-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("age-normalize", transform, "normalize", R"({"mean": [127.5], "std": [127.5]})"),
      make_step("age-model", StepKind::kModel, "tflite", model("age.tflite")),
      make_step("age-element", after, "element", R"({"index": [0, 0]})"),
      make_step("age-years", after, "scale", R"({"factor": 100})"),
      make_step("age-sink", StepKind::kSink, "shown", R"({"api": "test"})"),
      make_step("gender-resize", transform, "resize", resize_params(48, "android-bilinear")),
      make_step("gender-tensor", transform, "to-tensor", R"({"order": "RGB", "dtype": "float32"})"),
      make_step("gender-normalize", transform, "normalize", normalize_128),
      make_step("gender-model", StepKind::kModel, "tflite", model("gender.tflite")),
      make_step("gender-best", after, "argmax", R"({"labels": ["female", "male"]})"),
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

}  // namespace dl::testing
