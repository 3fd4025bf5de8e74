// SPDX-License-Identifier: Apache-2.0
// Reading of a whole case.
#include "daylight/cli/case_artifacts.h"

#include "daylight/artifact/samples.h"

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

Result<CaseArtifacts> read_case_artifacts(const CaseFolder& folder, const std::filesystem::path& samples_csv) {
  CaseArtifacts all;
  auto& digests = all.digests;
  TRY_VOID(read_if_there(folder, "inventory", kInventoryFile, inventory_from_json, all.inventory, digests));
  TRY_VOID(read_if_there(folder, "probe_plan", kProbePlanFile, probe_plan_from_json, all.plan, digests));
  TRY_VOID(read_if_there(folder, "pipeline", kPipelineFile, pipeline_from_json, all.pipeline, digests));
  TRY_VOID(read_if_there(folder, "assessment", kAssessmentFile, assessment_from_json, all.assessment, digests));
  std::error_code error;
  if (std::filesystem::exists(folder.file(kPredictionsFile), error)) {
    all.predictions = TRY(read_predictions(folder.file(kPredictionsFile)));
    digests.push_back(TRY(folder.input("predictions", kPredictionsFile)));
  }
  if (!samples_csv.empty()) {
    const Samples samples = TRY(read_samples(samples_csv));
    all.samples_summary = summarise_samples(samples);
    digests.push_back({"samples", samples_csv.filename().string(), TRY(sha256_of_file(samples_csv))});
  }
  return all;
}

}  // namespace dl::cli
