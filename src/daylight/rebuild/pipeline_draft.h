// SPDX-License-Identifier: Apache-2.0
// A pipeline while it is written: steps with ids of their own, shared where two models see the same
// picture.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daylight/artifact/pipeline.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::rebuild {

inline Proof static_proof() {
  Proof proof;
  proof.kind = "static";
  return proof;
}
inline Proof assumed_proof(std::string why) {
  Proof proof;
  proof.why = std::move(why);
  return proof;
}
inline Proof declared_proof(std::string by, std::string why) {
  Proof proof;
  proof.kind = "declared";
  proof.by = std::move(by);
  proof.why = std::move(why);
  return proof;
}

// A step before it has an id. `value`: the node that it makes, where that identifies it (two models
// that use the same cropped picture share the steps up to it).
struct DraftStep {
  StepKind kind = StepKind::kTransform;
  std::string op;
  Json params = Json::object();
  std::vector<Evidence> evidence = {};
  Proof proof = {};
  std::vector<Alternative> alternatives = {};  // ids without the step's part: "<short name>"
  program::NodeId value = program::kNoNode;
};

class PipelineDraft {
 public:
  // Appends a step behind `after` ("" at the start) and gives its id. A step that makes the same
  // value behind the same step is the same step.
  std::string add(DraftStep step, const std::string& after);
  // A whole chain; the id of its last step, or `after` if it is empty.
  std::string add_all(std::vector<DraftStep> steps, std::string after);
  // Each gap once.
  void gap(std::string where, std::string why);

  Pipeline& pipeline() { return pipeline_; }
  const Step* find(const std::string& id) const;
  // Valid until the next add(); null if there is no such step.
  Step* edit(const std::string& id);

 private:
  Pipeline pipeline_;
  std::map<std::string, int> used_;
  std::map<std::pair<std::string, program::NodeId>, std::string> shared_;
};

}  // namespace dl::rebuild
