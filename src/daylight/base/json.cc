// SPDX-License-Identifier: Apache-2.0
// JSON parsing with a depth limit, and dumping that never throws on hostile text.
#include "daylight/base/json.h"

namespace dl {

Result<Json> parse_json(std::string_view text, const std::string& where) {
  bool too_deep = false;
  const auto limit_depth = [&too_deep](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxJsonDepth) too_deep = true;
    return !too_deep;
  };
  // A cheap scan first: the parser itself recurses over brackets, so depth is bounded before it
  // starts.
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  if (deepest > kMaxJsonDepth) return fail(ErrorCode::kLimit, "JSON is nested too deeply", where);
  try {
    return Json::parse(text.begin(), text.end(), limit_depth);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, std::string("not valid JSON (") + error.what() + ")", where);
  }
}

std::string dump_json(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string dump_json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dl
