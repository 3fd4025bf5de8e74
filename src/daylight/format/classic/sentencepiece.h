// SPDX-License-Identifier: Apache-2.0
// SentencePiece tokenisers: what many ".model" files of text models are.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"

namespace dl {

// Pieces that a vocabulary has at least.
inline constexpr std::uint64_t kMinSentencePieces = 3;

// Whether the bytes begin with a ModelProto of pieces with scores and the specifications behind
// them. Facts: number of pieces, kind of model.
std::optional<ModelProbe> probe_sentencepiece(ByteSpan bytes);

}  // namespace dl
