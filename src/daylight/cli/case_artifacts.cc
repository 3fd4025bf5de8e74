// SPDX-License-Identifier: Apache-2.0
// Reading of a whole case.
#include "daylight/cli/case_artifacts.h"

#include <algorithm>

#include "daylight/artifact/samples.h"
#include "daylight/cli/capture_stage.h"

namespace dl::cli {
namespace {

// Reads one JSON artifact if it is there, and notes its digest.
template <typename T, typename Read>
Result<void> read_if_there(const CaseFolder& folder, const char* role, const char* name, Read read,
                           std::optional<T>& out, std::vector<InputDigest>& digests) {
  const auto json = folder.read_json(name);
  if (!json) {
    if (json.error().code == ErrorCode::kNotFound) return {};
    return tl::unexpected(json.error());
  }
  out = TRY(read(*json, folder.file(name).string()));
  digests.push_back(TRY(folder.input(role, name)));
  return {};
}

// Whether `provenance` names `role` with the digest that the file has now. An artifact that names
// no such input stands alone.
bool fits(const Provenance& provenance, const std::string& role,
          const std::vector<InputDigest>& digests) {
  const auto find = [&](const std::vector<InputDigest>& list) {
    return std::find_if(list.begin(), list.end(),
                        [&](const InputDigest& input) { return input.role == role; });
  };
  const auto named = find(provenance.inputs);
  if (named == provenance.inputs.end()) return true;
  const auto here = find(digests);
  return here != digests.end() && here->sha256 == named->sha256;
}

// Drops a part whose input is not the file that lies here.
template <typename T>
void keep_if_fitting(std::optional<T>& part, const std::optional<Provenance>& provenance,
                     const char* input, const char* role, const char* name, CaseArtifacts& all) {
  if (!part || !provenance || fits(*provenance, input, all.digests)) return;
  part.reset();
  all.left_out.emplace_back(name);
  std::erase_if(all.digests, [&](const InputDigest& digest) { return digest.role == role; });
}

void drop_foreign_parts(CaseArtifacts& all) {
  const auto of = [](const auto& part) {
    return part ? std::optional<Provenance>(part->provenance) : std::optional<Provenance>();
  };
  keep_if_fitting(all.plan, of(all.plan), "inventory", "probe_plan", kProbePlanFile, all);
  keep_if_fitting(all.pipeline, of(all.pipeline), "inventory", "pipeline", kPipelineFile, all);
  keep_if_fitting(all.predictions, all.predictions ? all.predictions->provenance : std::nullopt,
                  "pipeline", "predictions", kPredictionsFile, all);
  keep_if_fitting(all.assessment, of(all.assessment), "predictions", "assessment", kAssessmentFile,
                  all);
}

// What the app's own run left open stands with what detect could not read.
Result<void> add_capture(const CaseFolder& folder, CaseArtifacts& all) {
  if (!all.inventory) return {};
  std::vector<Gap> gaps = capture_gaps(folder, all.inventory->app.sha256);
  if (gaps.empty()) return {};
  all.inventory->gaps.insert(all.inventory->gaps.end(), gaps.begin(), gaps.end());
  all.digests.push_back(TRY(folder.input("captured", std::string(kCapturedFile) + ".meta.json")));
  return {};
}

}  // namespace

ReportInputs CaseArtifacts::inputs() const {
  const auto pointer = [](const auto& part) { return part ? &*part : nullptr; };
  ReportInputs inputs;
  inputs.inventory = pointer(inventory);
  inputs.plan = pointer(plan);
  inputs.pipeline = pointer(pipeline);
  inputs.predictions = pointer(predictions);
  inputs.assessment = pointer(assessment);
  inputs.samples_summary = samples_summary;
  return inputs;
}

Result<CaseArtifacts> read_case_artifacts(const CaseFolder& folder,
                                          const std::filesystem::path& samples_csv) {
  CaseArtifacts all;
  auto& digests = all.digests;
  TRY_VOID(read_if_there(folder, "inventory", kInventoryFile, inventory_from_json, all.inventory,
                         digests));
  TRY_VOID(
      read_if_there(folder, "probe_plan", kProbePlanFile, probe_plan_from_json, all.plan, digests));
  TRY_VOID(
      read_if_there(folder, "pipeline", kPipelineFile, pipeline_from_json, all.pipeline, digests));
  TRY_VOID(read_if_there(folder, "assessment", kAssessmentFile, assessment_from_json,
                         all.assessment, digests));
  std::error_code error;
  if (std::filesystem::exists(folder.file(kPredictionsFile), error)) {
    all.predictions = TRY(read_predictions(folder.file(kPredictionsFile)));
    digests.push_back(TRY(folder.input("predictions", kPredictionsFile)));
  }
  drop_foreign_parts(all);
  TRY_VOID(add_capture(folder, all));
  if (!samples_csv.empty()) {
    const Samples samples = TRY(read_samples(samples_csv));
    all.samples_summary = summarise_samples(samples);
    digests.push_back(
        {"samples", samples_csv.filename().string(), TRY(sha256_of_file(samples_csv))});
  }
  return all;
}

}  // namespace dl::cli
