// SPDX-License-Identifier: Apache-2.0
// Whether a range of bytes is a machine learning model: by its structure, never by a name or a
// magic number alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Models that are found inside one range by find_models_inside.
inline constexpr std::size_t kMaxEmbeddedModels = 256;

// A model that begins at the first byte of the range probed.
struct ModelProbe {
  std::string_view format;  // id as in the list of signatures: "tflite" ...
  std::uint64_t size = 0;   // bytes that belong to the model; the range may be longer
  std::vector<FormatGap> gaps;
};

// One row of the table of formats. `identifier`, where the format has one, stands at
// `identifier_offset` and lets find_models_inside jump from candidate to candidate; `probe` alone
// decides.
struct ModelFormat {
  std::string_view id;
  std::string_view identifier;
  std::uint64_t identifier_offset = 0;
  std::optional<ModelProbe> (*probe)(ByteSpan bytes) = nullptr;
};

// The formats that can be recognised, in the order in which they are tried.
std::span<const ModelFormat> model_formats();

// The format of the model that begins at the first byte, or nothing. Costs next to nothing for
// bytes that are no model. Thread safe.
std::optional<ModelProbe> probe_model(ByteSpan bytes);

// A model found inside of something else (a native library, a container of unknown format).
struct EmbeddedModel {
  std::uint64_t offset = 0;
  ModelProbe model;
};
// Models that begin anywhere in the range and carry their format's identifier, in order of offset;
// one that lies inside another is not listed. Cost: one pass over the bytes. Beyond
// kMaxEmbeddedModels the search ends, and `complete` is set to false.
struct EmbeddedModels {
  std::vector<EmbeddedModel> models;
  bool complete = true;
};
EmbeddedModels find_models_inside(ByteSpan bytes);

}  // namespace dl
