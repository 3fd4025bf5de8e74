// SPDX-License-Identifier: Apache-2.0
// Everything that lies in a case, read for the report and the summary; what is absent stays absent.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/cli/case_folder.h"
#include "daylight/report/reporter.h"

namespace dl::cli {

// NOLINTNEXTLINE(bugprone-exception-escape): moving a Json does not throw
struct CaseArtifacts {
  std::optional<Inventory> inventory;
  std::optional<ProbePlan> plan;
  std::optional<Pipeline> pipeline;
  std::optional<Predictions> predictions;
  std::optional<Assessment> assessment;
  Json samples_summary = nullptr;
  std::vector<InputDigest> digests;   // of the files that are there
  std::vector<std::string> left_out;  // files made from others than those that lie here

  // Borrows from this object.
  ReportInputs inputs() const;
};

// A file that is there but damaged is an Error; one that was made from another inventory, pipeline
// or table than the ones that lie here is left out, so that no page mixes two apps. `samples_csv`
// may be empty.
Result<CaseArtifacts> read_case_artifacts(const CaseFolder& folder,
                                          const std::filesystem::path& samples_csv);

}  // namespace dl::cli
