// SPDX-License-Identifier: Apache-2.0
// The verbs: thin, each a list of steps over the stages.
#include "daylight/cli/verbs.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "daylight/assess/assessor.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/capture/jvm/jvm_parts.h"
#include "daylight/cli/artifact_check.h"
#include "daylight/cli/capture_verb.h"
#include "daylight/cli/case_artifacts.h"
#include "daylight/cli/detect_verb.h"
#include "daylight/cli/device_verb.h"
#include "daylight/cli/diff_verb.h"
#include "daylight/cli/doctor_verb.h"
#include "daylight/cli/fail_rules.h"
#include "daylight/cli/group_choice.h"
#include "daylight/cli/guest_verb.h"
#include "daylight/cli/models_verb.h"
#include "daylight/cli/refusals.h"
#include "daylight/cli/stages.h"
#include "daylight/cli/trace_verb.h"
#include "daylight/report/plan_table.h"
#include "daylight/report/summary.h"

namespace dl::cli {
namespace {

// Ends the program's result; a full disk or a closed pipe is seen by main.
void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // the talk on stderr must not cut into it
}

// Peak resident memory in MB: of this process (RUSAGE_SELF), or of the largest of its workers
// (RUSAGE_CHILDREN).
double peak_memory_mb(__rusage_who_t who) {
  struct rusage usage {};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

bool some_inputs_failed(const std::vector<StageReport>& reports) {
  return std::any_of(reports.begin(), reports.end(),
                     [](const StageReport& r) { return r.failed_inputs > 0; });
}

// The exit code of a finished run: rules first, then pictures that could not be read.
ExitCode exit_code(const RuleOutcome& outcome, bool inputs_failed, Terminal& terminal) {
  for (const std::string& line : outcome.lines) terminal.message(LogLevel::kWarning, line);
  if (outcome.broken) return kRuleBroken;
  if (outcome.undecided) return kRuleUndecided;
  return inputs_failed ? kSomeInputsFailed : kDone;
}

ExitCode exit_code(const std::vector<std::string>& rules, const CaseArtifacts& artifacts,
                   bool inputs_failed, Terminal& terminal) {
  return exit_code(judge_rules(rules, artifacts.inputs()), inputs_failed, terminal);
}

// What an audit cost, for the terminal, the journal and --json.
struct Cost {
  double seconds = 0;
  double peak_mb = 0;    // of this process
  double worker_mb = 0;  // of the largest worker
  std::uint64_t case_bytes = 0;
};

Json audit_to_json(const CaseFolder& folder, const CaseArtifacts& artifacts, const Cost& cost) {
  Json json = {{"case", folder.folder().string()}, {"report", folder.file(kReportFile).string()}};
  json["verdicts"] = Json::array();
  if (artifacts.assessment) json["verdicts"] = to_json(*artifacts.assessment)["verdicts"];
  json["cost"] = {{"wall_seconds", cost.seconds},
                  {"peak_memory_mb", cost.peak_mb},
                  {"peak_worker_memory_mb", cost.worker_mb},
                  {"case_bytes", cost.case_bytes}};
  return json;
}

Result<ExitCode> audit(const Options& options, Terminal& terminal) {
  const auto started = std::chrono::steady_clock::now();
  // Cheap checks first: a wrong column must not cost a replay.
  const Samples samples = TRY(read_samples(options.replay.samples));
  TRY_VOID(assess_options(options.assess, samples));
  TRY_VOID(refuse_unknown_kernels(options.replay));
  TRY_VOID(program::AppPackage::open(options.app, terminal,
                                     options.app_data));  // before a folder is made for it
  auto folder = TRY(CaseFolder::open(options.case_folder));
  Session session(std::move(folder), options, terminal);
  TRY_VOID(refuse_another_app(session.folder(), *TRY(session.app())));
  TRY_VOID(session.folder().journal(
      "audit", "started",
      {{"app", options.app.string()}, {"samples", options.replay.samples.string()}}));
  auto reports = TRY(run_stages(session, "detect", "rebuild"));
  const auto rebuilt = TRY(read_case_artifacts(session.folder(), ""));
  const bool has_heads = rebuilt.pipeline && !rebuilt.pipeline->heads.empty();
  if (has_heads) {
    TRY_VOID(refuse_unknown_heads(options.assess, *rebuilt.pipeline));
    const auto measured = TRY(run_stages(session, "replay", "assess"));
    reports.insert(reports.end(), measured.begin(), measured.end());
  } else {
    terminal.message(LogLevel::kWarning,
                     "no pipeline from a picture to an answer could be rebuilt: the report says "
                     "what was found and what is missing");
  }
  TRY(run_stages(session, "report", "report"));
  const auto artifacts = TRY(read_case_artifacts(session.folder(), options.replay.samples));
  Cost cost;
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  cost.peak_mb = peak_memory_mb(RUSAGE_SELF);
  cost.worker_mb = peak_memory_mb(RUSAGE_CHILDREN);
  cost.case_bytes = session.folder().size_on_disk();
  TRY_VOID(session.folder().journal("audit", "done",
                                    {{"wall_seconds", cost.seconds},
                                     {"peak_memory_mb", cost.peak_mb},
                                     {"peak_worker_memory_mb", cost.worker_mb},
                                     {"case_bytes", cost.case_bytes}}));
  if (options.json) {
    print(dump_json(audit_to_json(session.folder(), artifacts, cost)));
  } else {
    print(render_summary(artifacts.inputs()));
    print(fmt::format("\nReport: {}\n", session.folder().file(kReportFile).string()));
  }
  terminal.message(
      LogLevel::kInfo,
      fmt::format(
          "{:.1f} s wall, {:.0f} MB peak memory ({:.0f} MB in the largest worker), case {:.1f} MB",
          cost.seconds, cost.peak_mb, cost.worker_mb, static_cast<double>(cost.case_bytes) / 1e6));
  return exit_code(options.fail_on, artifacts, some_inputs_failed(reports), terminal);
}

Result<ExitCode> detect(const Options& options, Terminal& terminal) {
  DetectResult result = TRY(detect_verb(options, terminal));
  print(result.output);
  CaseArtifacts artifacts;
  artifacts.inventory = std::move(result.inventory);
  return exit_code(options.fail_on, artifacts, result.inputs_failed, terminal);
}

Result<ExitCode> diff(const CommandLine& line, Terminal& terminal) {
  const InventoryDiff found = TRY(diff_of(line.diff_old, line.diff_new, terminal));
  print(line.options.json ? dump_json(to_json(found)) : render_diff(found));
  return exit_code(judge_diff_rules(line.options.fail_on, found), false, terminal);
}

// Only detect and audit start a case; to any other stage a folder that is absent or empty is a
// mistyped path.
Result<void> require_case(const Options& options) {
  std::error_code error;
  if (std::filesystem::exists(options.case_folder / kJournalFile, error)) return {};
  return fail(ErrorCode::kNotFound, "there is no case", options.case_folder.string(),
              "correct --case, or begin one with 'daylight detect APP --case' or 'daylight audit'");
}

// One stage of a case.
Result<ExitCode> one_stage(const CommandLine& line, const char* artifact, Terminal& terminal) {
  TRY_VOID(require_case(line.options));
  if (line.verb == "replay") TRY_VOID(refuse_unknown_kernels(line.options.replay));
  auto folder = TRY(CaseFolder::open(line.options.case_folder));
  Session session(std::move(folder), line.options, terminal);
  const auto reports = TRY(run_stages(session, line.verb, line.verb));
  const auto artifacts = TRY(read_case_artifacts(session.folder(), line.options.replay.samples));
  if (line.options.json && std::string(artifact).ends_with(".json")) {
    print(dump_json(TRY(session.folder().read_json(artifact))));
  } else if (line.options.json) {
    print(dump_json({{"file", session.folder().file(artifact).string()},
                     {"summary", reports.front().summary}}));
  } else {
    if (line.verb == "plan" && artifacts.plan) print(render_plan_table(*artifacts.plan) + "\n");
    print(session.folder().file(artifact).string() + "\n");
  }
  return exit_code(line.options.fail_on, artifacts, some_inputs_failed(reports), terminal);
}

// assess on a table that stands alone.
Result<ExitCode> assess_table(const Options& options, Terminal& terminal) {
  TRY_VOID(refuse_input_as_out(options.out, {options.predictions, options.replay.samples}));
  const Samples samples = TRY(read_samples(options.replay.samples));
  auto assess_with = TRY(assess_options(options.assess, samples));
  assess_with.samples_name = options.replay.samples.string();
  assess_with.predictions_name = options.predictions.string();
  const Predictions predictions = TRY(read_predictions(options.predictions));
  CaseArtifacts artifacts;
  artifacts.assessment = TRY(assess::assess(predictions, samples, assess_with, terminal));
  Provenance& provenance = artifacts.assessment->provenance;
  provenance.inputs = {{"predictions", options.predictions.filename().string(),
                        TRY(sha256_of_file(options.predictions))},
                       {"samples", options.replay.samples.filename().string(),
                        TRY(sha256_of_file(options.replay.samples))}};
  provenance.options = options_to_json(assess_with);
  provenance.seed = options.assess.seed;
  const Json json = to_json(*artifacts.assessment);
  if (!options.out.empty()) TRY_VOID(write_file_atomic(options.out, dump_json(json)));
  print(options.json ? dump_json(json) : render_summary(artifacts.inputs()));
  return exit_code(options.fail_on, artifacts, false, terminal);
}

Result<ExitCode> assess_verb(const CommandLine& line, Terminal& terminal) {
  const Options& options = line.options;
  if (!options.predictions.empty()) return assess_table(options, terminal);
  if (options.case_folder.empty()) {
    return fail(ErrorCode::kInvalidArgument, "neither --case nor --predictions is given", "assess",
                "name the case, or a table of predictions");
  }
  // Not by CLI11's excludes(): help would list two of them in the order of their addresses.
  if (!options.out.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--case and --out are both given", "assess",
                "a case keeps its own assessment.json; --out goes with --predictions");
  }
  return one_stage(line, kAssessmentFile, terminal);
}

Result<ExitCode> check(const CommandLine& line) {
  std::error_code error;
  std::vector<CheckedFile> files;
  if (std::filesystem::is_directory(line.check_target, error)) {
    files = TRY(is_trace(line.check_target) ? check_trace(line.check_target)
                                            : check_case(line.check_target));
  } else {
    files.push_back(TRY(check_file(line.check_target)));
  }
  bool valid = true;
  std::string text;
  for (const CheckedFile& file : files) {
    valid = valid && file.problems.empty();
    text +=
        fmt::format("{:<5} {}{}\n", file.problems.empty() ? "ok" : "BAD", printable(file.file, 100),
                    file.kind.empty() ? "" : "  (" + file.kind + ")");
    for (const std::string& problem : file.problems) text += "      " + problem + "\n";
  }
  print(line.options.json ? dump_json(to_json(files)) : text);
  return valid ? kDone : kFailed;
}

ExitCode doctor(const Options& options) {
  const SandboxSupport support = probe_sandbox();
  const auto java = capture::find_jvm_parts();
  const std::string lacks = java ? "" : describe(java.error());
  if (options.json) {
    Json json = doctor_to_json(support);
    json["java_code_of_apps"] = {{"works", java.has_value()}, {"details", lacks}};
    print(dump_json(json));
  } else {
    print(render_doctor(support) + "Java code of apps (daylight capture): " +
          (java ? "works" : "MISSING, " + printable(lacks, 1000)) + "\n");
  }
  return kDone;
}

}  // namespace

Result<ExitCode> run_verb(const CommandLine& line, Terminal& terminal) {
  if (line.verb == "audit") return audit(line.options, terminal);
  if (line.verb == "detect") return detect(line.options, terminal);
  if (line.verb == "plan") return one_stage(line, kProbePlanFile, terminal);
  if (line.verb == "rebuild") return one_stage(line, kPipelineFile, terminal);
  if (line.verb == "replay") return one_stage(line, kPredictionsFile, terminal);
  if (line.verb == "assess") return assess_verb(line, terminal);
  if (line.verb == "report") return one_stage(line, kReportFile, terminal);
  if (line.verb == "capture") return run_capture_verb(line.capture, terminal);
  if (line.verb == "check") return check(line);
  if (line.verb == "doctor") return doctor(line.options);
  if (line.verb == "diff") return diff(line, terminal);
  if (line.verb.starts_with("guest")) return run_guest_verb(line.verb, line.guest, terminal);
  if (line.verb.starts_with("device")) return run_device_verb(line.verb, line.device, terminal);
  if (line.verb.starts_with("trace")) return run_trace_verb(line.verb, line.trace, terminal);
  if (line.verb.starts_with("models")) return run_models_verb(line.verb, line.models, terminal);
  return run_samples_verb(line.verb, line.samples, terminal);
}

}  // namespace dl::cli
