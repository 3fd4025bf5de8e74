// SPDX-License-Identifier: Apache-2.0
// Paddle programs as JSON, as Paddle 3 saves them (inference.json).
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Blocks inside of blocks (conditions, loops) that are followed.
inline constexpr int kMaxPaddleBlockDepth = 16;
// Numbers inside of one attribute that are followed.
inline constexpr int kMaxPaddleAttributeDepth = 4;

// A JSON object whose "base_code" names the magic "pir" and whose "program" has blocks of
// operators. Facts: version. Keys and their meaning as Paddle's own serialiser writes them.
std::optional<ModelProbe> probe_paddle_ir(ByteSpan bytes);

// Operators with attributes; what feeds and fetches gives the borders; weights lie in another file
// (.pdiparams), so their shapes stand with the operators and a gap says where they are.
ModelGraph describe_paddle_ir(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
