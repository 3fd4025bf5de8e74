// SPDX-License-Identifier: Apache-2.0
// Predictions + Samples -> Assessment: how the answers do for each group of people.
#pragma once

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/samples.h"
#include "daylight/assess/assess_options.h"
#include "daylight/base/log.h"

namespace dl::assess {

// The whole assessment. Fills everything but Provenance::inputs and runtime, which the caller
// knows. The same inputs, options and seed give the same assessment. Failures: kInvalidArgument (an
// option or a value that makes no sense), kNotFound (no such head, column or file), kLimit (too
// many groups or labels), kCancelled. Errors name file, line, column and value and say what to do.
// Thread safe.
Result<Assessment> assess(const Predictions& predictions, const Samples& samples,
                          const AssessOptions& options, LogSink& log);

}  // namespace dl::assess
