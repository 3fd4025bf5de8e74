// SPDX-License-Identifier: Apache-2.0
// Model formats that are Protocol Buffers: rows of the table.
#include "daylight/format/model_probe.h"

namespace dl {

std::span<const ModelFormat> protobuf_model_formats() { return {}; }

}  // namespace dl
