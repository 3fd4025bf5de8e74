// SPDX-License-Identifier: Apache-2.0
// Reads the table.
#include "daylight/guest/observe/model_call_rules.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>
#include <span>
#include <utility>

#include "daylight/base/embedded.h"
#include "daylight/base/json.h"
#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace embedded {
std::span<const File> model_calls();
}  // namespace embedded

namespace guest {
namespace {

constexpr std::array<std::string_view, 9> kKeys = {
    "id", "symbols", "buffer", "holds", "length", "returns_object", "formats", "unread", "source"};

Result<std::size_t> argument_of(const Json& value, const std::string& where) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kModelCallArguments)
    return fail(ErrorCode::kCorrupt, "an argument is a number from 0 to 7", where);
  return value.get<std::size_t>();
}

Result<std::vector<std::string>> texts_of(const Json& entry, const char* key,
                                          const std::string& where) {
  std::vector<std::string> out;
  const auto found = entry.find(key);
  if (found == entry.end()) return out;
  if (!found->is_array()) return fail(ErrorCode::kCorrupt, std::string(key) + " is no list", where);
  for (const Json& each : *found) {
    if (!each.is_string() || each.get<std::string>().empty())
      return fail(ErrorCode::kCorrupt, std::string(key) + " holds what is no text", where);
    out.push_back(each.get<std::string>());
  }
  return out;
}

Result<std::string> text_of(const Json& entry, const char* key, const std::string& otherwise,
                            const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end()) return otherwise;
  if (!found->is_string())
    return fail(ErrorCode::kCorrupt, std::string(key) + " is no text", where);
  return found->get<std::string>();
}

Result<ModelCallRule::Holds> holds_of(const Json& entry, const std::string& where) {
  const std::string text = TRY(text_of(entry, "holds", "memory", where));
  if (text == "memory") return ModelCallRule::Holds::kMemory;
  if (text == "direct-buffer") return ModelCallRule::Holds::kDirectBuffer;
  if (text == "byte-array") return ModelCallRule::Holds::kByteArray;
  return fail(ErrorCode::kCorrupt, "holds is none", where);
}

Result<void> read_length(const Json& entry, ModelCallRule& rule, const std::string& where) {
  const auto found = entry.find("length");
  if (found == entry.end()) return {};
  rule.length_is_result = *found == "result";
  if (!rule.length_is_result) rule.length = TRY(argument_of(*found, where));
  if (rule.holds != ModelCallRule::Holds::kMemory)
    return fail(ErrorCode::kCorrupt, "a Java object knows its own length", where);
  return {};
}

Result<ModelCallRule> rule_of(const Json& entry, const std::string& file) {
  if (!entry.is_object()) return fail(ErrorCode::kCorrupt, "a call is an object", file);
  ModelCallRule rule;
  rule.id = TRY(text_of(entry, "id", "", file));
  const std::string where = file + ": " + rule.id;
  for (const auto& [key, value] : entry.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return fail(ErrorCode::kCorrupt, "has a key that nobody knows: " + key, where);
  }
  if (rule.id.empty()) return fail(ErrorCode::kCorrupt, "has no id", where);
  for (const std::string& symbol : TRY(texts_of(entry, "symbols", where)))
    rule.symbols.push_back(TRY(TextPattern::parse(symbol)));
  if (rule.symbols.empty()) return fail(ErrorCode::kCorrupt, "has no symbol", where);
  rule.buffer = TRY(argument_of(entry.value("buffer", Json()), where));
  rule.holds = TRY(holds_of(entry, where));
  TRY_VOID(read_length(entry, rule, where));
  const Json object = entry.value("returns_object", Json(false));
  if (!object.is_boolean()) return fail(ErrorCode::kCorrupt, "returns_object is no truth", where);
  rule.returns_object = object.get<bool>();
  rule.formats = TRY(texts_of(entry, "formats", where));
  for (const std::string& format : rule.formats) {
    if (model_format(format) == nullptr)
      return fail(ErrorCode::kCorrupt, "names a format that no reader knows: " + format, where);
  }
  rule.unread = TRY(text_of(entry, "unread", "", where));
  return rule;
}

}  // namespace

Result<std::vector<ModelCallRule>> parse_model_call_rules(std::string_view json,
                                                          const std::string& where) {
  const Json parsed = TRY(parse_json(json, where));
  if (!parsed.is_object() || parsed.value("schema", Json()) != "daylight/model-call-rules/1")
    return fail(ErrorCode::kUnsupported, "schema is not daylight/model-call-rules/1", where);
  const auto calls = parsed.find("calls");
  if (calls == parsed.end() || !calls->is_array())
    return fail(ErrorCode::kCorrupt, "has no calls", where);
  std::vector<ModelCallRule> out;
  std::set<std::string> ids;
  for (const Json& entry : *calls) {
    out.push_back(TRY(rule_of(entry, where)));
    if (!ids.insert(out.back().id).second)
      return fail(ErrorCode::kCorrupt, "has an id twice: " + out.back().id, where);
  }
  return out;
}

const std::vector<ModelCallRule>& builtin_model_call_rules() {
  static const std::vector<ModelCallRule> kRules = [] {
    const auto files = embedded::model_calls();
    assert(files.size() == 1 && "the build embeds the table");
    auto parsed = parse_model_call_rules(files.front().bytes, std::string(files.front().name));
    assert(parsed);
    return parsed ? std::move(*parsed) : std::vector<ModelCallRule>();
  }();
  return kRules;
}

}  // namespace guest
}  // namespace dl
