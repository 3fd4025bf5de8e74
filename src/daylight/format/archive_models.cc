// SPDX-License-Identifier: Apache-2.0
// Model formats that are archives: rows of the table.
#include "daylight/format/model_probe.h"

namespace dl {

std::span<const ModelFormat> archive_model_formats() { return {}; }

}  // namespace dl
