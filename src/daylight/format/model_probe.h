// SPDX-License-Identifier: Apache-2.0
// Whether a range of bytes is a machine learning model: by its structure, never by a name or a
// magic number alone.
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
#include "daylight/format/model_graph.h"

namespace dl {

// Models that are found inside one range by find_models_inside.
inline constexpr std::size_t kMaxEmbeddedModels = 256;

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

// Rows by family, in the order in which they are tried.
std::span<const ModelFormat> flatbuffer_model_formats();
std::span<const ModelFormat> protobuf_model_formats();
std::span<const ModelFormat> archive_model_formats();
std::span<const ModelFormat> text_model_formats();
std::span<const ModelFormat> header_model_formats();

// All rows, in the order in which they are tried.
std::span<const ModelFormat> model_formats();
// The row of one format, or null.
const ModelFormat* model_format(std::string_view id);

// The format of the model that begins at the first byte, or nothing. Costs next to nothing for
// bytes that are no model. Thread safe.
std::optional<ModelProbe> probe_model(ByteSpan bytes);

// A model found inside of something else (a native library, a container of unknown format).
struct EmbeddedModel {
  std::uint64_t offset = 0;
  ModelProbe model;
};
// Models of formats with `carve` that begin anywhere in the range, in order of offset;
// one that lies inside another is not listed. Cost: one pass over the bytes. Beyond
// kMaxEmbeddedModels the search ends, and `complete` is set to false.
struct EmbeddedModels {
  std::vector<EmbeddedModel> models;
  bool complete = true;
};
EmbeddedModels find_models_inside(ByteSpan bytes);

// Headers that vendors put before a model are not longer than this.
inline constexpr std::uint64_t kMaxVendorHeader = 512;
// A model of a format without marks behind a short header: it must fill the rest of the bytes but
// for a trailer as short. Nothing if it begins at the first byte.
std::optional<EmbeddedModel> find_model_behind_header(ByteSpan bytes);

}  // namespace dl
