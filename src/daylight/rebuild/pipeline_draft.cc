// SPDX-License-Identifier: Apache-2.0
// Ids, edges and sharing of steps.
#include "daylight/rebuild/pipeline_draft.h"

#include <algorithm>

namespace dl::rebuild {

std::string PipelineDraft::add(DraftStep draft, const std::string& after) {
  if (draft.value != program::kNoNode) {
    const auto known = shared_.find({after + "/" + draft.op, draft.value});
    if (known != shared_.end()) return known->second;
  }
  const std::string base =
      draft.op == "user-image" ? "source" : (draft.op == "decode-image" ? "decode" : draft.op);
  const int count = ++used_[base];
  Step step;
  step.id = count == 1 ? base : base + "-" + std::to_string(count);
  step.kind = draft.kind;
  step.layer = draft.proof.kind == "static" ? "java" : "unknown";
  if (draft.kind == StepKind::kModel) step.layer = "native";
  step.op = draft.op;
  step.params = std::move(draft.params);
  step.evidence = std::move(draft.evidence);
  step.proof = std::move(draft.proof);
  for (Alternative& alternative : draft.alternatives) {
    alternative.id = step.id + "=" + alternative.id;
    step.alternatives.push_back(std::move(alternative));
  }
  if (!after.empty()) {
    Edge edge;
    edge.from = after;
    edge.to = step.id;
    const Step* before = find(after);
    const bool behind_faces = before != nullptr && before->op == "face-crop";
    for (const Edge& known : pipeline_.edges) {
      if (known.to == after && known.each == "face") edge.each = "face";
    }
    if (behind_faces) edge.each = "face";
    edge.proof = step.proof;
    pipeline_.edges.push_back(std::move(edge));
  }
  if (draft.value != program::kNoNode)
    shared_.emplace(std::make_pair(after + "/" + draft.op, draft.value), step.id);
  pipeline_.steps.push_back(std::move(step));
  return pipeline_.steps.back().id;
}

std::string PipelineDraft::add_all(std::vector<DraftStep> steps, std::string after) {
  for (DraftStep& step : steps) after = add(std::move(step), after);
  return after;
}

void PipelineDraft::gap(std::string where, std::string why) {
  Gap gap{std::move(where), std::move(why)};
  if (std::find(pipeline_.gaps.begin(), pipeline_.gaps.end(), gap) == pipeline_.gaps.end())
    pipeline_.gaps.push_back(std::move(gap));
}

const Step* PipelineDraft::find(const std::string& id) const {
  for (const Step& step : pipeline_.steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

Step* PipelineDraft::edit(const std::string& id) {
  for (Step& step : pipeline_.steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

}  // namespace dl::rebuild
