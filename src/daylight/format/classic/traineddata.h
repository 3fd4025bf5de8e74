// SPDX-License-Identifier: Apache-2.0
// Tesseract's language models (.traineddata).
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// A table of offsets, each -1 or behind the one before, and parts that are what their number says:
// a character set that begins with its count as text, or a network. The last part has no end of its
// own, so the size is that of the range. Facts: components, version.
std::optional<ModelProbe> probe_traineddata(ByteSpan bytes);

}  // namespace dl
