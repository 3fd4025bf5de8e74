// SPDX-License-Identifier: Apache-2.0
// The wiring: each stage reads artifacts, calls its room's function, writes one artifact with its
// provenance.
#include "daylight/cli/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/json_fields.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/artifact/samples.h"
#include "daylight/assess/assessor.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/cli/capture_stage.h"
#include "daylight/cli/case_artifacts.h"
#include "daylight/cli/detect_inputs.h"
#include "daylight/cli/group_choice.h"
#include "daylight/cli/recipe_inputs.h"
#include "daylight/cli/refusals.h"
#include "daylight/cli/replay_stage.h"
#include "daylight/cli/sample_hashing.h"
#include "daylight/detect/located_model.h"
#include "daylight/detect/plan/planner.h"
#include "daylight/rebuild/rebuilder.h"
#include "daylight/report/reporter.h"

namespace dl::cli {
namespace {

// "1 model", "2 models".
std::string count_of(std::size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

InputDigest app_input(const program::AppPackage& app) {
  return {"app", app.file_name(), app.sha256()};
}

template <typename T, typename Read>
Result<T> read_artifact(const CaseFolder& folder, const std::string& name, Read read) {
  const Json json = TRY(folder.read_json(name));
  return read(json, folder.file(name).string());
}

StageReport up_to_date(const char* stage) {
  StageReport report;
  report.stage = stage;
  report.up_to_date = true;
  report.summary = "up to date";
  return report;
}

StageReport done(const char* stage, std::string summary) {
  StageReport report;
  report.stage = stage;
  report.summary = std::move(summary);
  return report;
}

// A stored model whose bytes were damaged makes room for the app's.
void drop_damaged(const BlobStore& blobs, const std::string& sha256, LogSink& log) {
  if (!blobs.contains(sha256) || blobs.get(sha256)) return;
  log.message(LogLevel::kWarning,
              "the stored model " + sha256 + " was damaged: it is stored again");
  std::error_code error;
  std::filesystem::remove(blobs.path_of(sha256), error);
}

// Every model that detect found lies in the case, so that later stages need no app.
Result<void> store_models(const CaseFolder& folder, const program::AppPackage& app,
                          Inventory& inventory, LogSink& log) {
  for (const ModelRecord& model : inventory.models) {
    if (!model.location.url.empty()) continue;  // fetched at run time: not here
    const auto content =
        located_model(app, model.location.entry, model.location.offset, model.location.size);
    if (!content) {
      inventory.gaps.push_back(
          {model.id, "its bytes could not be kept for replay: " + describe(content.error())});
      continue;
    }
    drop_damaged(folder.blobs(), model.sha256, log);
    TRY_VOID(folder.blobs().put(content->bytes));
  }
  return {};
}

// With the bytes of their digests: each is read once.
bool models_are_stored(const CaseFolder& folder) {
  const auto inventory = read_artifact<Inventory>(folder, kInventoryFile, inventory_from_json);
  if (!inventory) return false;
  return std::all_of(
      inventory->models.begin(), inventory->models.end(), [&](const ModelRecord& model) {
        return !model.location.url.empty() || folder.blobs().get(model.sha256).has_value();
      });
}

Result<StageReport> run_detect(Session& session) {
  const program::AppPackage* app = TRY(session.app());
  TRY_VOID(refuse_another_app(session.folder(), *app));
  const DetectInputs inputs = TRY(DetectInputs::read(session.options().detect));
  const Provenance provenance = inputs.provenance(*app);
  if (session.folder().is_current(kInventoryFile, "inventory", provenance) &&
      models_are_stored(session.folder())) {
    return up_to_date("detect");
  }
  Inventory inventory = TRY(inputs.detect(*app, *TRY(session.code()), session.log()));
  TRY_VOID(store_models(session.folder(), *app, inventory, session.log()));
  TRY_VOID(session.folder().write_json(kInventoryFile, to_json(inventory)));
  return done("detect",
              fmt::format("{}, {}, {}, {}, {}", count_of(inventory.models.size(), "model"),
                          count_of(inventory.frameworks.size(), "framework"),
                          count_of(inventory.calls.size(), "call site"),
                          count_of(inventory.tasks.size(), "task"),
                          count_of(inventory.gaps.size(), "gap")));
}

Result<StageReport> run_plan(Session& session) {
  const program::AppPackage* app = TRY(session.app());
  TRY_VOID(refuse_another_app(session.folder(), *app));
  Provenance provenance;
  provenance.inputs = {app_input(*app), TRY(session.folder().input("inventory", kInventoryFile))};
  const RecipeSet recipes = TRY(read_recipes(session.options().recipes));
  provenance.options["recipes"] = recipes.digest();
  if (session.folder().is_current(kProbePlanFile, "probe_plan", provenance))
    return up_to_date("plan");
  const auto inventory =
      TRY(read_artifact<Inventory>(session.folder(), kInventoryFile, inventory_from_json));
  ProbePlan planned = plan(*app, *TRY(session.code()), inventory, recipes);
  planned.provenance = provenance;
  TRY_VOID(session.folder().write_json(kProbePlanFile, to_json(planned)));
  return done("plan",
              fmt::format("{}, {} for a capture agent", count_of(planned.probes.size(), "probe"),
                          count_of(planned.entries.size(), "entry point")));
}

// The app itself over the samples. Whatever keeps it from running is a gap.
Result<StageReport> run_capture(Session& session) {
  if (session.options().static_only) return done("capture", "left out: --static");
  const program::AppPackage* app = TRY(session.app());
  TRY_VOID(refuse_another_app(session.folder(), *app));
  // Pictures that cannot be read are the error of the stage that needs them.
  const auto samples = session.samples();
  if (!samples && samples.error().code == ErrorCode::kCancelled)
    return tl::unexpected<Error>(samples.error());
  if (!samples) return done("capture", "left out: the pictures cannot be read");
  const CaptureWork work = {session.options().app, app->sha256(),
                            app->manifest() ? app->manifest()->package : std::string()};
  return capture_into_case(session.folder(), work, **samples,
                           session.options().replay.samples.filename().string(), session.log());
}

Result<StageReport> run_rebuild(Session& session) {
  const program::AppPackage* app = TRY(session.app());
  TRY_VOID(refuse_another_app(session.folder(), *app));
  Provenance provenance;
  provenance.inputs = {app_input(*app), TRY(session.folder().input("inventory", kInventoryFile))};
  if (session.folder().is_current(kPipelineFile, "pipeline", provenance))
    return up_to_date("rebuild");
  const auto inventory =
      TRY(read_artifact<Inventory>(session.folder(), kInventoryFile, inventory_from_json));
  Pipeline pipeline = TRY(rebuild::rebuild(*app, inventory, {}, session.log()));
  pipeline.provenance = provenance;
  TRY_VOID(session.folder().write_json(kPipelineFile, to_json(pipeline)));
  const auto assumed = static_cast<std::size_t>(
      std::count_if(pipeline.steps.begin(), pipeline.steps.end(),
                    [](const Step& step) { return step.proof.kind == "assumed"; }));
  return done("rebuild",
              fmt::format("{}, {} of them assumed, {}, {}", count_of(pipeline.steps.size(), "step"),
                          assumed, count_of(pipeline.heads.size(), "head"),
                          count_of(pipeline.gaps.size(), "gap")));
}

Result<StageReport> run_replay(Session& session) {
  const auto pipeline =
      TRY(read_artifact<Pipeline>(session.folder(), kPipelineFile, pipeline_from_json));
  const Samples* samples = TRY(session.samples());
  Provenance provenance;
  provenance.inputs = {
      TRY(session.folder().input("pipeline", kPipelineFile)),
      {"images", session.options().replay.samples.filename().string(), samples_digest(*samples)}};
  return replay_into_case(session.folder(), pipeline, *samples, std::move(provenance),
                          session.options().replay, session.log());
}

// A true label that the app cannot answer is an error of the samples, not of the app: the assessor
// must know the answers.
Result<void> add_head_labels(const CaseFolder& folder, assess::AssessOptions& options) {
  std::error_code error;
  if (!std::filesystem::exists(folder.file(kPipelineFile), error)) return {};
  const auto pipeline = TRY(read_artifact<Pipeline>(folder, kPipelineFile, pipeline_from_json));
  for (const Head& head : pipeline.heads) {
    if (!head.labels.empty()) options.head_labels[head.name] = head.labels;
    // An answer that nobody in these samples has as truth is wrong, not unknown.
    for (const std::string& label : head.labels)
      options.label_rules.push_back({head.name, label, label});
  }
  return {};
}

// What replay had to leave out or replace limits what the assessment can say: it goes where readers
// look.
Result<void> carry_over_replay_limits(const CaseFolder& folder, Assessment& assessment) {
  const auto meta = folder.read_json(std::string(kPredictionsFile) + ".meta.json");
  if (!meta) return {};
  if (meta->contains("gaps")) {
    for (Gap& gap : TRY(gap_list_from_json((*meta)["gaps"], kPredictionsFile))) {
      assessment.limits.push_back({"replay: " + gap.where, gap.why});
    }
  }
  if (meta->contains("substitutions") && (*meta)["substitutions"].is_array()) {
    for (const Json& item : (*meta)["substitutions"]) {
      std::string step;
      std::string by;
      std::string why;
      std::string proof;
      FieldReader fields(item, kPredictionsFile);
      fields.text("step", step);
      fields.text("by", by);
      fields.text("why", why);
      fields.text("proof", proof);
      TRY_VOID(fields.finish());
      assessment.limits.push_back(
          {"replay: step " + step, fmt::format("replaced by {} ({}): {}", by, proof, why)});
    }
  }
  return {};
}

Result<StageReport> run_assess(Session& session) {
  const AssessFlags& flags = session.options().assess;
  const Samples* samples = TRY(session.samples());
  Provenance provenance;
  provenance.inputs = {TRY(session.folder().input("predictions", kPredictionsFile)),
                       {"samples", session.options().replay.samples.filename().string(),
                        TRY(sha256_of_file(session.options().replay.samples))}};
  if (const auto pipeline = session.folder().input("pipeline", kPipelineFile))
    provenance.inputs.push_back(*pipeline);
  assess::AssessOptions options = TRY(assess_options(flags, *samples));
  TRY_VOID(add_head_labels(session.folder(), options));
  options.samples_name = session.options().replay.samples.string();
  options.predictions_name = session.folder().file(kPredictionsFile).string();
  provenance.options = options_to_json(options);
  provenance.seed = flags.seed;
  if (session.folder().is_current(kAssessmentFile, "assessment", provenance))
    return up_to_date("assess");
  const auto predictions = TRY(read_predictions(session.folder().file(kPredictionsFile)));
  Assessment assessment = TRY(assess::assess(predictions, *samples, options, session.log()));
  assessment.provenance = provenance;
  TRY_VOID(carry_over_replay_limits(session.folder(), assessment));
  TRY_VOID(session.folder().write_json(kAssessmentFile, to_json(assessment)));
  const auto found = static_cast<std::size_t>(
      std::count_if(assessment.verdicts.begin(), assessment.verdicts.end(),
                    [](const Verdict& verdict) { return verdict.outcome == "disparity-found"; }));
  return done("assess", fmt::format("{}, {} of {} show a disparity",
                                    count_of(assessment.estimates.size(), "estimate"), found,
                                    count_of(assessment.verdicts.size(), "comparison")));
}

Result<StageReport> run_report(Session& session) {
  const CaseFolder& folder = session.folder();
  CaseArtifacts artifacts = TRY(read_case_artifacts(folder, session.options().replay.samples));
  for (const std::string& name : artifacts.left_out) {
    session.log().message(
        LogLevel::kWarning,
        name + " was made from other files than those that lie here: it is left out of the report");
  }
  if (artifacts.digests.empty()) {
    return fail(ErrorCode::kNotFound, "holds nothing to report", folder.folder().string(),
                "run 'daylight detect' or 'daylight audit' first");
  }
  Provenance provenance;
  provenance.inputs = artifacts.digests;
  provenance.options = {{"images", "none"}};
  if (folder.is_current_with_meta(kReportFile, "report", provenance)) return up_to_date("report");
  const std::string page = TRY(render_report(artifacts.inputs()));
  TRY_VOID(write_file_atomic(folder.file(kReportFile), page));
  Json meta = artifact_head("report", provenance);
  meta["sha256"] = sha256_hex(page);
  meta["size"] = page.size();
  TRY_VOID(folder.write_json(std::string(kReportFile) + ".meta.json", meta));
  return done("report", fmt::format("{:.0f} kB", static_cast<double>(page.size()) / 1000));
}

}  // namespace

Session::Session(CaseFolder folder, Options options, LogSink& log)
    : folder_(std::move(folder)), options_(std::move(options)), log_(log) {}

Result<const program::AppPackage*> Session::app() {
  if (!app_)
    app_ = std::make_unique<program::AppPackage>(
        TRY(program::AppPackage::open(options_.app, log_, options_.app_data)));
  return app_.get();
}

Result<const program::AppCode*> Session::code() {
  const program::AppPackage* package = TRY(app());
  if (!code_) code_ = program::AppCode::build(*package);
  return code_.get();
}

Result<const Samples*> Session::samples() {
  if (!samples_) {
    Samples samples = TRY(read_samples(options_.replay.samples));
    TRY_VOID(hash_pictures(samples, options_.replay.samples, log_));
    samples_.emplace(std::move(samples));
  }
  return &*samples_;
}

const std::vector<Stage>& stages() {
  static const std::vector<Stage> kStages = {
      {"detect", "the app", kInventoryFile, "find models, runtimes, ML calls and tasks",
       run_detect},
      {"plan", kInventoryFile, kProbePlanFile, "choose what a capture agent would watch", run_plan},
      {"capture", kProbePlanFile, kCapturedFile, "run the app's own code over the samples",
       run_capture},
      {"rebuild", kInventoryFile, kPipelineFile, "rebuild the steps from a picture to the answer",
       run_rebuild},
      {"replay", kPipelineFile, kPredictionsFile, "run the rebuilt pipeline over the samples",
       run_replay},
      {"assess", kPredictionsFile, kAssessmentFile, "measure how it does for each group of people",
       run_assess},
      {"report", "every artifact", kReportFile, "write one self-contained page", run_report},
  };
  return kStages;
}

Result<std::vector<StageReport>> run_stages(Session& session, const std::string& first,
                                            const std::string& last) {
  std::vector<StageReport> reports;
  bool active = false;
  for (const Stage& stage : stages()) {
    active = active || first == stage.name;
    if (!active) continue;
    const auto started = std::chrono::steady_clock::now();
    auto report = stage.run(session);
    if (!report) {
      const bool interrupted = report.error().code == ErrorCode::kCancelled;
      static_cast<void>(session.folder().journal(stage.name, interrupted ? "interrupted" : "failed",
                                                 {{"error", describe(report.error())}}));
      return tl::unexpected(report.error());
    }
    report->seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    TRY_VOID(session.folder().journal(stage.name, report->up_to_date ? "up-to-date" : "done",
                                      {{"seconds", report->seconds},
                                       {"summary", report->summary},
                                       {"failed_inputs", report->failed_inputs}}));
    session.log().message(
        LogLevel::kInfo,
        fmt::format("{:<8} {}{}", stage.name, report->summary,
                    report->up_to_date ? "" : fmt::format("  ({:.2f} s)", report->seconds)));
    reports.push_back(std::move(*report));
    if (last == stage.name) break;
  }
  return reports;
}

}  // namespace dl::cli
