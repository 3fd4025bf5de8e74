// SPDX-License-Identifier: Apache-2.0
// Whether a range of bytes is a machine learning model: by its structure, never by a name or a
// magic number alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Models that are found inside one range by find_models_inside.
inline constexpr std::size_t kMaxEmbeddedModels = 256;

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

// Where a model of a format with `carve` may begin: its mark stands there. For ranges of which only
// one window is at hand at a time.
struct ModelCandidate {
  std::uint64_t offset = 0;
  const ModelFormat* format = nullptr;
};
// Each once, in order of their marks. `complete` as above.
struct ModelCandidates {
  std::vector<ModelCandidate> candidates;
  bool complete = true;
};
ModelCandidates find_model_candidates(ByteSpan bytes);

// Headers that vendors put before a model are not longer than this.
inline constexpr std::uint64_t kMaxVendorHeader = 512;
// A model of a format without marks behind a short header: it must fill the rest of the bytes but
// for a trailer as short. Nothing if it begins at the first byte.
std::optional<EmbeddedModel> find_model_behind_header(ByteSpan bytes);

}  // namespace dl
