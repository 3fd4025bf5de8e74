// SPDX-License-Identifier: Apache-2.0
// Models of speech recognisers: Kaldi (Vosk) and OpenFst.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Kaldi's binary objects: "\0B", then a token that only models have. The size is that of the range.
// Facts: kind.
std::optional<ModelProbe> probe_kaldi(ByteSpan bytes);

// OpenFst's header: magic, type of transducer, type of arc, counts. The size is that of the range.
// Facts: type, arc, version, states, arcs where the header counts them.
std::optional<ModelProbe> probe_openfst(ByteSpan bytes);

}  // namespace dl
