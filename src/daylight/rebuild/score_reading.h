// SPDX-License-Identifier: Apache-2.0
// Places in a model's output, the highest of its scores, and the index of that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::rebuild {

// A place in a model's output.
struct OutputPlace {
  std::uint32_t run = 0;
  std::int64_t output = 0;
  bool flat = false;  // indices count elements of the whole tensor
  std::vector<program::NodeId> path;
  program::NodeId root = program::kNoNode;
};

// Nothing if the value is no element (or row) of a model's output.
std::optional<OutputPlace> place_in_output(const program::FlowGraph& graph, program::NodeId id);
// The same but for the last index: the row of scores that an argmax runs over.
bool same_row(const program::FlowGraph& graph, const OutputPlace& a, const OutputPlace& b);

// `greater` > `other`, or >=; or the opposite of that.
struct Greater {
  program::NodeId greater = program::kNoNode;
  program::NodeId other = program::kNoNode;
  bool holds_when_equal = false;
  bool negated = false;
};
std::optional<Greater> read_greater(const program::FlowGraph& graph, program::NodeId condition);

struct Argmax {
  OutputPlace row;                          // with some index last
  std::int64_t count = 0;                   // scores that are compared; 0: not known here
  program::NodeId node = program::kNoNode;  // the comparison
};

// Reads indices as "where the highest score is". Remembers its answers. Not thread safe.
class ArgmaxReader {
 public:
  explicit ArgmaxReader(program::FlowGraph& graph) : graph_(graph) {}
  std::optional<Argmax> read(program::NodeId index);
  // Reads a value as "the highest score" itself; `node` is what says so.
  std::optional<Argmax> best_score(program::NodeId value) const;

 private:
  std::optional<Argmax> looped(program::NodeId index);
  std::optional<Argmax> unrolled(program::NodeId index);
  bool starts_search(program::NodeId value, const OutputPlace& row) const;
  std::optional<std::pair<program::NodeId, program::NodeId>> larger_of(program::NodeId value) const;
  std::optional<Argmax> looped_score(program::NodeId value) const;
  std::optional<Argmax> unrolled_score(program::NodeId value) const;

  program::FlowGraph& graph_;
  std::map<program::NodeId, std::optional<Argmax>> known_;
};

}  // namespace dl::rebuild
