// SPDX-License-Identifier: Apache-2.0
// Options of MindSpore Lite's operators.
#pragma once

#include "daylight/format/encoding/flat_schema.h"

namespace dl {

// Tables of options; the union is called "PrimitiveType". Operators that only training uses have no
// table here, so their options are not told.
const FlatSchema& mslite_schema();

}  // namespace dl
