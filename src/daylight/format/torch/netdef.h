// SPDX-License-Identifier: Apache-2.0
// Two formats whose network is a list of operators called NetDef: Caffe2 and MACE.
#pragma once

#include <optional>

#include "daylight/format/model/model_format.h"

namespace dl {

// Whether the bytes begin with a NetDef: all fields follow the schema, and operators have types.
// Facts: name, number of operators, the first types; what is read as far as the header goes.
std::optional<ModelProbe> probe_caffe2(ByteSpan bytes);
std::optional<ModelProbe> probe_mace(ByteSpan bytes);

}  // namespace dl
