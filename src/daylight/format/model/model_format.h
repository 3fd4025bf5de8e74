// SPDX-License-Identifier: Apache-2.0
// What a reader says of a model that it found, and the row by which a format stands in the table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// A model that begins at the first byte of the range probed.
struct ModelProbe {
  std::string_view format;  // id as in the list of signatures: "tflite" ...
  std::uint64_t size = 0;   // bytes that belong to the model; the range may be longer
  std::vector<FormatGap> gaps;
  // What a header says, where nothing more is understood: "version" → "v2.10.0" ...; goes into the
  // model's metadata.
  std::vector<std::pair<std::string, std::string>> facts = {};
};

// Bytes that stand in every model of a format (or of one of its versions).
struct ModelMark {
  std::string_view bytes;
  std::uint64_t offset = 0;  // from the model's first byte
};

// One row of the table of formats. `probe` alone decides; marks let find_models_inside jump from
// candidate to candidate, and are the known plaintext that gives a simple cipher away.
struct ModelFormat {
  std::string_view id;
  std::span<const ModelMark> marks = {};  // a model has one of them; empty: the format has none
  // Marks are rare and the probe is strict enough to look for this format at every byte of
  // anything.
  bool carve = false;
  // Costs next to nothing where the bytes are no such model; never reports one by marks alone where
  // the format has more structure than those.
  std::optional<ModelProbe> (*probe)(ByteSpan bytes) = nullptr;
  // Everything the model says; null where only its header is understood (probe then fills
  // ModelProbe::facts). `bytes` begins with the model and may go on behind it.
  ModelGraph (*describe)(ByteSpan bytes, const ModelProbe& probe) = nullptr;
};

}  // namespace dl
