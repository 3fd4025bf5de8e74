// SPDX-License-Identifier: Apache-2.0
// The two functions of a row in the table of formats, for formats whose reader gives a ReadModel.
#pragma once

#include <optional>
#include <utility>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// `read(bytes, depth)` gives std::optional<ReadModel>.
template <const char* id, auto read>
std::optional<ModelProbe> probe_by_reading(ByteSpan bytes) {
  auto model = read(bytes, ReadDepth::kProbe);
  if (!model) return std::nullopt;
  return ModelProbe{id, model->size, std::move(model->graph.gaps)};
}

template <auto read>
ModelGraph describe_by_reading(ByteSpan bytes, const ModelProbe& /*probe*/) {
  auto model = read(bytes, ReadDepth::kAll);
  return model ? std::move(model->graph) : ModelGraph{};
}

}  // namespace dl
