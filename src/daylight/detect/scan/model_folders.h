// SPDX-License-Identifier: Apache-2.0
// Models that are folders: compiled Core ML models, Core ML packages, TensorFlow's SavedModel.
#pragma once

#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Files of one folder that become companions; more are counted in a gap.
inline constexpr std::size_t kMaxFolderCompanions = 1000;

// Makes one record of everything that lies in X.mlmodelc/ (format coreml_compiled), X.mlpackage/
// (format mlpackage) or beside a saved_model.pb (variables/, assets/): borders and labels from the
// part that has them, operators and hashes from the layers, and the other files as companions. A
// compiled model of which no part can be read is a record too, with a gap. Gaps about files that
// this explains go. Folders of .mlmodelc inside of an .mlpackage are part of it.
void group_model_folders(const program::AppPackage& app, std::vector<ModelRecord>& models,
                         std::vector<Gap>& gaps);

}  // namespace dl
