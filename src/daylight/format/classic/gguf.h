// SPDX-License-Identifier: Apache-2.0
// Models of llama.cpp and whisper.cpp: GGUF, and the GGML files before it.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Key-value pairs and tensors of one file; more are no model.
inline constexpr std::uint64_t kMaxGgufPairs = 65536;
inline constexpr std::uint64_t kMaxGgufTensors = 1000000;

// GGUF versions 1 to 3: every pair and every tensor description is read, so the size is exact (a
// tensor that ends outside becomes a gap). Facts: version, tensors, general.* and the tokenizer's
// model.
std::optional<ModelProbe> probe_gguf(ByteSpan bytes);
// Parameters, the weights hash (tensors in the file's order), metadata.
ModelGraph describe_gguf(ByteSpan bytes, const ModelProbe& probe);

// The formats before GGUF (ggml, ggmf, ggjt): no description of tensors, so the size is that of the
// range. Known by plausible dimensions and by the vocabulary behind them. Facts: version, kind and
// dimensions.
std::optional<ModelProbe> probe_ggml_legacy(ByteSpan bytes);

}  // namespace dl
