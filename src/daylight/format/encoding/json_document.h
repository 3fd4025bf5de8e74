// SPDX-License-Identifier: Apache-2.0
// JSON documents that may be models: parsed only where their keys speak for it, and read leniently.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/base/json.h"

namespace dl {

// Bytes of a document that is parsed; a larger one is no model here.
inline constexpr std::size_t kMaxJsonDocument = 64U << 20U;

// The document, if it begins with `first` ('{' or '[') behind white space and all these keys stand
// somewhere in it. Costs a search for the keys where it is none; what is no JSON gives nothing.
std::optional<Json> json_document_with(ByteSpan bytes, char first,
                                       std::initializer_list<std::string_view> keys);

// The member, or null where there is no object or no such member.
const Json& json_child(const Json& object, const char* key);

// A string as it is, null as "", anything else as JSON on one line.
std::string json_text(const Json& value);

}  // namespace dl
