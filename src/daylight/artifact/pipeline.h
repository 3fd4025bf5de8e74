// SPDX-License-Identifier: Apache-2.0
// pipeline.json: the steps from a person's picture to the app's answer, each with its evidence and
// its proof.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/provenance.h"

namespace dl {

enum class StepKind { kSource, kDecode, kTransform, kModel, kPostprocess, kSink };
const char* to_string(StepKind kind);
Result<StepKind> step_kind_from_string(const std::string& text);

// How a step is known. bytes-equal and fitted come from traces; static from code; declared from
// metadata or the user.
struct Proof {
  std::string kind = "assumed";         // bytes-equal|fitted|static|declared|assumed
  std::optional<double> residual = {};  // fitted: largest absolute error
  std::string by = {};                  // declared: model-metadata|user ...
  std::string why = {};                 // declared and assumed: the reason

  friend bool operator==(const Proof&, const Proof&) = default;
};

// Another plausible value of a step's parameters.
struct Alternative {
  std::string id;  // unique in the pipeline: "<step>=<short name>"
  std::string op;  // may differ from the step's
  Json params = Json::object();
  std::string why;
};

// One step. `op` and `params` are the vocabulary of docs/formats/pipeline.md.
struct Step {
  std::string id;
  StepKind kind = StepKind::kTransform;
  std::string layer = "unknown";  // java|native|unknown
  std::string op;
  Json params = Json::object();
  std::vector<Evidence> evidence;
  Proof proof;
  std::vector<Alternative> alternatives;
};

struct Edge {
  std::string from;
  std::string to;
  std::string each = "image";  // image|face|frame|tile
  Proof proof;
  std::uint64_t calls = 0;  // times seen in a trace; 0 without one
};

// One answer of the pipeline.
struct Head {
  std::string name;  // age, gender ...; unique
  std::string kind;  // scalar|probability|scores|label|embedding|boxes
  std::string sink;  // id of its sink step
  std::string task;  // a task id of the design
  std::optional<std::pair<double, double>> range = {};
  std::vector<std::string> labels = {};  // in output order
  // Label of the app -> label of a data set, where they differ and the app or the user says so.
  Json maps = Json::object();
  Proof labels_proof = {};
};

struct Pipeline {
  Provenance provenance;
  std::vector<Step> steps;
  std::vector<Edge> edges;
  std::vector<std::string> models;  // ids in the inventory
  std::vector<Head> heads;
  std::vector<Gap> gaps;
};

Json to_json(const Pipeline& pipeline);
Result<Pipeline> pipeline_from_json(const Json& json, const std::string& where);
Json to_json(const Proof& proof);
Result<Proof> proof_from_json(const Json& json, const std::string& where);

// The steps that lead to `sink`, in order from source to sink; the graph may branch but each step
// here has one way in. kCorrupt if an edge names no step, a step has two ways in, or the edges form
// a circle.
Result<std::vector<const Step*>> path_to(const Pipeline& pipeline, const std::string& sink);

}  // namespace dl
