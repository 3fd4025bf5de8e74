// SPDX-License-Identifier: Apache-2.0
// Asks whether anything has to be done, runs the app, writes the table.
#include "daylight/cli/capture_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/capture/jvm/jvm_parts.h"

namespace dl::cli {
namespace {

constexpr std::size_t kMaxWhy = 500;

std::string meta_name() { return std::string(kCapturedFile) + ".meta.json"; }

const InputDigest* input_of(const Provenance& provenance, const std::string& role) {
  const auto found = std::find_if(provenance.inputs.begin(), provenance.inputs.end(),
                                  [&](const InputDigest& each) { return each.role == role; });
  return found == provenance.inputs.end() ? nullptr : &*found;
}

bool same_input(const Provenance& a, const Provenance& b, const std::string& role) {
  const InputDigest* const one = input_of(a, role);
  const InputDigest* const other = input_of(b, role);
  return one != nullptr && other != nullptr && one->sha256 == other->sha256;
}

// Whether a user captured this app with these pictures: by entries of their own, for example.
bool is_users_own(const CaseFolder& folder, const Provenance& provenance) {
  const auto meta = folder.read_json(meta_name());
  if (!meta) return false;
  const auto made = read_artifact_head(*meta, "predictions", meta_name());
  return made && made->options.is_object() && made->options.contains("asked_by") &&
         made->options["asked_by"] == kAskedByUser && same_input(*made, provenance, "app") &&
         same_input(*made, provenance, "images") &&
         folder.is_current_with_meta(kCapturedFile, "predictions", *made);
}

// Libraries that ran in place of the app's own.
Json twins_of(const capture::JvmCapture& done) {
  Json out = Json::array();
  for (const capture::TwinLibrary& each : done.twins)
    out.push_back({{"step", each.name},
                   {"by", "the x86-64 library of " + each.archive + ", SHA-256 " + each.sha256},
                   {"proof", "declared"},
                   {"why", "--twins; the arm64 libraries have the same " + each.proof}});
  return out;
}

// What this machine can do belongs to the key: with Java installed, it is tried again.
Json runtime_facts(const Result<capture::JvmParts>& parts) {
  return {{"java_code", parts ? "runs" : parts.error().what}};
}

Result<capture::JvmCapture> capture_entries(const CaseFolder& folder, const CaptureWork& work,
                                            const Samples& samples, const Provenance& provenance,
                                            LogSink& log) {
  const Json json = TRY(folder.read_json(kProbePlanFile));
  capture::JvmCaptureOptions run;
  run.apk = work.app;
  run.package = work.package;
  const ProbePlan plan = TRY(probe_plan_from_json(json, folder.file(kProbePlanFile).string()));
  for (const Entry& entry : plan.entries) run.entries.push_back(capture::harness_of(entry));
  run.out = folder.folder();
  run.head.provenance = provenance;
  run.head.source = "jvm-host";
  return capture::capture_with_jvm(run, samples, log);
}

// Whether another try could go better: a full disk, a busy machine. Such a table is never up to
// date; what this machine lacks altogether stands in the key as it is.
bool may_pass(const Error& why, const Provenance& provenance) {
  return why.code != ErrorCode::kNotFound && provenance.runtime["java_code"] == "runs";
}

// A capture that did not happen: the empty table says why.
capture::JvmCapture nothing_captured(const Error& why) {
  capture::JvmCapture out;
  const std::string text =
      "the app's own code did not run: " + why.what + (why.hint.empty() ? "" : "; " + why.hint);
  out.gaps.push_back({"capture", printable(text, kMaxWhy)});
  return out;
}

std::string summary_of(const capture::JvmCapture& done) {
  if (done.pictures == 0) return done.gaps.empty() ? "no pictures" : done.gaps.front().why;
  return fmt::format("{} pictures, {} without an answer, {} gap{}", done.pictures + done.not_shown,
                     done.failed, done.gaps.size(), done.gaps.size() == 1 ? "" : "s");
}

StageReport report_of(std::string summary, bool up_to_date) {
  StageReport report;
  report.stage = "capture";
  report.up_to_date = up_to_date;
  report.summary = std::move(summary);
  return report;
}

}  // namespace

Result<void> write_captured(const std::filesystem::path& folder, const capture::JvmCapture& done,
                            const Provenance& provenance, const CaseFolder* open_case) {
  std::string rows = predictions_header();
  std::map<std::string, std::uint64_t> outcomes;
  for (const Prediction& row : done.rows) {
    rows += dump_prediction(row);
    ++outcomes[to_string(row.status)];
  }
  TRY_VOID(write_file_atomic(folder / kCapturedFile, rows));
  Json meta = artifact_head("predictions", provenance);
  meta["rows"] = done.rows.size();
  meta["sha256"] = sha256_hex(rows);
  meta["outcomes"] = outcomes;
  meta["substitutions"] = twins_of(done);
  meta["skipped_steps"] = Json::array();
  meta["gaps"] = to_json(done.gaps);
  if (open_case != nullptr) return open_case->write_json(meta_name(), meta);
  return write_file_atomic(folder / meta_name(), dump_json(meta));
}

Result<StageReport> capture_into_case(const CaseFolder& folder, const CaptureWork& work,
                                      const Samples& samples, const std::string& samples_name,
                                      LogSink& log) {
  Provenance provenance;
  provenance.inputs = {{"app", work.app.filename().string(), work.app_sha256},
                       TRY(folder.input("probe_plan", kProbePlanFile)),
                       {"images", samples_name, samples_digest(samples)}};
  provenance.options = {{"asked_by", kAskedByAudit}};
  provenance.runtime = runtime_facts(capture::find_jvm_parts());
  if (is_users_own(folder, provenance))
    return report_of("kept as 'daylight capture' made it", true);
  if (folder.is_current_with_meta(kCapturedFile, "predictions", provenance))
    return report_of("up to date", true);
  auto done = capture_entries(folder, work, samples, provenance, log);
  if (!done && done.error().code == ErrorCode::kCancelled)
    return tl::unexpected<Error>(done.error());
  if (!done && may_pass(done.error(), provenance)) provenance.runtime["failed"] = true;
  const capture::JvmCapture captured = done ? std::move(*done) : nothing_captured(done.error());
  TRY_VOID(write_captured(folder.folder(), captured, provenance, &folder));
  return report_of(summary_of(captured), false);
}

std::vector<Gap> capture_gaps(const CaseFolder& folder, const std::string& app_sha256) {
  const auto meta = folder.read_json(meta_name());
  if (!meta) return {};
  const auto made = read_artifact_head(*meta, "predictions", meta_name());
  if (!made || !meta->contains("gaps")) return {};
  const InputDigest* const app = input_of(*made, "app");
  if (app == nullptr || app->sha256 != app_sha256) return {};
  auto gaps = gap_list_from_json((*meta)["gaps"], meta_name());
  if (!gaps) return {};
  for (Gap& gap : *gaps) {
    if (gap.where != "capture") gap.where = "capture: " + gap.where;
  }
  return std::move(*gaps);
}

}  // namespace dl::cli
