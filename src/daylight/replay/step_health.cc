// SPDX-License-Identifier: Apache-2.0
// Counts what steps do to workers, and draws the line.
#include "daylight/replay/step_health.h"

#include <fmt/format.h>

#include <algorithm>

namespace dl {

Json to_json(const GivenUpStep& step) {
  return {{"node", step.node},
          {"name", step.name},
          {"status", to_string(step.failure.status)},
          {"why", step.failure.why}};
}

Result<GivenUpStep> given_up_step_from_json(const Json& json, const std::string& where) {
  try {
    GivenUpStep step;
    step.node = json.at("node").get<std::size_t>();
    step.name = json.at("name").get<std::string>();
    step.failure.status = TRY(prediction_status_from_string(json.at("status").get<std::string>()));
    step.failure.why = json.at("why").get<std::string>();
    return step;
  } catch (const Json::exception& thrown) {
    return fail(ErrorCode::kCorrupt, thrown.what(), where);
  }
}

StepHealth::StepHealth(const ProgramFacts& facts, const std::vector<GivenUpStep>& earlier)
    : facts_(facts), well_(facts.nodes.size(), false), well_in_chunk_(facts.nodes.size(), false) {
  for (const GivenUpStep& step : earlier) {
    const bool known = step.node < facts.nodes.size() && facts.nodes[step.node].name == step.name;
    if (known) given_up_.push_back(step);
  }
}

void StepHealth::crashed(std::size_t node) { ++crashes_[node]; }

void StepHealth::timed_out(std::size_t node) {
  if (++timeouts_[node] < kMaxTimeouts || well_[node]) return;
  give_up(node, PredictionStatus::kTimeout,
          fmt::format("took too long on {} pictures and was not run again", timeouts_[node]));
}

void StepHealth::answered(const SampleAnswer& answer) {
  for (std::size_t i = 0; i < answer.rows.size(); ++i) {
    if (answer.rows[i].status != PredictionStatus::kOk) continue;
    // Every step on the way to an answer ended well.
    for (std::size_t node = facts_.outputs[i].node;
         node != ProgramNode::kRoot && !well_in_chunk_[node]; node = facts_.nodes[node].parent) {
      well_in_chunk_[node] = true;
      well_[node] = true;
    }
  }
}

void StepHealth::end_chunk() {
  for (const auto& [node, crashes] : crashes_) {
    if (crashes < kMinCrashesToGiveUp || well_in_chunk_[node]) continue;
    give_up(node, PredictionStatus::kCrash,
            fmt::format("crashed on every one of {} pictures and was not run again", crashes));
  }
  crashes_.clear();
  std::fill(well_in_chunk_.begin(), well_in_chunk_.end(), false);
}

void StepHealth::give_up(std::size_t node, PredictionStatus status, const std::string& why) {
  const bool already = std::any_of(given_up_.begin(), given_up_.end(),
                                   [node](const GivenUpStep& step) { return step.node == node; });
  if (already) return;
  const std::string& name = facts_.nodes[node].name;
  given_up_.push_back({node, name, {status, "step " + name + " " + why}});
}

}  // namespace dl
