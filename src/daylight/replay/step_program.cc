// SPDX-License-Identifier: Apache-2.0
// Lays out the variants of a pipeline over shared nodes, and runs them.
#include "daylight/replay/step_program.h"

#include <algorithm>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

constexpr std::size_t kMaxProgramNodes = 10'000;

// The pipeline itself (no id), or one change of it.
struct Variant {
  std::string id;
  std::string step;                          // the step that `alternative` replaces
  const Alternative* alternative = nullptr;  // or
  std::string kernel;                        // the kernel of every resize step
};

// A step as a variant has it.
struct VariantStep {
  const std::string* id;
  const std::string* op;
  Json params;
};

bool is_resize(const Step& step) { return step.op == "resize"; }

// The path without what lies between decoding and the face crop, which the samples have behind
// them.
std::vector<const Step*> without_face_crop(const std::vector<const Step*>& path,
                                           std::vector<std::string>& skipped) {
  const auto last_crop = std::find_if(path.rbegin(), path.rend(),
                                      [](const Step* step) { return step->op == "face-crop"; });
  if (last_crop == path.rend()) return path;
  const auto behind = last_crop.base();
  std::vector<const Step*> kept;
  for (auto it = path.begin(); it != path.end(); ++it) {
    const bool reads = (*it)->kind == StepKind::kSource || (*it)->kind == StepKind::kDecode;
    if (it >= behind || reads) {
      kept.push_back(*it);
    } else if (std::find(skipped.begin(), skipped.end(), (*it)->id) == skipped.end()) {
      skipped.push_back((*it)->id);
    }
  }
  return kept;
}

// Whether the variant changes anything on this path.
bool concerns(const Variant& variant, const std::vector<const Step*>& path) {
  if (variant.id.empty()) return true;
  return std::any_of(path.begin(), path.end(), [&](const Step* step) {
    return variant.alternative != nullptr ? step->id == variant.step : is_resize(*step);
  });
}

}  // namespace

// Compiles variants one after the other into a program.
class ProgramBuilder {
 public:
  ProgramBuilder(const Pipeline& pipeline, const ProgramOptions& options, const BlobStore& models)
      : pipeline_(pipeline),
        options_(options),
        context_{models, options.runner, options.barred_models, options.opening_model} {}

  Result<StepProgram> build() {
    if (pipeline_.heads.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  "the pipeline has no heads: there is nothing to replay");
    }
    const auto variants = TRY(list_variants());
    program_.runner_options_ = options_.runner;
    program_.opening_model_ = options_.opening_model;
    for (const Variant& variant : variants) {
      for (const Head& head : pipeline_.heads) add_head(variant, head);
      if (variant.id.empty() && program_.outputs_.empty()) {
        return tl::unexpected(program_.failed_heads_.front().error);
      }
    }
    program_.models_ = std::move(context_.models);
    program_.substitutions_ = std::move(context_.substitutions);
    program_.needs_finder_ = context_.needs_finder;
    return std::move(program_);
  }

 private:
  Result<std::vector<Variant>> list_variants() const {
    std::vector<Variant> variants(1);
    if (!options_.resize_kernel.empty()) {
      TRY_VOID(check_kernel(options_.resize_kernel));
    }
    for (const std::string& kernel : options_.compare_kernels) {
      TRY_VOID(check_kernel(kernel));
      variants.push_back({"resize-kernel=" + kernel, "", nullptr, kernel});
    }
    if (!options_.all_alternatives) return variants;
    for (const Step& step : pipeline_.steps) {
      for (const Alternative& alternative : step.alternatives) {
        variants.push_back({alternative.id, step.id, &alternative, ""});
      }
    }
    return variants;
  }

  static Result<void> check_kernel(const std::string& name) {
    TRY(resize_kernel_from_string(name));
    return {};
  }

  void add_head(const Variant& variant, const Head& head) {
    const auto added = try_head(variant, head);
    if (!added) program_.failed_heads_.push_back({variant.id, head.name, added.error()});
  }

  Result<void> try_head(const Variant& variant, const Head& head) {
    auto path = TRY(path_to(pipeline_, head.sink));
    if (options_.samples_are_face_crops) path = without_face_crop(path, program_.skipped_steps_);
    if (!concerns(variant, path)) return {};
    std::size_t node = StepProgram::kRoot;
    for (const Step* step : path) node = TRY(add_step(node, resolve(variant, *step)));
    if (node == StepProgram::kRoot) {
      return fail(ErrorCode::kInvalidArgument, "no steps lead to it", "head '" + head.name + "'");
    }
    ProgramOutput output;
    output.alternative = variant.id;
    output.head = head.name;
    output.is_label = head.kind == "label";
    output.is_probability = head.kind == "probability";
    output.node = node;
    TRY_VOID(check_answer(head, program_.nodes_[node].type));
    program_.outputs_.push_back(std::move(output));
    return {};
  }

  // The step with the variant's and the options' changes.
  VariantStep resolve(const Variant& variant, const Step& step) const {
    if (variant.alternative != nullptr && variant.step == step.id) {
      return {&step.id, &variant.alternative->op, variant.alternative->params};
    }
    VariantStep resolved = {&step.id, &step.op, step.params};
    const std::string& kernel = variant.kernel.empty() ? options_.resize_kernel : variant.kernel;
    if (is_resize(step) && !kernel.empty() && resolved.params.is_object()) {
      resolved.params["kernel"] = kernel;
    }
    return resolved;
  }

  // The node that does this work behind `parent`, a new one if there is none yet.
  Result<std::size_t> add_step(std::size_t parent, const VariantStep& step) {
    std::string key = *step.op + " " + dump_json_line(step.params);
    const ValueType type =
        parent == StepProgram::kRoot ? ValueType{} : program_.nodes_[parent].type;
    // Compiled also where the work is there already: the step may have a substitution to tell.
    auto compiled = TRY(compile_step(StepParams(*step.id, *step.op, step.params), type, context_));
    for (std::size_t i = 0; i < program_.nodes_.size(); ++i) {
      if (program_.nodes_[i].parent == parent && program_.nodes_[i].key == key) return i;
    }
    if (program_.nodes_.size() >= kMaxProgramNodes) {
      return fail(ErrorCode::kLimit, "the alternatives make more steps than are run at once");
    }
    program_.nodes_.push_back({parent, std::move(key),
                               printable(*step.id) + " (" + printable(*step.op) + ")",
                               std::move(compiled.function), std::move(compiled.type)});
    return program_.nodes_.size() - 1;
  }

  static Result<void> check_answer(const Head& head, const ValueType& type) {
    const std::string where = "head '" + printable(head.name) + "'";
    if (head.kind == "label") {
      if (type.kind == ValueKind::kLabel) return {};
      return fail(ErrorCode::kInvalidArgument,
                  std::string("its steps end in a value of kind ") + to_string(type.kind) +
                      ", not in a label",
                  where);
    }
    if (head.kind != "scalar" && head.kind != "probability") {
      return fail(ErrorCode::kUnsupported,
                  "replay writes labels and single numbers, no heads of kind '" +
                      printable(head.kind) + "'",
                  where);
    }
    if (type.kind == ValueKind::kScalar || type.kind == ValueKind::kTensor) return {};
    return fail(ErrorCode::kInvalidArgument,
                std::string("its steps end in a value of kind ") + to_string(type.kind) +
                    ", not in a number",
                where);
  }

  const Pipeline& pipeline_;
  const ProgramOptions& options_;
  CompileContext context_;
  StepProgram program_;
};

Result<StepProgram> StepProgram::compile(const Pipeline& pipeline, const ProgramOptions& options,
                                         const BlobStore& models) {
  return ProgramBuilder(pipeline, options, models).build();
}

Result<ProgramState> StepProgram::make_state() const {
  ProgramState state;
  state.values.resize(nodes_.size());
  state.failures.resize(nodes_.size());
  for (const ProgramModel& model : models_) {
    if (opening_model_) opening_model_(model.sha256);
    state.worker.runners.push_back(TRY(model.model->make_runner(runner_options_)));
    if (opening_model_) opening_model_("");
  }
  if (needs_finder_) state.worker.finder = TRY(FaceFinder::open(FaceFinderOptions()));
  return state;
}

void StepProgram::run(const std::string& file_name, ByteSpan file, ProgramState& state) const {
  static const StepValue kNothing;
  state.worker.file_name = file_name;
  state.worker.file = file;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    state.failures[i].reset();
    if (node.parent != kRoot && state.failures[node.parent]) {
      state.failures[i] = state.failures[node.parent];
      continue;
    }
    if (i < state.barred.size() && state.barred[i]) {
      state.failures[i] = state.barred[i];
      continue;
    }
    if (state.running != nullptr) *state.running = static_cast<std::uint32_t>(i);
    const StepValue& in = node.parent == kRoot ? kNothing : state.values[node.parent];
    const StepResult done = node.function(in, state.values[i], state.worker);
    if (!done) state.failures[i] = done.error();
  }
  if (state.running != nullptr) *state.running = UINT32_MAX;
}

void StepProgram::fail_all(const StepFailure& failure, ProgramState& state) const {
  std::fill(state.failures.begin(), state.failures.end(), failure);
}

Prediction StepProgram::prediction(std::size_t index, const ProgramState& state) const {
  const ProgramOutput& output = outputs_[index];
  Prediction row;
  row.alternative = output.alternative;
  row.head = output.head;
  row.source = "replayed";
  if (state.failures[output.node]) {
    row.status = state.failures[output.node]->status;
    return row;
  }
  const StepValue& value = state.values[output.node];
  if (output.is_label) {
    row.label = value.label;
    row.score = value.score;
    return row;
  }
  const bool tensor = nodes_[output.node].type.kind == ValueKind::kTensor;
  const bool single = !tensor || value.tensor.size() == 1;
  const double number = !single  ? std::nan("")
                        : tensor ? element_at(value.tensor, 0)
                                 : static_cast<double>(value.scalar);
  if (!std::isfinite(number)) {
    row.status = PredictionStatus::kParseError;
  } else if (output.is_probability) {
    row.score = number;
  } else {
    row.value = number;
  }
  return row;
}

}  // namespace dl
