// SPDX-License-Identifier: Apache-2.0
// Names and options of MNN's operators, as its published schema numbers them.
#pragma once

#include <cstdint>
#include <string>

#include "daylight/format/encoding/flat_schema.h"

namespace dl {

// "Convolution" ...; empty for a number that no version of the schema has.
std::string mnn_operator_name(std::int32_t type);
// Members of the union of operator options.
inline constexpr std::uint8_t kMnnOptionTypes = 110;
// Tables of options; the union is called "OpParameter".
const FlatSchema& mnn_schema();

}  // namespace dl
