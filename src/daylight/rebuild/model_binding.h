// SPDX-License-Identifier: Apache-2.0
// Which model of the inventory a run of an interpreter uses.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/rebuild/code_evidence.h"

namespace dl::rebuild {

struct ModelBinding {
  const ModelRecord* model = nullptr;
  Proof proof = {};
  std::vector<Evidence> evidence;          // where the name of the asset stands, where it is opened
  std::vector<const ModelRecord*> others;  // models that the code may use instead
  std::string why;                         // where no model was found
};

// By the names of assets that the interpreter's constructor depends on; else, where the app has one
// model only, that one (assumed).
ModelBinding bind_model(const program::FlowGraph& graph, const program::FlowRun& run,
                        const Inventory& inventory, const CodeEvidence& evidence);

}  // namespace dl::rebuild
