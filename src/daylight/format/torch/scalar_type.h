// SPDX-License-Identifier: Apache-2.0
// PyTorch's numbers of element types, as its mobile formats write them.
#pragma once

#include <cstdint>
#include <string>

namespace dl {

// "float32" for 6; quantised types by what they are stored as; "other" for numbers that are not
// known. Source: c10/core/ScalarType.h.
std::string torch_scalar_type_name(std::int8_t type);

}  // namespace dl
