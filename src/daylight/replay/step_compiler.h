// SPDX-License-Identifier: Apache-2.0
// From one step of pipeline.json to a function: the vocabulary of docs/formats/pipeline.md as
// replay executes it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daylight/base/blob_store.h"
#include "daylight/replay/step_params.h"
#include "daylight/replay/step_value.h"

namespace dl {

// A model of a program: opened once, an interpreter for each thread.
struct ProgramModel {
  std::string sha256;
  std::shared_ptr<const RunnableModel> model;
  std::shared_ptr<const ModelRunner> probe;  // tells shapes while compiling
};

// A step that something else stands in for; goes into the predictions' provenance.
struct Substitution {
  std::string step;
  std::string by;
  std::string proof = "assumed";
  std::string why;

  friend bool operator==(const Substitution&, const Substitution&) = default;
};
Json to_json(const Substitution& substitution);

// What compiling collects over all steps.
struct CompileContext {
  const BlobStore& blobs;
  RunnerOptions runner_options;
  // See ProgramOptions.
  std::map<std::string, std::string> barred_models = {};
  std::function<void(std::string_view)> opening_model = {};
  std::vector<ProgramModel> models = {};
  bool needs_finder = false;
  std::vector<Substitution> substitutions = {};
};

// The step as a function on values of type `in`. kUnsupported for an op that is not in the
// vocabulary, kInvalidArgument for parameters that make no sense or do not fit the value or the
// model. Errors name the step.
Result<CompiledStep> compile_step(const StepParams& step, const ValueType& in,
                                  CompileContext& context);

namespace steps {

// The two halves of the vocabulary; nothing (an empty function) if the op is not theirs.
Result<CompiledStep> compile_image_step(const StepParams& step, const ValueType& in,
                                        CompileContext& context);
Result<CompiledStep> compile_tensor_step(const StepParams& step, const ValueType& in,
                                         CompileContext& context);

}  // namespace steps
}  // namespace dl
