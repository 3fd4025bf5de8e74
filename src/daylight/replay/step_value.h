// SPDX-License-Identifier: Apache-2.0
// What flows between the steps of a compiled pipeline, and how a step says that it could not go on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/predictions.h"
#include "daylight/replay/face_finder.h"
#include "daylight/replay/image.h"
#include "daylight/replay/model_runner.h"
#include "daylight/replay/tensor.h"

namespace dl {

enum class ValueKind { kFile, kImage, kTensor, kOutputs, kScalar, kLabel };
const char* to_string(ValueKind kind);

// What is known of a value before any picture is read. Sizes are 0, and shapes empty, where the
// picture decides.
struct ValueType {
  ValueKind kind = ValueKind::kFile;
  int width = 0;
  int height = 0;
  ElementType element = ElementType::kFloat32;
  std::vector<std::int64_t> shape = {};
  std::vector<TensorSpec> outputs = {};  // kOutputs
};

// The value of the kind that its step's type says; other members keep storage for reuse.
struct StepValue {
  Image image;
  Tensor tensor;
  std::vector<Tensor> outputs;
  float scalar = 0.0F;
  std::string label;
  std::optional<float> score = {};
};

// Why a picture has no answer behind this step.
struct StepFailure {
  PredictionStatus status = PredictionStatus::kParseError;
  std::string why = {};  // empty where the status says it all (no face, several faces)
};
using StepResult = tl::expected<void, StepFailure>;

// What one thread needs to run steps.
struct StepWorker {
  std::string file_name;                              // of the picture, for messages
  ByteSpan file;                                      // its bytes
  std::vector<std::unique_ptr<ModelRunner>> runners;  // one for each model of the program
  std::unique_ptr<FaceFinder> finder;                 // where the program has a face crop
};

// Runs one step: reads `in`, fills `out`, which are never the same.
using StepFunction = std::function<StepResult(const StepValue& in, StepValue& out, StepWorker&)>;

// A step ready to run, and what it gives.
struct CompiledStep {
  StepFunction function;
  ValueType type;
};

inline tl::unexpected<StepFailure> step_failure(PredictionStatus status, std::string why = {}) {
  return tl::unexpected<StepFailure>(StepFailure{status, std::move(why)});
}

}  // namespace dl
