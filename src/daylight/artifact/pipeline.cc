// SPDX-License-Identifier: Apache-2.0
// pipeline.json to and from plain structs, and the walk from a sink back to its source.
#include "daylight/artifact/pipeline.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::array kStepKinds = {StepKind::kSource, StepKind::kDecode,      StepKind::kTransform,
                                   StepKind::kModel,  StepKind::kPostprocess, StepKind::kSink};
constexpr std::array kProofKinds = {"bytes-equal", "fitted", "static", "declared", "assumed"};

Json to_json(const Alternative& alternative) {
  return {{"id", alternative.id},
          {"op", alternative.op},
          {"params", alternative.params},
          {"why", alternative.why}};
}

Json to_json(const Step& step) {
  Json alternatives = Json::array();
  for (const Alternative& alternative : step.alternatives)
    alternatives.push_back(to_json(alternative));
  return {{"id", step.id},
          {"kind", to_string(step.kind)},
          {"layer", step.layer},
          {"op", step.op},
          {"params", step.params},
          {"evidence", to_json(step.evidence)},
          {"proof", to_json(step.proof)},
          {"alternatives", std::move(alternatives)}};
}

Json to_json(const Edge& edge) {
  return {{"from", edge.from},
          {"to", edge.to},
          {"each", edge.each},
          {"proof", to_json(edge.proof)},
          {"calls", edge.calls}};
}

Json to_json(const Head& head) {
  Json json = {{"name", head.name}, {"kind", head.kind}, {"sink", head.sink}, {"task", head.task}};
  if (head.range) json["range"] = Json::array({head.range->first, head.range->second});
  json["labels"] = head.labels;
  if (!head.labels.empty()) json["labels_proof"] = to_json(head.labels_proof);
  json["maps"] = head.maps;
  return json;
}

Result<Alternative> alternative_from_json(const Json& json, const std::string& where) {
  Alternative alternative;
  FieldReader fields(json, where);
  fields.required_text("id", alternative.id);
  fields.text("op", alternative.op);
  fields.any("params", alternative.params);
  fields.text("why", alternative.why);
  TRY_VOID(fields.finish());
  return alternative;
}

Result<Step> step_from_json(const Json& json, const std::string& where) {
  Step step;
  std::string kind;
  FieldReader fields(json, where);
  fields.required_text("id", step.id);
  fields.required_text("kind", kind);
  fields.text("layer", step.layer);
  fields.required_text("op", step.op);
  fields.any("params", step.params);
  fields.list("evidence", step.evidence, evidence_from_json);
  fields.record("proof", step.proof, proof_from_json);
  fields.list("alternatives", step.alternatives, alternative_from_json);
  TRY_VOID(fields.finish());
  auto parsed = step_kind_from_string(kind);
  if (!parsed) return fail(ErrorCode::kCorrupt, parsed.error().what, where + ".kind");
  step.kind = *parsed;
  if (!step.params.is_object()) return fail(ErrorCode::kCorrupt, "params is not an object", where);
  return step;
}

Result<Edge> edge_from_json(const Json& json, const std::string& where) {
  Edge edge;
  FieldReader fields(json, where);
  fields.required_text("from", edge.from);
  fields.required_text("to", edge.to);
  fields.text("each", edge.each);
  fields.record("proof", edge.proof, proof_from_json);
  fields.unsigned_number("calls", edge.calls);
  TRY_VOID(fields.finish());
  return edge;
}

Result<Head> head_from_json(const Json& json, const std::string& where) {
  Head head;
  FieldReader fields(json, where);
  fields.required_text("name", head.name);
  fields.required_text("kind", head.kind);
  fields.required_text("sink", head.sink);
  fields.text("task", head.task);
  fields.text_list("labels", head.labels);
  fields.record("labels_proof", head.labels_proof, proof_from_json);
  fields.any("maps", head.maps);
  TRY_VOID(fields.finish());
  if (json.contains("range") && !json["range"].is_null()) {
    const Json& range = json["range"];
    if (!range.is_array() || range.size() != 2 || !range[0].is_number() || !range[1].is_number()) {
      return fail(ErrorCode::kCorrupt, "range is not [low, high]", where);
    }
    head.range = {range[0].get<double>(), range[1].get<double>()};
  }
  return head;
}

}  // namespace

const char* to_string(StepKind kind) {
  switch (kind) {
    case StepKind::kSource:
      return "source";
    case StepKind::kDecode:
      return "decode";
    case StepKind::kTransform:
      return "transform";
    case StepKind::kModel:
      return "model";
    case StepKind::kPostprocess:
      return "postprocess";
    case StepKind::kSink:
      return "sink";
  }
  return "transform";
}

Result<StepKind> step_kind_from_string(const std::string& text) {
  for (const StepKind kind : kStepKinds) {
    if (text == to_string(kind)) return kind;
  }
  return fail(ErrorCode::kCorrupt, "'" + printable(text) + "' is not a step kind");
}

Json to_json(const Proof& proof) {
  Json json = {{"kind", proof.kind}};
  if (proof.residual) json["residual"] = *proof.residual;
  if (!proof.by.empty()) json["by"] = proof.by;
  if (!proof.why.empty()) json["why"] = printable(proof.why, 400);
  return json;
}

Result<Proof> proof_from_json(const Json& json, const std::string& where) {
  Proof proof;
  FieldReader fields(json, where);
  fields.required_text("kind", proof.kind);
  fields.optional_number("residual", proof.residual);
  fields.text("by", proof.by);
  fields.text("why", proof.why);
  TRY_VOID(fields.finish());
  if (std::find(kProofKinds.begin(), kProofKinds.end(), proof.kind) == kProofKinds.end()) {
    return fail(ErrorCode::kCorrupt, "'" + printable(proof.kind) + "' is not a proof", where);
  }
  return proof;
}

Json to_json(const Pipeline& pipeline) {
  Json json = artifact_head("pipeline", pipeline.provenance);
  json["steps"] = Json::array();
  for (const Step& step : pipeline.steps) json["steps"].push_back(to_json(step));
  json["edges"] = Json::array();
  for (const Edge& edge : pipeline.edges) json["edges"].push_back(to_json(edge));
  json["models"] = pipeline.models;
  json["heads"] = Json::array();
  for (const Head& head : pipeline.heads) json["heads"].push_back(to_json(head));
  json["gaps"] = to_json(pipeline.gaps);
  return json;
}

Result<Pipeline> pipeline_from_json(const Json& json, const std::string& where) {
  Pipeline pipeline;
  pipeline.provenance = TRY(read_artifact_head(json, "pipeline", where));
  FieldReader fields(json, where);
  fields.list("steps", pipeline.steps, step_from_json);
  fields.list("edges", pipeline.edges, edge_from_json);
  fields.text_list("models", pipeline.models);
  fields.list("heads", pipeline.heads, head_from_json);
  fields.list("gaps", pipeline.gaps, gap_from_json);
  TRY_VOID(fields.finish());
  std::set<std::string> names;
  for (const Head& head : pipeline.heads) {
    if (!names.insert(head.name).second) {
      return fail(ErrorCode::kCorrupt, "two heads are named '" + printable(head.name) + "'", where,
                  "give each a name of its own");
    }
    auto path = path_to(pipeline, head.sink);
    if (!path) {
      Error error = path.error();
      error.where = where + ": head '" + printable(head.name) + "'";
      return tl::unexpected(std::move(error));
    }
  }
  return pipeline;
}

Result<std::vector<const Step*>> path_to(const Pipeline& pipeline, const std::string& sink) {
  std::map<std::string, const Step*> by_id;
  for (const Step& step : pipeline.steps) {
    if (!by_id.emplace(step.id, &step).second) {
      return fail(ErrorCode::kCorrupt, "two steps have the id '" + printable(step.id) + "'");
    }
  }
  std::map<std::string, std::string> came_from;
  for (const Edge& edge : pipeline.edges) {
    if (by_id.count(edge.from) == 0 || by_id.count(edge.to) == 0) {
      return fail(ErrorCode::kCorrupt, "the edge " + printable(edge.from) + " -> " +
                                           printable(edge.to) + " names a step that is not there");
    }
    if (!came_from.emplace(edge.to, edge.from).second) {
      return fail(ErrorCode::kCorrupt, "the step '" + printable(edge.to) + "' has two ways in");
    }
  }
  std::vector<const Step*> path;
  const auto start = by_id.find(sink);
  if (start == by_id.end()) {
    return fail(ErrorCode::kCorrupt, "there is no step '" + printable(sink) + "'");
  }
  path.push_back(start->second);
  for (auto next = came_from.find(sink); next != came_from.end();
       next = came_from.find(next->second)) {
    if (path.size() > pipeline.steps.size()) {
      return fail(ErrorCode::kCorrupt, "the edges form a circle at '" + printable(sink) + "'");
    }
    path.push_back(by_id.at(next->second));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace dl
