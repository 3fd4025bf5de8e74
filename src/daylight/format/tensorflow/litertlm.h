// SPDX-License-Identifier: Apache-2.0
// LiteRT-LM bundles: a header flatbuffer and sections with models, tokenizers and weights.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Sections of one bundle; more are no bundle.
inline constexpr std::size_t kMaxLitertlmSections = 4096;

// The magic, a header that lies in the first block, sections in order that fit. The size is that of
// the last section's end. Facts: version, sections (kind and model type of each), the system's own
// entries.
std::optional<ModelProbe> probe_litertlm(ByteSpan bytes);

}  // namespace dl
