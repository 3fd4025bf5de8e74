// SPDX-License-Identifier: Apache-2.0
// The files of a compiled Core ML model (.mlmodelc folder) and of a package (.mlpackage) that say
// what the model is.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// model.espresso.net (layers), model.espresso.shape, metadata.json, model.mil, coremldata.bin and
// analytics/coremldata.bin (coreml_data.h); the fact "part" says which. One model has several of
// them: those who list models join what lies in one folder.
std::optional<ModelProbe> probe_coreml_compiled(ByteSpan bytes);
ModelGraph describe_coreml_compiled(ByteSpan bytes, const ModelProbe& probe);

// Manifest.json of a package: the root model's path as a fact.
std::optional<ModelProbe> probe_mlpackage(ByteSpan bytes);

}  // namespace dl
