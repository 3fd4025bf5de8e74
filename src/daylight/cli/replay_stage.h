// SPDX-License-Identifier: Apache-2.0
// The replay stage of a case: goes on where an interrupted run stopped, and publishes the finished
// table whole.
#pragma once

#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/log.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/options.h"
#include "daylight/cli/stage_report.h"
#include "daylight/replay/step_compiler.h"

namespace dl::cli {

// Finished chunks go to predictions.replayed.csv.partial as they come, each flushed to disk and
// closed by a line "#samples N". A later run with the same provenance goes on behind the last
// closed chunk. `provenance` holds the inputs; options and runtime are added here.
Result<StageReport> replay_into_case(const CaseFolder& folder, const Pipeline& pipeline,
                                     const Samples& samples, Provenance provenance,
                                     const ReplayFlags& flags, LogSink& log);

// The resize steps on the way to an answer whose kernel --resize-kernel exchanges for another one,
// in the order of the pipeline. Steps in `skipped` were not replayed, and an own kernel that is the
// same is no exchange. Empty for an empty `kernel`.
std::vector<Substitution> exchanged_kernels(const Pipeline& pipeline, const std::string& kernel,
                                            const std::vector<std::string>& skipped);

}  // namespace dl::cli
