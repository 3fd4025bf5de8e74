// SPDX-License-Identifier: Apache-2.0
// A pipeline with its alternatives as one list of steps, in which whatever heads and alternatives
// share is done once.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/pipeline.h"
#include "daylight/replay/step_compiler.h"

namespace dl {

// What to make of a pipeline. See ReplayOptions for the meaning of each.
struct ProgramOptions {
  bool samples_are_face_crops = false;
  std::string resize_kernel = {};
  std::vector<std::string> compare_kernels = {};
  bool all_alternatives = false;
  RunnerOptions runner = {};
  // Models (by digest) that are not to be opened, and why.
  std::map<std::string, std::string> barred_models = {};
  // Told of each model before the inference library sees it, and of "" when that has gone well.
  std::function<void(std::string_view sha256)> opening_model = {};
};

// One answer that the program gives for each picture.
struct ProgramOutput {
  std::string alternative;  // "" is the pipeline itself
  std::string head;
  bool is_label = false;        // else a number
  bool is_probability = false;  // a number that is a score
  std::size_t node = 0;
};

// A head (under an alternative) that cannot be run, and why.
struct FailedHead {
  std::string alternative;
  std::string head;
  Error error;
};

// The values of one thread while it runs a program; storage is reused from picture to picture.
struct ProgramState {
  StepWorker worker;
  std::vector<StepValue> values;
  std::vector<std::optional<StepFailure>> failures;
  // Steps that are not run but fail so; empty, or one entry for each node.
  std::vector<std::optional<StepFailure>> barred = {};
  std::atomic<std::uint32_t>* running = nullptr;  // told of the node that runs, where not null
};

// Immutable after compile(): threads share it, each with its own state.
class StepProgram {
 public:
  // Fails if an option names an unknown kernel, the pipeline has no heads, or no head of the
  // pipeline itself can be run.
  static Result<StepProgram> compile(const Pipeline& pipeline, const ProgramOptions& options,
                                     const BlobStore& models);

  // In the order of predictions: alternative ("" first, then kernels as asked for, then the
  // pipeline's), head.
  const std::vector<ProgramOutput>& outputs() const { return outputs_; }
  const std::vector<FailedHead>& failed_heads() const { return failed_heads_; }
  const std::vector<Substitution>& substitutions() const { return substitutions_; }
  // Ids of steps left out because samples are face crops already; in the pipeline's order.
  const std::vector<std::string>& skipped_steps() const { return skipped_steps_; }
  std::size_t node_count() const { return nodes_.size(); }
  // The step that brought the node in, for messages: "age/invoke (tflite)".
  const std::string& node_name(std::size_t node) const { return nodes_[node].name; }
  // Nodes stand behind their parents; the largest number for those that have none.
  std::size_t node_parent(std::size_t node) const { return nodes_[node].parent; }

  // Interpreters and the face finder for one thread.
  Result<ProgramState> make_state() const;

  // Runs every step on a picture file. Afterwards values and failures hold each node's outcome.
  void run(const std::string& file_name, ByteSpan file, ProgramState& state) const;
  // Lets every step fail: the picture could not be read.
  void fail_all(const StepFailure& failure, ProgramState& state) const;

  // The outcome of output `index` after run(), without the columns that tell the picture.
  Prediction prediction(std::size_t index, const ProgramState& state) const;

 private:
  friend class ProgramBuilder;

  struct Node {
    std::size_t parent;  // kRoot for the first steps
    std::string key;     // equal keys of equal parents are the same work
    std::string name;
    StepFunction function;
    ValueType type;
  };
  static constexpr std::size_t kRoot = static_cast<std::size_t>(-1);

  std::vector<Node> nodes_;  // parents stand before their children
  std::vector<ProgramOutput> outputs_;
  std::vector<FailedHead> failed_heads_;
  std::vector<Substitution> substitutions_;
  std::vector<std::string> skipped_steps_;
  std::vector<ProgramModel> models_;
  RunnerOptions runner_options_;
  std::function<void(std::string_view)> opening_model_;
  bool needs_finder_ = false;
};

}  // namespace dl
