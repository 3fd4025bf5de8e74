// SPDX-License-Identifier: Apache-2.0
// Puts the calls of branches together again.
#include "daylight/rebuild/guarded_sinks.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "daylight/rebuild/answer_reading.h"
#include "daylight/rebuild/head_drafting.h"
#include "daylight/rebuild/shown_thresholds.h"

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowOp;
using program::FlowSink;
using program::kNoNode;
using program::NodeId;

// Calls under conditions on answers that are looked at; the rest is left to what each shows.
constexpr std::size_t kMaxGuardedSinks = 512;

class BranchReader {
 public:
  explicit BranchReader(FlowGraph& graph) : graph_(graph) {}

  std::vector<GuardedValue> read(const std::vector<FlowSink>& sinks) {
    collect(sinks);
    std::vector<GuardedValue> values;
    for (auto& [key, calls] : groups_) {
      while (!calls.empty()) {
        const FlowSink* const first = calls.front().sink;
        values.push_back({take(calls, 0, kNoNode), first});
      }
    }
    return values;
  }

 private:
  struct Call {
    std::vector<NodeId> guards;  // on model outputs, outermost first
    NodeId shown = kNoNode;
    const FlowSink* sink = nullptr;
  };

  bool hangs_on_a_model(NodeId id) {
    const auto known = hanging_.find(id);
    if (known != hanging_.end()) return known->second;
    const bool hangs = !runs_behind(graph_, id).empty();
    hanging_.emplace(id, hangs);
    return hangs;
  }

  // The text, resource or answer among a call's arguments; names of extras stand before them.
  NodeId shown_by(const FlowSink& sink) {
    for (auto arg = sink.args.rbegin(); arg != sink.args.rend(); ++arg) {
      if (graph_.constant_string(*arg) || is_resource_id(graph_, *arg) || hangs_on_a_model(*arg))
        return *arg;
    }
    return kNoNode;
  }

  void collect(const std::vector<FlowSink>& sinks) {
    std::map<std::pair<std::string, std::vector<NodeId>>, int> places;
    std::size_t count = 0;
    for (const FlowSink& sink : sinks) {
      if (is_log(sink) || sink.guards.empty()) continue;
      Call call;
      call.sink = &sink;
      for (auto guard = sink.guards.rbegin(); guard != sink.guards.rend(); ++guard) {
        if (*guard != kNoNode && hangs_on_a_model(*guard)) call.guards.push_back(*guard);
      }
      if (call.guards.empty()) continue;
      call.shown = shown_by(sink);
      if (call.shown == kNoNode || ++count > kMaxGuardedSinks) continue;
      // The second text of one branch belongs to the second of the other.
      const int place = places[{sink.api, call.guards}]++;
      groups_[{sink.entry, sink.api, place}].push_back(std::move(call));
    }
  }

  NodeId plain(NodeId guard) const {
    return graph_.at(guard).op == FlowOp::kNot ? graph_.at(guard).args[0] : guard;
  }

  // Takes the calls out of the list that branch on the first one's guard at `depth`, and gives what
  // they show. `otherwise`: what was shown before.
  NodeId take(std::vector<Call>& calls, std::size_t depth, NodeId otherwise) {
    // What is shown without a further condition is replaced by what comes behind it.
    for (auto call = calls.begin(); call != calls.end();) {
      if (call->guards.size() > depth) {
        ++call;
        continue;
      }
      otherwise = call->shown;
      call = calls.erase(call);
    }
    if (otherwise == kNoNode) otherwise = graph_.null();
    NodeId shown = otherwise;
    while (!calls.empty()) {
      const NodeId condition = plain(calls.front().guards[depth]);
      std::vector<Call> yes;
      std::vector<Call> no;
      std::vector<Call> rest;
      for (Call& call : calls) {
        const NodeId guard = call.guards[depth];
        (guard == condition ? yes : (plain(guard) == condition ? no : rest))
            .push_back(std::move(call));
      }
      calls = std::move(rest);
      const NodeId when_true = yes.empty() ? shown : take(yes, depth + 1, shown);
      const NodeId when_false = no.empty() ? shown : take(no, depth + 1, shown);
      shown = graph_.select(condition, when_true, when_false);
      if (depth == 0) break;
    }
    return shown;
  }

  FlowGraph& graph_;
  std::map<NodeId, bool> hanging_;
  std::map<std::tuple<program::MethodId, std::string, int>, std::vector<Call>> groups_;
};

}  // namespace

std::vector<GuardedValue> guarded_values(FlowGraph& graph, const std::vector<FlowSink>& sinks) {
  return BranchReader(graph).read(sinks);
}

}  // namespace dl::rebuild
