// SPDX-License-Identifier: Apache-2.0
// Where interpretation starts, and what is handed to those who asked.
#include "daylight/program/dex_flow/dex_flow.h"

#include <algorithm>

#include "daylight/program/dex_flow/dex_flow_machine.h"

namespace dl::program {
namespace {

// Methods that are looked at while climbing from a model's run to its outermost callers.
constexpr std::size_t kMaxClimbed = 400;

// The calls whose surroundings are interpreted: a model is made, a model is run.
bool starts_flow(std::string_view api) {
  return find_tflite_model(api) != nullptr &&
         (api.ends_with(".<init>") || api.ends_with(".create") || api.ends_with(".run") ||
          api.ends_with(".runForMultipleInputsOutputs"));
}

}  // namespace

bool FlowMachine::inside_library(MethodId method) const {
  const ClassId owner = index().method_info(method).owner;
  return owner != kNoId && code_.apis().class_of(owner) != nullptr;
}

// From the callers of the model API upwards, until nothing of the app calls.
std::vector<MethodId> FlowMachine::find_entries() {
  std::vector<MethodId> waiting;
  std::set<MethodId> seen;
  for (const ApiMethod& api : code_.apis().methods()) {
    if (!starts_flow(api.name)) continue;
    for (const CallerSite& caller : code_.graph().callers(api.id)) {
      if (!inside_library(caller.caller) && seen.insert(caller.caller).second)
        waiting.push_back(caller.caller);
    }
  }
  std::set<MethodId> roots;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const MethodId method = waiting[i];
    bool called = false;
    for (const CallerSite& caller : code_.graph().callers(method)) {
      if (caller.caller == method) continue;
      // A call of Runnable.run() somewhere says nothing about this run(): the framework's types are
      // borders.
      const ClassId named = index().method_info(caller.named).owner;
      if (named == kNoId || !index().class_info(named).defined()) continue;
      called = true;
      if (seen.size() < kMaxClimbed && seen.insert(caller.caller).second)
        waiting.push_back(caller.caller);
    }
    // Static initialisers run by themselves; constructors without a caller are entries like any
    // other.
    if (!called && index().method_name(method) != "<clinit>") roots.insert(method);
  }
  if (roots.empty()) roots.insert(waiting.begin(), waiting.end());
  return {roots.begin(), roots.end()};
}

void FlowMachine::run_entry(MethodId method) {
  if (!entered_.insert(method).second) return;
  if (entered_.size() > limits_.entries * 2 || steps_ > limits_.steps) {
    gap("field values", "not every method that sets a field was interpreted: there are too many");
    return;
  }
  if (!index().method_info(method).has_code() || nesting_ >= kMaxFlowNesting - 16) return;
  const MethodId outer = entry_;
  const std::uint64_t outer_steps = entry_steps_;
  const std::vector<MethodId> outer_stack = std::move(stack_);
  entry_ = method;
  const std::uint64_t outer_limit = call_limit_;
  entry_steps_ = 0;
  // A method that is run for the sake of one field gets less than one that runs a model.
  call_limit_ = outer == kNoId ? limits_.steps_per_entry : limits_.steps_per_entry / 8;
  stack_.clear();
  FlowState state;
  state.heap = global_;
  const MethodInfo& info = index().method_info(method);
  const std::string text = index().method_text(method);
  std::vector<NodeId> args;
  if (!info.is_static()) args.push_back(ambient(info.owner));
  const ProtoInfo& proto = index().proto(method);
  for (std::uint32_t i = 0; i < proto.parameters.size(); ++i)
    args.push_back(graph_->parameter(text, i));
  const auto value = call_method(method, std::move(args), state, kNoSite);
  if (value) {
    if (*value != kNoNode)
      kept_values_.push_back({text, true, freeze(state, *value, kNoSite), kNoSite, method});
    for (const ObjectId id : FlowHeap::differences(global_, state.heap)) {
      if (auto object = state.heap.share(id)) global_.put(std::move(object));
    }
  }
  if (exhausted_) {
    const bool all = steps_ > limits_.steps || graph_->full();
    if (all || outer == kNoId)
      gap(all ? "code" : text, "the limit of interpreted instructions was reached");
    exhausted_ = steps_ > limits_.steps || graph_->full();
  }
  call_limit_ = outer_limit;
  if (!value && outer == kNoId)
    gap(text, "interpretation found no way to its end" +
                  (last_throw_.empty() ? "" : "; the last way ended in a throw in " + last_throw_));
  entry_ = outer;
  entry_steps_ = outer_steps;
  stack_ = outer_stack;
}

FlowResult FlowMachine::analyse() {
  const std::vector<MethodId> entries = find_entries();
  std::size_t done = 0;
  for (const MethodId entry : entries) {
    if (log_.cancelled()) break;
    if (done >= limits_.entries) {
      gap(index().method_text(entry),
          "too many entry points: this one and later ones were not interpreted");
      break;
    }
    run_entry(entry);
    log_.progress("entry points", ++done, entries.size());
  }
  if (unfollowed_ > 0) {
    gap(first_unfollowed_, "called code is too large to be followed, its effects are not known (" +
                               std::to_string(unfollowed_) + " such calls; this is the first)");
  }
  FlowResult result;
  result.runs = std::move(runs_);
  result.sinks = std::move(sinks_);
  result.kept = std::move(kept_values_);
  for (const auto& [where, why] : gaps_) result.gaps.push_back({where, why});
  result.steps = steps_;
  result.entries = entered_.size();
  result.graph = std::move(graph_);
  return result;
}

FlowResult analyse_flow(const AppCode& code, const FlowLimits& limits, LogSink& log) {
  FlowMachine machine(code, limits, log);
  return machine.analyse();
}

}  // namespace dl::program
