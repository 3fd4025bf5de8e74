// SPDX-License-Identifier: Apache-2.0
// The text form of Core ML programs: model.mil of a compiled model.
#pragma once

#include <cstdint>
#include <string_view>

#include "daylight/format/model/graph_parts.h"

namespace dl {

// Statements of one program that are read.
inline constexpr std::size_t kMaxMilStatements = 500000;

// Whether a text is a program with a function.
bool is_mil_text(ByteSpan bytes);

// Reads operations as operators; constants are no operators: small ones stand in the details of
// those that use them, others by type and shape. Gives the number of elements of the constants that
// lie in the weight file.
std::uint64_t read_mil_text(std::string_view text, GraphFiller& filler);

}  // namespace dl
