// SPDX-License-Identifier: Apache-2.0
// Looks before it parses.
#include "daylight/format/encoding/json_document.h"

#include <algorithm>
#include <utility>

namespace dl {
namespace {

bool mentions(std::string_view text, std::initializer_list<std::string_view> keys) {
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
    return text.find("\"" + std::string(key) + "\"") != std::string_view::npos;
  });
}

}  // namespace

std::optional<Json> json_document_with(ByteSpan bytes, char first,
                                       std::initializer_list<std::string_view> keys) {
  constexpr std::size_t kLookedAt = 64;
  const std::string_view text = as_text(bytes);
  const std::size_t begin = text.substr(0, kLookedAt).find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text[begin] != first || text.size() > kMaxJsonDocument ||
      !mentions(text, keys))
    return std::nullopt;
  auto parsed = parse_json(text, "document");
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

const Json& json_child(const Json& object, const char* key) {
  static const Json kNone;
  return object.is_object() && object.contains(key) ? object[key] : kNone;
}

std::string json_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : dump_json_line(value);
}

}  // namespace dl
