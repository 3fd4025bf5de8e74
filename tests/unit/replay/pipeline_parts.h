// SPDX-License-Identifier: Apache-2.0
// Short ways to write pipelines in tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/pipeline.h"
#include "daylight/base/blob_store.h"

namespace dl::testing {

// A step with its parameters as JSON text.
Step make_step(const std::string& id, StepKind kind, const std::string& op,
               const std::string& params);

// Edges from each step to the next, once each.
void chain(Pipeline& pipeline, const std::vector<std::string>& ids);

Head make_head(const std::string& name, const std::string& kind, const std::string& sink);

// Parameters of a resize to a square, and of a model that is put into the store.
std::string resize_params(int side, const std::string& kernel);
std::string model_params(const std::filesystem::path& model, const BlobStore& store);

}  // namespace dl::testing
