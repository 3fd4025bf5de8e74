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

namespace dl::cli {

// Finished chunks go to predictions.replayed.csv.partial as they come, each flushed to disk and
// closed by a line "#samples N". A later run with the same provenance goes on behind the last
// closed chunk. `provenance` holds the inputs; options and runtime are added here.
Result<StageReport> replay_into_case(const CaseFolder& folder, const Pipeline& pipeline,
                                     const Samples& samples, Provenance provenance,
                                     const ReplayFlags& flags, LogSink& log);

}  // namespace dl::cli
