// SPDX-License-Identifier: Apache-2.0
// probe_plan.json to and from plain structs.
#include "daylight/artifact/probe_plan.h"

#include "daylight/artifact/decode_rule.h"
#include "daylight/artifact/json_fields.h"
#include "daylight/artifact/selector.h"

namespace dl {
namespace {

Json to_json(const Probe& probe) {
  Json json = {{"id", probe.id},
               {"layer", probe.layer},
               {"selector", probe.selector},
               {"role", probe.role},
               {"decode", probe.decode},
               {"limits", {{"max_bytes", probe.max_bytes}, {"max_calls", probe.max_calls}}},
               {"why", probe.why}};
  for (const ProbeHead& head : probe.heads) json["heads"].push_back(to_json(head));
  return json;
}

Json to_json(const Entry& entry) {
  Json args = Json::array();
  for (const EntryArgument& arg : entry.args) {
    Json json = {{"type", arg.type}};
    if (arg.has_constant) json["const"] = arg.constant;
    args.push_back(std::move(json));
  }
  return {{"class", entry.klass},       {"method", entry.method},  {"descriptor", entry.descriptor},
          {"receiver", entry.receiver}, {"args", std::move(args)}, {"why", entry.why},
          {"kind", entry.kind}};
}

Result<Probe> probe_from_json(const Json& json, const std::string& where) {
  Probe probe;
  FieldReader fields(json, where);
  fields.required_text("id", probe.id);
  fields.text("layer", probe.layer);
  fields.required_text("selector", probe.selector);
  fields.text("role", probe.role);
  fields.text_list("decode", probe.decode);
  fields.text_list("why", probe.why);
  fields.list("heads", probe.heads, probe_head_from_json);
  TRY_VOID(fields.finish());
  if (const auto selector = parse_selector(probe.selector); !selector) {
    return fail(selector.error().code, selector.error().what, where + ".selector",
                selector.error().hint);
  }
  for (const std::string& rule : probe.decode) {
    if (const auto read = parse_decode_rule(rule); !read)
      return fail(read.error().code, read.error().what, where + ".decode", read.error().hint);
  }
  if (json.contains("limits")) {
    FieldReader limits(json["limits"], where + ".limits");
    limits.unsigned_number("max_bytes", probe.max_bytes);
    limits.unsigned_number("max_calls", probe.max_calls);
    TRY_VOID(limits.finish());
  }
  return probe;
}

Result<EntryArgument> argument_from_json(const Json& json, const std::string& where) {
  EntryArgument argument;
  FieldReader fields(json, where);
  fields.required_text("type", argument.type);
  TRY_VOID(fields.finish());
  if (json.contains("const")) {
    argument.has_constant = true;
    argument.constant = json["const"];
  }
  return argument;
}

Result<Entry> entry_from_json(const Json& json, const std::string& where) {
  Entry entry;
  FieldReader fields(json, where);
  fields.required_text("class", entry.klass);
  fields.required_text("method", entry.method);
  fields.text("descriptor", entry.descriptor);
  fields.text("receiver", entry.receiver);
  fields.list("args", entry.args, argument_from_json);
  fields.text("kind", entry.kind);
  fields.text_list("why", entry.why);
  TRY_VOID(fields.finish());
  return entry;
}

}  // namespace

Json to_json(const ProbeHead& head) {
  Json json = {{"name", head.name}, {"kind", head.kind}};
  if (!head.labels.empty()) json["labels"] = head.labels;
  if (head.low || head.high) json["range"] = {number_or_null(head.low), number_or_null(head.high)};
  return json;
}

Result<ProbeHead> probe_head_from_json(const Json& json, const std::string& where) {
  ProbeHead head;
  FieldReader fields(json, where);
  fields.required_text("name", head.name);
  fields.required_text("kind", head.kind);
  fields.text_list("labels", head.labels);
  TRY_VOID(fields.finish());
  if (!json.contains("range")) return head;
  const Json& range = json["range"];
  const auto is_side = [](const Json& side) { return side.is_null() || side.is_number(); };
  if (!range.is_array() || range.size() != 2 || !is_side(range[0]) || !is_side(range[1]))
    return fail(ErrorCode::kCorrupt, "is not a pair of numbers", where + ".range");
  if (range[0].is_number()) head.low = range[0].get<double>();
  if (range[1].is_number()) head.high = range[1].get<double>();
  return head;
}

Json to_json(const ProbePlan& plan) {
  Json json = artifact_head("probe_plan", plan.provenance);
  json["probes"] = Json::array();
  for (const Probe& probe : plan.probes) json["probes"].push_back(to_json(probe));
  json["entries"] = Json::array();
  for (const Entry& entry : plan.entries) json["entries"].push_back(to_json(entry));
  json["gaps"] = to_json(plan.gaps);
  return json;
}

Result<ProbePlan> probe_plan_from_json(const Json& json, const std::string& where) {
  ProbePlan plan;
  plan.provenance = TRY(read_artifact_head(json, "probe_plan", where));
  FieldReader fields(json, where);
  fields.list("probes", plan.probes, probe_from_json);
  fields.list("entries", plan.entries, entry_from_json);
  fields.list("gaps", plan.gaps, gap_from_json);
  TRY_VOID(fields.finish());
  return plan;
}

Result<CaptureRule> capture_rule_of(const Probe& probe) {
  CaptureRule rule;
  rule.selector = TRY(parse_selector(probe.selector));
  CapturePolicy& policy = rule.policy;
  for (const std::string& text : probe.decode) {
    const DecodeRule decode = TRY(parse_decode_rule(text));
    if (!policy.length) policy.length = decode.length;
    if (decode.place == DecodeRule::kResult) {
      policy.result = true;
      continue;
    }
    // A value that nobody says the direction of stands there before the call.
    policy.out = policy.out || decode.direction == PassDirection::kOut ||
                 decode.direction == PassDirection::kBoth;
    policy.in = policy.in || decode.direction != PassDirection::kOut;
  }
  policy.limit = probe.max_bytes;
  policy.calls = probe.max_calls;
  return rule;
}

}  // namespace dl
