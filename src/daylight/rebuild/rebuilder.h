// SPDX-License-Identifier: Apache-2.0
// An app and its inventory to a pipeline: which asset feeds which interpreter, what happens to a
// picture before, and to the answer after.
#pragma once

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/program/package/app_package.h"

namespace dl::rebuild {

struct RebuildOptions {
  program::FlowLimits limits = {};
};

// Reads the app's DEX code (constant propagation across methods and fields) and writes down each
// step with the instructions that show it: proof `static`. What the code does not show comes from
// the model's metadata (`declared`), else from shapes and types (`assumed`, with alternatives).
// What could not be decided is in the pipeline's gaps; an app without a model that it runs gives a
// pipeline without heads. The provenance is the caller's. Deterministic. Fails only when the user
// cancels.
Result<Pipeline> rebuild(const program::AppPackage& app, const Inventory& inventory,
                         const RebuildOptions& options, LogSink& log);

}  // namespace dl::rebuild
