// SPDX-License-Identifier: Apache-2.0
// The passes from code to pipeline.
#include "daylight/rebuild/rebuilder.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/program/app_code.h"
#include "daylight/rebuild/answer_reading.h"
#include "daylight/rebuild/assumptions.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/head_names.h"
#include "daylight/rebuild/model_binding.h"
#include "daylight/rebuild/picture_steps.h"
#include "daylight/rebuild/pipeline_draft.h"
#include "daylight/rebuild/tensor_reading.h"

namespace dl::rebuild {
namespace {

// Lines of a label file.
constexpr std::size_t kMaxLabelLines = 20000;

std::string name_of(const ModelRecord& model) {
  return model.location.entry.empty() ? model.id : printable(model.location.entry.back(), 120);
}

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
    evidence_.emplace(*code_, *flow_.graph, app_.file_name());
    for (const auto& gap : flow_.gaps) draft_.gap(printable(gap.where, 300), gap.why);
    bind_models();
    choose_runs();
    for (const ModelRecord& model : inventory_.models) rebuild_model(model);
    rebuild_partial();
    for (const auto& [id, model] : head_models_) draft_.pipeline().models.push_back(id);
    return std::move(draft_.pipeline());
  }

 private:
  struct Run {
    const program::FlowRun* flow = nullptr;
    ModelBinding binding;
    std::size_t input = 0;
    TensorReading tensor;
    std::vector<std::pair<AnswerReading, const program::FlowSink*>> answers;
    int worth() const {
      int value = 0;
      if (tensor.found) value += 8;
      for (const auto& [answer, sink] : answers) {
        if (answer.why.empty()) value += sink != nullptr && !is_log(*sink) ? 3 : 1;
      }
      if (tensor.found && !tensor.ambiguous) value += 2;
      if (binding.proof.kind == "static") value += 4;
      return value;
    }
  };

  static bool is_log(const program::FlowSink& sink) {
    return sink.api.starts_with("android.util.Log.") || sink.api.starts_with("java.io.");
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
    return std::any_of(run.answers.begin(), run.answers.end(), [](const auto& pair) {
      return pair.first.why.empty() && pair.first.kind != "best-score";
    });
  }

  // Label and score side by side in what is shown or kept.
  void add_pairs(Run& run) {
    std::vector<program::NodeId> values;
    for (const program::FlowSink& sink : flow_.sinks)
      values.insert(values.end(), sink.args.begin(), sink.args.end());
    for (const program::FlowKept& kept : flow_.kept) values.push_back(kept.value);
    if (auto answer = read_pairs(*flow_.graph, values, run.flow->id, models_of_runs_, *evidence_)) {
      draft_.gap(evidence_->method(run.flow->site),
                 "labels and scores are put side by side and sorted later; the label of the "
                 "highest score is taken as the answer");
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
    for (const program::NodeId arg : sink.args) {
      for (AnswerReading& answer : read_answers(*flow_.graph, arg, models_of_runs_, *evidence_)) {
        if (answer.run < runs_.size())
          runs_[answer.run].answers.emplace_back(std::move(answer), &sink);
      }
    }
  }

  // Answers that are returned to a caller outside, or kept in a field.
  void read_kept(Run& run) {
    for (const bool returned : {true, false}) {
      for (const program::FlowKept& kept : flow_.kept) {
        if (kept.returned != returned) continue;
        const auto behind = runs_behind(*flow_.graph, kept.value);
        if (std::find(behind.begin(), behind.end(), run.flow->id) == behind.end()) continue;
        for (AnswerReading& answer :
             read_answers(*flow_.graph, kept.value, models_of_runs_, *evidence_)) {
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
    add_answers(model, run, add_model(model, run, tail));
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

  // ---- behind the model ----

  void add_answers(const ModelRecord& model, Run* run, const std::string& model_step) {
    std::size_t added = 0;
    const bool boxes =
        std::any_of(model.operators.begin(), model.operators.end(), [](const std::string& name) {
          return name.find("Detection_PostProcess") != std::string::npos;
        });
    if (boxes) {
      draft_.gap(name_of(model), "it answers boxes around what it finds; such answers get no head");
      return;
    }
    if (run != nullptr) {
      const bool shown =
          std::any_of(run->answers.begin(), run->answers.end(), [](const auto& pair) {
            return pair.first.why.empty() && pair.first.kind != "best-score" &&
                   (pair.second == nullptr || !is_log(*pair.second));
          });
      std::set<std::string> known;
      for (auto& [answer, sink] : run->answers) {
        if (answer.kind == "best-score") continue;
        if (!answer.why.empty()) {
          draft_.gap(sink != nullptr ? evidence_->method(sink->site) : name_of(model),
                     "what is done to an answer was " + printable(answer.why, 300));
          continue;
        }
        if (shown && sink != nullptr && is_log(*sink)) continue;
        std::string key = answer.kind;
        for (const DraftStep& step : answer.steps)
          key += "|" + step.op + dump_json_line(step.params);
        if (!known.insert(key).second) continue;
        if (add_head(model, *run, answer, sink, model_step)) ++added;
      }
    }
    if (added == 0) add_assumed_head(model, run, model_step);
  }

  bool add_head(const ModelRecord& model, const Run& run, AnswerReading& answer,
                const program::FlowSink* sink, const std::string& model_step) {
    Proof labels_proof = static_proof();
    if (answer.kind == "label" && answer.labels.empty() &&
        !fill_labels(model, answer, labels_proof))
      return false;
    std::string tail = draft_.add_all(std::move(answer.steps), model_step);
    DraftStep shown;
    shown.kind = StepKind::kSink;
    shown.op = "shown";
    const auto kept = kept_in_.find(run.flow->id);
    shown.params = {{"api", sink != nullptr ? sink->api
                                            : (kept != kept_in_.end()
                                                   ? "kept in " + printable(kept->second, 200)
                                                   : "unknown")}};
    if (answer.integer) shown.params["as"] = "integer";
    shown.proof = static_proof();
    if (sink != nullptr) evidence_->add(shown.evidence, sink->site, "rebuild.sink");
    for (Evidence& evidence : answer.shown) shown.evidence.push_back(std::move(evidence));
    finish_head(model, draft_.add(std::move(shown), tail), answer.kind, answer.labels,
                answer.caption, labels_proof);
    return true;
  }

  // Labels from an asset that the code reads, else from the model's metadata.
  bool fill_labels(const ModelRecord& model, AnswerReading& answer, Proof& proof) {
    DraftStep& step = answer.steps.back();
    if (!answer.label_asset.empty()) {
      if (const auto content = app_.asset_bytes(answer.label_asset)) {
        answer.labels = lines_of(as_text(content->bytes));
        Evidence evidence;
        evidence.kind = "asset";
        evidence.file = app_.file_name();
        evidence.entry = {"assets/" + answer.label_asset};
        evidence.rule = "rebuild.label-file";
        for (std::size_t i = 0; i < answer.labels.size() && i < 5; ++i)
          evidence.excerpt += (i != 0 ? ", " : "") + printable(answer.labels[i], 40);
        step.evidence.push_back(std::move(evidence));
      } else {
        draft_.gap("assets/" + printable(answer.label_asset, 200),
                   "the label file that the code opens is not in the app");
      }
    }
    if (answer.labels.empty() && !model.labels.empty()) {
      answer.labels = model.labels;
      proof =
          declared_proof("model-metadata",
                         "the labels that the code reads were not found; these lie in the model");
      step.proof = proof;
    }
    const auto assumed = assumed_answer(model, "");
    if (assumed && assumed->kind == "label" && answer.labels.size() != assumed->labels.size()) {
      // A first line that stands for the background, or none: the counts must agree before labels
      // mean anything.
      if (!answer.labels.empty()) {
        draft_.gap(name_of(model), "the label file has " + std::to_string(answer.labels.size()) +
                                       " lines, the model has " +
                                       std::to_string(assumed->labels.size()) + " classes");
      }
      answer.labels = assumed->labels;
      proof = assumed->labels_proof;
      step.proof = proof;
    }
    if (answer.labels.empty()) {
      draft_.gap(name_of(model), "the labels of its highest score were not found");
      return false;
    }
    step.params["labels"] = answer.labels;
    return true;
  }

  static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const std::string& line : split(text, '\n')) {
      const std::string_view bare = trim(line);
      if (!bare.empty() && lines.size() < kMaxLabelLines) lines.emplace_back(bare);
    }
    return lines;
  }

  void add_assumed_head(const ModelRecord& model, const Run* run, const std::string& model_step) {
    const std::string why = run == nullptr
                                ? "no code that runs the model was found"
                                : "what the code does with the model's answer was not understood";
    auto answer = assumed_answer(model, why);
    if (!answer) {
      draft_.gap(name_of(model),
                 why + ", and its outputs are no scalar and no list of scores: it gets no head");
      return;
    }
    const std::string tail = draft_.add_all(std::move(answer->steps), model_step);
    DraftStep shown;
    shown.kind = StepKind::kSink;
    shown.op = "shown";
    shown.params = {{"api", "unknown"}};
    shown.proof = assumed_proof(why);
    finish_head(model, draft_.add(std::move(shown), tail), answer->kind, answer->labels, "",
                answer->labels_proof);
  }

  void finish_head(const ModelRecord& model, const std::string& sink, const std::string& kind,
                   const std::vector<std::string>& labels, const std::string& caption,
                   const Proof& labels_proof) {
    auto& heads = draft_.pipeline().heads;
    if (heads.size() >= kMaxHeads) {
      draft_.gap(name_of(model), "there are more answers than are written down");
      return;
    }
    const HeadName named = name_head(labels, caption, model, inventory_.tasks);
    Head head;
    head.name = named.name;
    for (int i = 2; std::any_of(heads.begin(), heads.end(),
                                [&](const Head& other) { return other.name == head.name; });
         ++i) {
      head.name = named.name + "-" + std::to_string(i);
    }
    head.kind = kind;
    head.sink = sink;
    head.task = named.task;
    head.labels = labels;
    if (!labels.empty()) head.labels_proof = labels_proof;
    heads.push_back(std::move(head));
    head_models_.emplace(model.id, &model);
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
  std::map<std::string, const ModelRecord*> head_models_;
};

}  // namespace

Result<Pipeline> rebuild(const program::AppPackage& app, const Inventory& inventory,
                         const RebuildOptions& options, LogSink& log) {
  return Rebuilder(app, inventory, options, log).run();
}

}  // namespace dl::rebuild
