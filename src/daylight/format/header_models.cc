// SPDX-License-Identifier: Apache-2.0
// Model formats that are known by a header of their own: rows of the table.
#include "daylight/format/model_probe.h"

namespace dl {

std::span<const ModelFormat> header_model_formats() { return {}; }

}  // namespace dl
