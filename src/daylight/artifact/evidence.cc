// SPDX-License-Identifier: Apache-2.0
// Evidence and gaps to and from JSON. Excerpts are made printable here, once, on their way out.
#include "daylight/artifact/evidence.h"

#include "daylight/artifact/json_fields.h"
#include "daylight/base/text.h"

namespace dl {

const char* to_string(Use use) {
  switch (use) {
    case Use::kPresent:
      return "present";
    case Use::kReachable:
      return "reachable";
    case Use::kExecuted:
      return "executed";
    case Use::kAnswered:
      return "answered";
  }
  return "present";
}

Result<Use> use_from_string(const std::string& text) {
  for (const Use use : {Use::kPresent, Use::kReachable, Use::kExecuted, Use::kAnswered}) {
    if (text == to_string(use)) return use;
  }
  return fail(ErrorCode::kCorrupt,
              "'" + printable(text) + "' is not a use (present, reachable, executed, answered)");
}

Json to_json(const Evidence& evidence) {
  Json json = {{"kind", evidence.kind}, {"file", evidence.file}, {"entry", evidence.entry}};
  if (evidence.offset) json["offset"] = *evidence.offset;
  if (!evidence.method.empty()) json["method"] = evidence.method;
  if (!evidence.original_method.empty()) json["original_method"] = evidence.original_method;
  json["rule"] = evidence.rule;
  json["excerpt"] = printable(evidence.excerpt, 400);
  return json;
}

Json to_json(const Gap& gap) {
  return {{"where", printable(gap.where, 400)}, {"why", printable(gap.why, 400)}};
}

Result<Evidence> evidence_from_json(const Json& json, const std::string& where) {
  Evidence evidence;
  FieldReader fields(json, where);
  fields.required_text("kind", evidence.kind);
  fields.text("file", evidence.file);
  fields.text_list("entry", evidence.entry);
  if (json.is_object() && json.contains("offset")) {
    std::uint64_t offset = 0;
    fields.unsigned_number("offset", offset);
    evidence.offset = offset;
  }
  fields.text("method", evidence.method);
  fields.text("original_method", evidence.original_method);
  fields.text("rule", evidence.rule);
  fields.text("excerpt", evidence.excerpt);
  TRY_VOID(fields.finish());
  return evidence;
}

Result<Gap> gap_from_json(const Json& json, const std::string& where) {
  Gap gap;
  FieldReader fields(json, where);
  fields.text("where", gap.where);
  fields.required_text("why", gap.why);
  TRY_VOID(fields.finish());
  return gap;
}

namespace {

template <typename T>
Json list_to_json(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(to_json(item));
  return json;
}

template <typename T, typename Read>
Result<std::vector<T>> list_from_json(const Json& json, const std::string& where, Read read) {
  if (!json.is_array()) return fail(ErrorCode::kCorrupt, "expected a list", where);
  std::vector<T> list;
  for (std::size_t i = 0; i < json.size(); ++i) {
    list.push_back(TRY(read(json[i], where + "[" + std::to_string(i) + "]")));
  }
  return list;
}

}  // namespace

Json to_json(const std::vector<Evidence>& list) { return list_to_json(list); }
Json to_json(const std::vector<Gap>& list) { return list_to_json(list); }

Result<std::vector<Evidence>> evidence_list_from_json(const Json& json, const std::string& where) {
  return list_from_json<Evidence>(json, where, evidence_from_json);
}

Result<std::vector<Gap>> gap_list_from_json(const Json& json, const std::string& where) {
  return list_from_json<Gap>(json, where, gap_from_json);
}

}  // namespace dl
