// SPDX-License-Identifier: Apache-2.0
// Running blocks: straight code, branches on unknown conditions, and where their ways meet again.
#include "daylight/program/dex_flow/dex_flow_machine.h"

#include <algorithm>

namespace dl::program {

FlowMachine::FlowMachine(const AppCode& code, const FlowLimits& limits, LogSink& log)
    : code_(code), limits_(limits), log_(log), graph_(std::make_unique<FlowGraph>()) {
  for (MethodId method = 0; method < index().method_count(); ++method) {
    for (const FieldUse& use : code_.facts().fields(method)) {
      if (!use.write) continue;
      auto& writers = writers_[index().resolve_field(use.field)];
      if (writers.empty() || writers.back() != method) writers.push_back(method);
    }
  }
}

void FlowMachine::gap(std::string where, std::string why) {
  gaps_.emplace(std::move(where), std::move(why));
}

SiteId FlowMachine::site(const FlowFrame& frame, const DexInstruction& instruction) {
  const auto key = std::make_pair((static_cast<std::uint64_t>(frame.method) << 32) | instruction.pc,
                                  frame.caller);
  const auto found = site_cache_.find(key);
  if (found != site_cache_.end()) return found->second;
  FlowSite made;
  made.dex = frame.dex;
  made.method = frame.method;
  made.pc = instruction.pc;
  made.caller = frame.caller;
  const SiteId id = graph_->add_site(made);
  site_cache_.emplace(key, id);
  return id;
}

std::optional<std::uint32_t> FlowMachine::handler_for(FlowFrame& frame, std::uint32_t pc) const {
  for (const DexTry& region : frame.shape->tries) {
    if (pc < region.start || pc >= region.end || region.handlers.empty()) continue;
    const std::uint32_t block = frame.shape->block_at(region.handlers[0].pc);
    if (block != kDexNoIndex) return block;
  }
  return std::nullopt;
}

FlowState FlowMachine::merge_states(NodeId condition, FlowState yes, FlowState no) {
  FlowState merged = std::move(yes);
  for (std::size_t i = 0; i < merged.registers.size() && i < no.registers.size(); ++i) {
    if (merged.registers[i] == no.registers[i]) continue;
    if (merged.registers[i] == kNoNode || no.registers[i] == kNoNode) {
      merged.registers[i] = kNoNode;  // set on one way only: no verified code reads it
    } else {
      merged.registers[i] = graph_->select(condition, merged.registers[i], no.registers[i]);
    }
  }
  if (merged.result != no.result) merged.result = kNoNode;
  for (const ObjectId id : FlowHeap::differences(merged.heap, no.heap)) {
    FlowObjectPtr other = no.heap.share(id);
    FlowObjectPtr own = merged.heap.share(id);
    // A side that has not touched an object sees it as earlier entries left it.
    if (!other) other = global_.share(id);
    if (!own) own = global_.share(id);
    FlowObjectPtr result = merge_objects(*graph_, condition, own, other);
    if (result && result != own) merged.heap.put(std::move(result));
  }
  return merged;
}

FlowOutcome FlowMachine::merge(NodeId condition, FlowOutcome yes, FlowOutcome no) {
  for (auto& [block, state] : no.arrived) {
    const auto own = yes.arrived.find(block);
    if (own == yes.arrived.end()) {
      yes.arrived.emplace(block, std::move(state));
    } else {
      own->second = merge_states(condition, std::move(own->second), std::move(state));
    }
  }
  if (no.returned) {
    if (yes.returned) {
      const NodeId value = yes.returned->value == no.returned->value
                               ? yes.returned->value
                               : graph_->select(condition, yes.returned->value, no.returned->value);
      yes.returned->state =
          merge_states(condition, std::move(yes.returned->state), std::move(no.returned->state));
      yes.returned->value = value;
    } else {
      yes.returned = std::move(no.returned);
    }
  }
  return yes;
}

void FlowMachine::guard_sinks(std::size_t from, NodeId condition) {
  for (std::size_t i = from; i < sinks_.size(); ++i) {
    if (!sinks_[i].several_ways && sinks_[i].guards.size() < kMaxFlowGuards)
      sinks_[i].guards.push_back(condition);
  }
}

FlowOutcome FlowMachine::fork(FlowFrame& frame, std::uint32_t at, const FlowStop& stop,
                              FlowState state,
                              const std::vector<std::pair<NodeId, std::uint32_t>>& ways) {
  FlowStop inner;
  inner.outer = &stop;
  inner.block = frame.shape->blocks[at].meet;
  std::vector<FlowOutcome> outcomes;
  for (std::size_t i = 0; i + 1 < ways.size(); ++i) {
    const std::size_t before = sinks_.size();
    outcomes.push_back(run(frame, ways[i].second, inner, state, false));
    guard_sinks(before, ways[i].first);
  }
  const std::size_t before = sinks_.size();
  outcomes.push_back(run(frame, ways.back().second, inner, std::move(state), false));
  if (ways.size() == 2) guard_sinks(before, graph_->negate(ways[0].first));
  FlowOutcome merged = std::move(outcomes.back());
  for (std::size_t i = outcomes.size() - 1; i-- > 0;) {
    merged = merge(ways[i].first, std::move(outcomes[i]), std::move(merged));
  }
  return merged;
}

FlowOutcome FlowMachine::run(FlowFrame& frame, std::uint32_t block, const FlowStop& stop,
                             FlowState state, bool forced) {
  FlowOutcome total;
  if (nesting_ >= kMaxFlowNesting) {
    gap(index().method_text(frame.method), "branches are nested too deeply to follow");
    return total;
  }
  ++nesting_;
  const auto finish = [&](FlowOutcome outcome) {
    --nesting_;
    return outcome;
  };
  while (true) {
    if (exhausted_) return finish({});
    if (!forced && stop.hits(block)) {
      FlowOutcome here;
      // NOLINTNEXTLINE(bugprone-use-after-move): every way round the loop gives `state` anew
      here.arrived.emplace(block, std::move(state));
      return finish(merge(kNoNode, std::move(total), std::move(here)));
    }
    const FlowBlock& current = frame.shape->blocks[block];
    std::uint32_t next = kDexNoIndex;
    std::vector<std::pair<NodeId, std::uint32_t>> ways;
    FlowOutcome spread;
    bool spreads = false;
    if (current.loop != kDexNoIndex && !forced) {
      // NOLINTNEXTLINE(bugprone-use-after-move): see above
      spread = run_loop(frame, block, stop, std::move(state));
      spreads = true;
    } else {
      forced = false;
      bool ended = false;
      for (std::uint32_t i = current.first; i <= current.last && !ended; ++i) {
        const DexInstruction& instruction = frame.shape->instructions[i];
        ++steps_;
        if (++entry_steps_ > call_limit_ || steps_ > limits_.steps || graph_->full()) {
          exhausted_ = true;
          return finish(std::move(total));
        }
        const std::uint16_t flags = instruction.info().flags;
        if ((flags & kDexReturn) != 0) {
          FlowOutcome here;
          const NodeId value =
              instruction.opcode == kOpReturnVoid ? kNoNode : state.registers[instruction.a];
          here.returned = FlowOutcome::Returned{std::move(state), value};
          return finish(merge(kNoNode, std::move(total), std::move(here)));
        }
        if ((flags & kDexThrow) != 0 || !step(frame, instruction, state)) {
          if ((flags & kDexThrow) != 0) last_throw_ = index().method_text(frame.method);
          const auto handler = handler_for(frame, instruction.pc);
          if (!handler || state.registers.empty()) return finish(std::move(total));
          state.result = graph_->unknown("exception", {}, site(frame, instruction));
          next = *handler;
          ended = true;
          break;
        }
        const SiteId where =
            (flags & (kDexConditional | kDexSwitch)) != 0 ? site(frame, instruction) : kNoSite;
        if ((flags & kDexConditional) != 0) {
          const std::uint32_t taken = frame.shape->block_at(instruction.target);
          const std::uint32_t other = frame.shape->block_at(instruction.pc + instruction.size);
          const NodeId condition = branch_condition(instruction, state, where);
          const auto known = graph_->truth(condition);
          if (taken == other || (known && *known)) {
            next = taken;
          } else if (known) {
            next = other;
          } else {
            for (FlowFrame::OpenLoop* open : frame.open_loops) {
              const bool taken_leaves = !open->shape->inside[taken];
              const bool other_leaves = !open->shape->inside[other];
              if (taken_leaves == other_leaves) continue;
              open->exit_tests.push_back(taken_leaves ? condition : graph_->negate(condition));
              if (!frame.shape->in_every_round(*open->shape, block)) open->asks_all = false;
            }
            ways = {{condition, taken}, {kNoNode, other}};
          }
          ended = true;
        } else if ((flags & kDexSwitch) != 0) {
          const auto table = dex_switch(frame.shape->code, instruction);
          const std::uint32_t other = frame.shape->block_at(instruction.pc + instruction.size);
          const NodeId value = graph_->as_integer(state.registers[instruction.a]);
          next = other;
          if (const auto constant = graph_->constant_integer(value); constant && table) {
            for (const auto& [key, pc] : table->cases) {
              if (key == *constant) next = frame.shape->block_at(pc);
            }
          } else if (table) {
            for (const auto& [key, pc] : table->cases) {
              if (ways.size() >= kMaxSwitchCases) break;
              const NodeId condition = graph_->relate(FlowGraph::Relation::kEq, value,
                                                      graph_->integer(key, where), where);
              const auto truth = graph_->truth(condition);
              if (truth && !*truth) continue;
              ways.emplace_back(condition, frame.shape->block_at(pc));
            }
            ways.emplace_back(kNoNode, other);
            for (FlowFrame::OpenLoop* open : frame.open_loops) {
              for (const auto& way : ways) {
                if (!open->shape->inside[way.second]) open->asks_all = false;
              }
            }
          }
          ended = true;
        } else if (i == current.last) {
          if (current.successors.empty()) return finish(std::move(total));
          next = current.successors[0];
        }
      }
      if (!ways.empty()) {
        spread = fork(frame, block, stop, std::move(state), ways);
        spreads = true;
      }
    }
    if (spreads) {
      // Ways that reached a stop end here; the others go on, each to where all of them meet.
      if (spread.returned) {
        FlowOutcome back;
        back.returned = std::move(spread.returned);
        total = merge(kNoNode, std::move(total), std::move(back));
      }
      std::vector<std::pair<std::uint32_t, FlowState>> going;
      for (auto& [where, arrived] : spread.arrived) {
        if (stop.hits(where)) {
          FlowOutcome here;
          here.arrived.emplace(where, std::move(arrived));
          total = merge(kNoNode, std::move(total), std::move(here));
        } else {
          going.emplace_back(where, std::move(arrived));
        }
      }
      if (going.empty()) return finish(std::move(total));
      if (going.size() == 1) {
        next = going[0].first;
        state = std::move(going[0].second);
      } else {
        FlowStop inner;
        inner.outer = &stop;
        inner.block = current.meet;
        FlowOutcome joined;
        for (auto& [where, arrived] : going) {
          joined = merge(kNoNode, std::move(joined),
                         run(frame, where, inner, std::move(arrived), false));
        }
        if (joined.returned) {
          FlowOutcome back;
          back.returned = std::move(joined.returned);
          total = merge(kNoNode, std::move(total), std::move(back));
        }
        bool onward = false;
        for (auto& [where, arrived] : joined.arrived) {
          if (!stop.hits(where) && where == current.meet) {
            next = where;
            state = std::move(arrived);
            onward = true;
          } else {
            FlowOutcome here;
            here.arrived.emplace(where, std::move(arrived));
            total = merge(kNoNode, std::move(total), std::move(here));
          }
        }
        if (!onward) return finish(std::move(total));
      }
    }
    if (next == kDexNoIndex) return finish(std::move(total));
    block = next;
  }
}

}  // namespace dl::program
