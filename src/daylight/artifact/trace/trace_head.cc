// SPDX-License-Identifier: Apache-2.0
// trace.json to and from plain structs.
#include "daylight/artifact/trace/trace_head.h"

#include <array>
#include <utility>

#include "daylight/artifact/json_fields.h"
#include "daylight/artifact/selector.h"

namespace dl {
namespace {

constexpr std::array<std::pair<TraceRetain, const char*>, 3> kRetainNames = {
    {{TraceRetain::kNone, "none"}, {TraceRetain::kDigests, "digests"}, {TraceRetain::kAll, "all"}}};

}  // namespace

Json to_json(const TraceHead& head) {
  Json json = artifact_head("trace", head.provenance);
  json["source"] = head.source;
  json["rules"] = head.rules;
  for (const auto& [retain, name] : kRetainNames) {
    if (retain == head.retain) json["retain"] = name;
  }
  return json;
}

Result<TraceHead> trace_head_from_json(const Json& json, const std::string& where) {
  TraceHead head;
  head.provenance = TRY(read_artifact_head(json, "trace", where));
  std::string retain = "all";
  FieldReader fields(json, where);
  fields.required_text("source", head.source);
  fields.text_list("rules", head.rules);
  fields.text("retain", retain);
  TRY_VOID(fields.finish());
  for (const std::string& rule : head.rules) {
    if (const auto read = parse_capture_rule(rule); !read)
      return fail(read.error().code, read.error().what, where + ".rules", read.error().hint);
  }
  for (const auto& [value, name] : kRetainNames) {
    if (retain == name) {
      head.retain = value;
      return head;
    }
  }
  return fail(ErrorCode::kCorrupt, "is not none, digests or all", where + ".retain");
}

}  // namespace dl
