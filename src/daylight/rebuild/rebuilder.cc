// SPDX-License-Identifier: Apache-2.0
// The passes from code to pipeline.
#include "daylight/rebuild/rebuilder.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/program/code/app_code.h"
#include "daylight/rebuild/answer_reading.h"
#include "daylight/rebuild/assumptions.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/guarded_sinks.h"
#include "daylight/rebuild/head_drafting.h"
#include "daylight/rebuild/model_binding.h"
#include "daylight/rebuild/picture_steps.h"
#include "daylight/rebuild/pipeline_draft.h"
#include "daylight/rebuild/tensor_reading.h"

namespace dl::rebuild {
namespace {

class Rebuilder {
 public:
  Rebuilder(const program::AppPackage& app, const Inventory& inventory,
            const RebuildOptions& options, LogSink& log)
      : app_(app), inventory_(inventory), options_(options), log_(log) {}

  Result<Pipeline> run() {
    code_ = program::AppCode::build(app_);
    flow_ = program::analyse_flow(*code_, options_.limits, log_);
    if (log_.cancelled())
      return fail(ErrorCode::kCancelled, "rebuild was interrupted", app_.file_name());
    evidence_.emplace(app_, *code_, *flow_.graph);
    heads_.emplace(app_, inventory_, *evidence_, draft_);
    for (const auto& gap : flow_.gaps) draft_.gap(printable(gap.where, 300), gap.why);
    bind_models();
    choose_runs();
    for (const ModelRecord& model : inventory_.models) rebuild_model(model);
    rebuild_partial();
    for (const auto& [id, model] : heads_->models()) draft_.pipeline().models.push_back(id);
    return std::move(draft_.pipeline());
  }

 private:
  struct Run {
    const program::FlowRun* flow = nullptr;
    ModelBinding binding;
    std::size_t input = 0;
    TensorReading tensor;
    std::vector<ReadAnswer> answers;
    std::vector<ReadAnswer> branches;  // the same from what branches on an answer show
    std::vector<std::string> caveats;  // gaps, where this run speaks for its model
    int worth() const {
      int value = 0;
      if (tensor.found) value += 8;
      for (const auto& [answer, sink] : answers) {
        if (answer.why.empty() && !answer.threshold)
          value += sink != nullptr && !is_log(*sink) ? 3 : 1;
      }
      for (const ReadAnswer& one : branches) {
        if (!one.first.stands_alone()) continue;
        value += 1;
        break;
      }
      if (tensor.found && !tensor.ambiguous) value += 2;
      if (binding.proof.kind == "static") value += 4;
      return value;
    }
  };

  AnswerSources sources() const {
    return {*flow_.graph, models_of_runs_, *evidence_, app_.resources()};
  }

  void bind_models() {
    models_of_runs_.assign(flow_.runs.size(), nullptr);
    for (const program::FlowRun& one : flow_.runs) {
      Run run;
      run.flow = &one;
      run.binding = bind_model(*flow_.graph, one, inventory_, *evidence_);
      if (run.binding.model == nullptr) {
        draft_.gap(evidence_->method(one.site), run.binding.why);
      } else {
        models_of_runs_[one.id] = run.binding.model;
      }
      runs_.push_back(std::move(run));
    }
  }

  // The same model may be run in several contexts that were interpreted: the one that was
  // understood best speaks for it.
  void choose_runs() {
    for (Run& run : runs_) {
      if (run.binding.model == nullptr) continue;
      read_input(run);
    }
    for (const program::FlowSink& sink : flow_.sinks) read_sink(sink);
    read_branches();
    for (Run& run : runs_) {
      const ModelRecord* model = run.binding.model;
      if (model == nullptr) continue;
      if (!understood(run)) add_pairs(run);
      if (!understood(run)) read_kept(run);
      Run*& chosen = chosen_[model->id];
      if (chosen == nullptr || run.worth() > chosen->worth()) chosen = &run;
    }
  }

  static bool understood(const Run& run) {
    const auto alone = [](const ReadAnswer& one) { return one.first.stands_alone(); };
    return std::any_of(run.answers.begin(), run.answers.end(), alone) ||
           std::any_of(run.branches.begin(), run.branches.end(), alone);
  }

  // Label and score side by side in what is shown or kept.
  void add_pairs(Run& run) {
    std::vector<program::NodeId> values;
    for (const program::FlowSink& sink : flow_.sinks)
      values.insert(values.end(), sink.args.begin(), sink.args.end());
    for (const program::FlowKept& kept : flow_.kept) values.push_back(kept.value);
    if (auto answer = read_pairs(sources(), values, run.flow->id)) {
      run.caveats.emplace_back(
          "labels and scores are put side by side and sorted later; the label of the highest score "
          "is taken as the answer");
      run.answers.emplace_back(std::move(*answer), nullptr);
    }
  }

  // What is known of pictures for models that the app does not carry: the steps up to the tensor,
  // without a model or a head.
  void rebuild_partial() {
    std::set<std::pair<std::uint32_t, std::uint32_t>> done;
    for (Run& run : runs_) {
      if (run.binding.model != nullptr || run.flow->inputs.empty()) continue;
      const program::FlowSite& site = flow_.graph->site(run.flow->site);
      if (!done.insert({site.method, site.pc}).second) continue;
      const auto tensor = guess_tensor(*flow_.graph, run.flow->inputs[0]);
      if (!tensor) continue;
      run.tensor = read_tensor(*flow_.graph, run.flow->inputs[0], *tensor);
      if (!run.tensor.found) continue;
      ModelRecord absent;
      absent.location.entry = {"a model that is not in the app"};
      absent.inputs = {*tensor};
      add_read_input(absent, run,
                     PictureShape{tensor->shape[1], tensor->shape[2], tensor->shape[3]});
      draft_.gap(evidence_->method(run.flow->site),
                 "the steps up to the tensor were rebuilt; they end there because the model is not "
                 "in the app");
    }
  }

  void read_input(Run& run) {
    const ModelRecord& model = *run.binding.model;
    for (std::size_t i = 0; i < model.inputs.size() && i < run.flow->inputs.size(); ++i) {
      TensorReading reading = read_tensor(*flow_.graph, run.flow->inputs[i], model.inputs[i]);
      if (reading.found || i == 0) {
        run.input = i;
        run.tensor = std::move(reading);
      }
      if (run.tensor.found) return;
    }
    if (model.inputs.empty()) run.tensor.why = "the model's inputs were not read";
  }

  void read_sink(const program::FlowSink& sink) {
    const AnswerSources from = sources();
    for (const program::NodeId arg : sink.args) {
      for (AnswerReading& answer : read_answers(from, arg)) {
        if (answer.run < runs_.size())
          runs_[answer.run].answers.emplace_back(std::move(answer), &sink);
      }
    }
  }

  // What is shown in branches on an answer: labels, and what limits choose.
  void read_branches() {
    const AnswerSources from = sources();
    for (const GuardedValue& guarded : guarded_values(*flow_.graph, flow_.sinks)) {
      for (AnswerReading& answer : read_answers(from, guarded.value)) {
        if (answer.run < runs_.size())
          runs_[answer.run].branches.emplace_back(std::move(answer), guarded.sink);
      }
    }
  }

  // Answers that are returned to a caller outside, or kept in a field.
  void read_kept(Run& run) {
    const AnswerSources from = sources();
    for (const bool returned : {true, false}) {
      for (const program::FlowKept& kept : flow_.kept) {
        if (kept.returned != returned) continue;
        const auto behind = runs_behind(*flow_.graph, kept.value);
        if (std::find(behind.begin(), behind.end(), run.flow->id) == behind.end()) continue;
        for (AnswerReading& answer : read_answers(from, kept.value)) {
          if (answer.run == run.flow->id && answer.why.empty()) {
            kept_in_[run.flow->id] = kept.where;
            run.answers.emplace_back(std::move(answer), nullptr);
          }
        }
      }
      if (!run.answers.empty()) return;
    }
  }

  void rebuild_model(const ModelRecord& model) {
    if (!model.location.url.empty()) {
      draft_.gap(printable(model.location.url, 300),
                 "a model that is fetched at run time is not here to be rebuilt");
      return;
    }
    if (model.format != "tflite") {
      draft_.gap(name_of(model),
                 "pipelines of models in the format '" + model.format + "' are not rebuilt");
      return;
    }
    const auto found = chosen_.find(model.id);
    Run* run = found == chosen_.end() ? nullptr : found->second;
    if (run == nullptr)
      draft_.gap(name_of(model), "no run of this model was found in the app's DEX code");
    if (run != nullptr && !run->binding.others.empty()) {
      std::string names;
      for (const ModelRecord* other : run->binding.others)
        names += (names.empty() ? "" : ", ") + name_of(*other);
      draft_.gap(name_of(model), "the code may load other models in its place: " + names);
    }
    const std::string tail = add_input(model, run);
    if (tail.empty()) return;
    const std::string step = add_model(model, run, tail);
    if (run == nullptr) return heads_->add(model, nullptr, "", step);
    for (const std::string& caveat : run->caveats)
      draft_.gap(evidence_->method(run->flow->site), caveat);
    std::vector<ReadAnswer> answers = run->answers;
    answers.insert(answers.end(), run->branches.begin(), run->branches.end());
    heads_->add(model, &answers, kept_in_[run->flow->id], step);
  }

  // ---- before the model ----

  std::string add_input(const ModelRecord& model, Run* run) {
    const std::size_t input = run != nullptr ? run->input : 0;
    const auto shape =
        input < model.inputs.size() ? picture_shape(model.inputs[input]) : std::nullopt;
    if (!shape) {
      draft_.gap(name_of(model),
                 "its input is no picture in NHWC order with one or three channels: nothing is "
                 "rebuilt for it");
      return {};
    }
    if (run != nullptr && run->tensor.found) return add_read_input(model, *run, *shape);
    const std::string why = run == nullptr ? "no code that runs the model was found"
                                           : "what fills the model's input was not understood: " +
                                                 printable(run->tensor.why, 300);
    if (run != nullptr) draft_.gap(evidence_->method(run->flow->site), why);
    std::vector<DraftStep> steps = assumed_start(run);
    steps.push_back(assumed_resize(*shape, why));
    steps.push_back(assumed_packing(*shape, model.inputs[input].dtype, why));
    for (DraftStep& step : assumed_normalisation(model, input, why))
      steps.push_back(std::move(step));
    return draft_.add_all(std::move(steps), "");
  }

  // Even where the tensor was not understood, the picture that it depends on may be.
  std::vector<DraftStep> assumed_start(const Run* run) {
    std::vector<DraftStep> steps;
    steps.push_back(assumed_source());
    steps.push_back(assumed_decoding());
    (void)run;
    return steps;
  }

  std::string add_read_input(const ModelRecord& model, Run& run, const PictureShape& shape) {
    program::FlowGraph& graph = *flow_.graph;
    PictureSteps picture = read_picture(graph, run.tensor.bitmap, *evidence_);
    for (const std::string& gap : picture.gaps)
      draft_.gap(evidence_->method(run.flow->site), printable(gap, 400));
    if (run.tensor.ambiguous)
      draft_.gap(evidence_->method(run.flow->site),
                 "the model's input is filled in one of several ways; the first that could be read "
                 "is taken");
    std::vector<DraftStep> steps = std::move(picture.steps);
    if (run.tensor.mirrored) {
      DraftStep flip;
      flip.op = "flip";
      flip.params = {{"axis", "horizontal"}};
      flip.proof = static_proof();
      steps.push_back(std::move(flip));
    }
    if (picture.width == 0 || picture.height == 0) {
      steps.push_back(assumed_resize(
          shape, "the model takes this size; no resize to it was found in the code"));
    } else if (picture.width != shape.width || picture.height != shape.height) {
      draft_.gap(name_of(model), "the code makes a picture of " + std::to_string(picture.width) +
                                     " x " + std::to_string(picture.height) + ", the model takes " +
                                     std::to_string(shape.width) + " x " +
                                     std::to_string(shape.height));
      steps.push_back(assumed_resize(shape, "the model takes another size than the code makes"));
    }
    const TensorInfo& tensor = model.inputs[run.input];
    DraftStep pack;
    pack.op = "to-tensor";
    const bool quantised = tensor.dtype == "uint8" && !run.tensor.normalised;
    pack.params = {{"order", run.tensor.order}, {"dtype", quantised ? "uint8" : "float32"}};
    pack.proof = static_proof();
    for (const program::NodeId node : run.tensor.packing)
      evidence_->add_node(pack.evidence, node, "rebuild.channels");
    steps.push_back(std::move(pack));
    if (run.tensor.normalised) {
      DraftStep normalise;
      normalise.op = "normalize";
      normalise.params = {{"mean", run.tensor.mean}, {"std", run.tensor.std}};
      normalise.proof = static_proof();
      for (const program::NodeId node : run.tensor.arithmetic)
        evidence_->add_node(normalise.evidence, node, "rebuild.normalise");
      steps.push_back(std::move(normalise));
      if (tensor.dtype != "float32") {
        DraftStep cast;
        cast.op = "cast";
        cast.params = {{"dtype", tensor.dtype}};
        cast.proof = static_proof();
        steps.push_back(std::move(cast));
      }
    }
    return draft_.add_all(std::move(steps), "");
  }

  // ---- the model ----

  std::string add_model(const ModelRecord& model, const Run* run, const std::string& after) {
    DraftStep step;
    step.kind = StepKind::kModel;
    step.op = "tflite";
    step.params = {{"model", model.id},
                   {"sha256", model.sha256},
                   {"input", run != nullptr ? run->input : 0},
                   {"outputs", model.outputs.size()}};
    if (run != nullptr) {
      step.proof = run->binding.proof;
      step.evidence = run->binding.evidence;
    } else {
      step.proof = assumed_proof("the model lies in the app; no code that runs it was found");
    }
    return draft_.add(std::move(step), after);
  }

  const program::AppPackage& app_;
  const Inventory& inventory_;
  const RebuildOptions& options_;
  LogSink& log_;
  std::unique_ptr<const program::AppCode> code_;
  program::FlowResult flow_;
  std::optional<CodeEvidence> evidence_;
  PipelineDraft draft_;
  std::vector<Run> runs_;
  std::vector<const ModelRecord*> models_of_runs_;
  std::map<std::string, Run*> chosen_;
  std::map<std::uint32_t, std::string> kept_in_;
  std::optional<HeadDrafting> heads_;
};

}  // namespace

Result<Pipeline> rebuild(const program::AppPackage& app, const Inventory& inventory,
                         const RebuildOptions& options, LogSink& log) {
  return Rebuilder(app, inventory, options, log).run();
}

}  // namespace dl::rebuild
