// SPDX-License-Identifier: Apache-2.0
// Choices between things to show that limits on one number make, and words for what is chosen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/format/package/arsc.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::rebuild {

// Limits of one choice; a choice with more is not read.
inline constexpr std::size_t kMaxShownLimits = 64;

// number < values[0] chooses shown[0], and so on up: one more choice than values.
struct LimitChoice {
  program::NodeId number = program::kNoNode;
  std::vector<double> values;           // rising; a float's is the shortest decimal that reads back
  bool ties_above = false;              // a number equal to a limit counts as above it
  std::vector<program::NodeId> shown;   // by rising number
  std::vector<program::NodeId> origin;  // comparisons and choices, for evidence
};

// A condition, a choice, or choices within choices by comparisons of one number with constants, in
// any direction; also the element of a constant table at the first place of another table whose
// limit the number does not reach. Nothing where it is something else, where limits do not rise,
// and where ties go to different sides.
std::optional<LimitChoice> read_limit_choice(program::FlowGraph& graph, program::NodeId value);

// What a chosen value puts on the screen: a text ("{}" stands for each part that is no constant), a
// number, or {resource, name, text} for a resource id, with name and text where `resources` (may be
// null) has them. "{}" for an answer of a model. Nothing for what is none of these.
std::optional<Json> words_shown(const program::FlowGraph& graph, program::NodeId value,
                                const ResourceTable* resources);
bool is_resource_id(const program::FlowGraph& graph, program::NodeId value);
// The text of a string resource's id in its default configuration, where it has no place for
// arguments.
std::optional<std::string> plain_resource_text(const program::FlowGraph& graph,
                                               program::NodeId value,
                                               const ResourceTable* resources);

}  // namespace dl::rebuild
