// SPDX-License-Identifier: Apache-2.0
// Paddle's ProgramDesc: __model__ and .pdmodel files.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"

namespace dl {

// Whether the bytes begin with a program: blocks of variables and operators with types. Facts:
// version, blocks, operators. The parameters lie in files beside it.
std::optional<ModelProbe> probe_paddle_pb(ByteSpan bytes);

}  // namespace dl
