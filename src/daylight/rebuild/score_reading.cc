// SPDX-License-Identifier: Apache-2.0
// Recognises loops, and chains of choices, that look for the highest score or for its place.
#include "daylight/rebuild/score_reading.h"

#include <algorithm>

namespace dl::rebuild {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

std::optional<OutputPlace> place_in_output(const FlowGraph& graph, NodeId id) {
  OutputPlace place;
  for (int depth = 0; depth < 8; ++depth) {
    const FlowNode& node = graph.at(id);
    if (node.op == FlowOp::kElement) {
      place.path.insert(place.path.begin(), node.args[1]);
      id = node.args[0];
    } else if (node.op == FlowOp::kCall && (node.text == "flat" || node.text == "bytes")) {
      place.flat = true;
      id = node.args[0];
    } else if (node.op == FlowOp::kOutput) {
      place.run = static_cast<std::uint32_t>(node.integer);
      place.output = static_cast<std::int64_t>(node.real);
      place.root = id;
      return place;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Everything but the last index: the row of scores that an argmax runs over.
bool same_row(const FlowGraph& graph, const OutputPlace& a, const OutputPlace& b) {
  if (a.root != b.root || a.path.size() != b.path.size() || a.flat != b.flat || a.path.empty())
    return false;
  for (std::size_t i = 0; i + 1 < a.path.size(); ++i) {
    if (!graph.same(a.path[i], b.path[i])) return false;
  }
  return true;
}

std::optional<Greater> read_greater(const FlowGraph& graph, NodeId condition) {
  const FlowNode* node = &graph.at(condition);
  Greater result;
  if (node->op == FlowOp::kNot) {
    result.negated = true;
    node = &graph.at(node->args[0]);
  }
  if (node->op != FlowOp::kGt && node->op != FlowOp::kGe) return std::nullopt;
  result.greater = node->args[0];
  result.other = node->args[1];
  result.holds_when_equal = node->op == FlowOp::kGe;
  return result;
}

std::optional<Argmax> ArgmaxReader::read(NodeId index) {
  const auto known = known_.find(index);
  if (known != known_.end()) return known->second;
  auto result = unrolled(index);
  if (!result) result = looped(index);
  known_.emplace(index, result);
  return result;
}

// for (i ...) if (s[i] > s[best]) best = i, or with the highest score so far kept beside it.
std::optional<Argmax> ArgmaxReader::looped(NodeId index) {
  const FlowNode node = graph_.at(index);
  if (node.op != FlowOp::kLoopExit) return std::nullopt;
  const FlowNode& phi_node = graph_.at(node.args[0]);
  if (phi_node.op != FlowOp::kLoopPhi) return std::nullopt;
  const program::FlowPhi phi = graph_.phi(phi_node.integer);
  const FlowNode next = phi.next == kNoNode ? FlowNode{} : graph_.at(phi.next);
  if (next.op != FlowOp::kSelect) return std::nullopt;
  const NodeId variable = graph_.loop_variable(phi.loop);
  const auto counts = [&](NodeId id) {
    const FlowGraph::Linear form = graph_.linear(id);
    return form.terms.size() == 1 && form.terms[0].first == variable && form.terms[0].second == 1;
  };
  const bool takes = counts(next.args[1]) && next.args[2] == phi.node;
  const bool keeps = counts(next.args[2]) && next.args[1] == phi.node;
  const auto test = read_greater(graph_, next.args[0]);
  if (!test || takes == keeps) return std::nullopt;
  const NodeId taken = takes ? next.args[1] : next.args[2];
  // The new score must win where the new index is taken.
  for (const NodeId side : {test->greater, test->other}) {
    const auto place = place_in_output(graph_, side);
    if (!place || place->path.empty() || !graph_.same(place->path.back(), taken)) continue;
    const bool wins = (side == test->greater) == (takes != test->negated);
    if (!wins) return std::nullopt;
    Argmax result;
    result.row = *place;
    result.node = next.args[0];
    return result;
  }
  return std::nullopt;
}

// The same written out: ((s2 > s[...]) ? 2 : (s1 > s0) ? 1 : 0).
std::optional<Argmax> ArgmaxReader::unrolled(NodeId index) {
  std::optional<Argmax> result;
  std::vector<std::int64_t> seen;
  NodeId at = index;
  for (std::int64_t depth = 0; depth < 64; ++depth) {
    const FlowNode node = graph_.at(at);
    if (const auto constant = graph_.constant_integer(at)) {
      if (!result) return std::nullopt;
      seen.push_back(*constant);
      std::sort(seen.begin(), seen.end());
      // A first guess of -1 or 0 that the first comparison replaces.
      seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
      std::erase(seen, -1);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] != static_cast<std::int64_t>(i)) return std::nullopt;
      }
      result->count = static_cast<std::int64_t>(seen.size());
      return result;
    }
    if (node.op != FlowOp::kSelect) return std::nullopt;
    const auto test = read_greater(graph_, node.args[0]);
    if (!test) return std::nullopt;
    const auto yes = graph_.constant_integer(node.args[1]);
    const auto no = graph_.constant_integer(node.args[2]);
    bool stepped = false;
    for (const bool takes_yes : {true, false}) {
      const auto taken = takes_yes ? yes : no;
      if (!taken || stepped) continue;
      for (const NodeId side : {test->greater, test->other}) {
        const auto place = place_in_output(graph_, side);
        if (!place || place->path.empty() || graph_.constant_integer(place->path.back()) != taken)
          continue;
        const bool wins = (side == test->greater) == (takes_yes != test->negated);
        if (!wins) continue;
        if (result && !same_row(graph_, result->row, *place)) return std::nullopt;
        if (!result) {
          result = Argmax{};
          result->row = *place;
          result->node = node.args[0];
        }
        seen.push_back(*taken);
        at = takes_yes ? node.args[2] : node.args[1];
        stepped = true;
        break;
      }
    }
    if (!stepped) return std::nullopt;
  }
  return std::nullopt;
}

// What a search may start from: no score is below it.
bool ArgmaxReader::starts_search(NodeId value, const OutputPlace& row) const {
  constexpr double kTiny = 1e-30;  // Float.MIN_VALUE, which many take for the lowest float
  if (const auto constant = graph_.constant_real(value)) return *constant <= kTiny;
  const auto place = place_in_output(graph_, value);
  return place && same_row(graph_, *place, row);
}

std::optional<Argmax> ArgmaxReader::best_score(NodeId value) const {
  auto result = looped_score(value);
  if (!result) result = unrolled_score(value);
  return result;
}

// The larger of two values: max(a, b), or a comparison of both that takes the larger one.
std::optional<std::pair<NodeId, NodeId>> ArgmaxReader::larger_of(NodeId value) const {
  const FlowNode& node = graph_.at(value);
  if (node.op == FlowOp::kMax) return std::make_pair(node.args[0], node.args[1]);
  if (node.op != FlowOp::kSelect) return std::nullopt;
  const auto test = read_greater(graph_, node.args[0]);
  if (!test) return std::nullopt;
  const NodeId when_greater = node.args[test->negated ? 2 : 1];
  const NodeId otherwise = node.args[test->negated ? 1 : 2];
  if (!graph_.same(when_greater, test->greater) || !graph_.same(otherwise, test->other))
    return std::nullopt;
  return std::make_pair(when_greater, otherwise);
}

// for (i ...) if (s[i] > best) best = s[i].
std::optional<Argmax> ArgmaxReader::looped_score(NodeId value) const {
  const FlowNode& node = graph_.at(value);
  if (node.op != FlowOp::kLoopExit) return std::nullopt;
  const FlowNode& phi_node = graph_.at(node.args[0]);
  if (phi_node.op != FlowOp::kLoopPhi) return std::nullopt;
  const program::FlowPhi phi = graph_.phi(phi_node.integer);
  const auto sides = phi.next == kNoNode ? std::nullopt : larger_of(phi.next);
  if (!sides || (sides->first != phi.node && sides->second != phi.node)) return std::nullopt;
  const auto place =
      place_in_output(graph_, sides->first == phi.node ? sides->second : sides->first);
  if (!place || place->path.empty() || !starts_search(phi.init, *place)) return std::nullopt;
  const FlowGraph::Linear index = graph_.linear(place->path.back());
  const NodeId variable = graph_.loop_variable(phi.loop);
  if (index.terms.size() != 1 || index.terms[0].first != variable || index.terms[0].second != 1)
    return std::nullopt;
  Argmax result;
  result.row = *place;
  result.node = phi.next;
  return result;
}

// max(s2, max(s1, s0)).
std::optional<Argmax> ArgmaxReader::unrolled_score(NodeId value) const {
  constexpr std::size_t kMaxScores = 64;
  std::optional<Argmax> result;
  std::vector<std::int64_t> seen;
  std::vector<NodeId> starts;
  std::vector<NodeId> waiting{value};
  for (std::size_t i = 0; i < waiting.size() && i < 4 * kMaxScores; ++i) {
    if (const auto sides = larger_of(waiting[i])) {
      waiting.push_back(sides->first);
      waiting.push_back(sides->second);
      continue;
    }
    const auto place = place_in_output(graph_, waiting[i]);
    if (!place || place->path.empty()) {
      starts.push_back(waiting[i]);
      continue;
    }
    const auto index = graph_.constant_integer(place->path.back());
    if (!index || (result && !same_row(graph_, result->row, *place))) return std::nullopt;
    if (!result) result = Argmax{*place, 0, value};
    seen.push_back(*index);
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  if (!result || seen.size() < 2 || waiting.size() >= 4 * kMaxScores) return std::nullopt;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] != static_cast<std::int64_t>(i)) return std::nullopt;
  }
  for (const NodeId start : starts) {
    if (!starts_search(start, result->row)) return std::nullopt;
  }
  result->count = static_cast<std::int64_t>(seen.size());
  return result;
}

}  // namespace dl::rebuild
