// SPDX-License-Identifier: Apache-2.0
// JSON as every artifact uses it: key order kept, hostile text survives, the same value gives the
// same bytes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl {

// Objects keep the order in which keys were put in, so a file reads as its writer meant it.
using Json = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 64;

// Parses text that may be hostile: depth-limited, errors name the byte offset. `where` goes into
// the Error.
Result<Json> parse_json(std::string_view text, const std::string& where);

// Two-space indented text with a final newline. Bytes that are not UTF-8 become U+FFFD; NaN and
// infinities become null.
std::string dump_json(const Json& value);

// One line without spaces and without a newline: for JSON lines and for fingerprints.
std::string dump_json_line(const Json& value);

}  // namespace dl
