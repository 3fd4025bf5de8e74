// SPDX-License-Identifier: Apache-2.0
// Loops: run one by one while short and decided, else summarised: what grows by a constant, what
// depends on the last round, what each round stores.
#include <algorithm>
#include <set>
#include <tuple>

#include "daylight/program/dex_flow/dex_flow_machine.h"

namespace dl::program {
namespace {

// Rounds after which a counter that wraps ((j + 1) % 3) may repeat.
constexpr std::size_t kMaxPeriod = 4;

}  // namespace

// One loop on its way to a summary.
class FlowLoopSummary {
 public:
  FlowLoopSummary(FlowMachine& machine, FlowFrame& frame, std::uint32_t head, const FlowStop& stop,
                  FlowState start)
      : machine_(machine),
        graph_(*machine.graph_),
        frame_(frame),
        head_(head),
        start_(std::move(start)) {
    shape_ = &frame.shape->loops[frame.shape->blocks[head].loop];
    stop_.outer = &stop;
    stop_.loop = shape_;
  }

  // Runs rounds one by one; the outcome if the loop ended that way.
  std::optional<FlowOutcome> unrolled() {
    FlowState state = start_;
    for (int round = 0; round < machine_.limits_.unroll; ++round) {
      heads_.push_back(state);
      FlowOutcome outcome = round_once(std::move(state));
      const auto back = outcome.arrived.find(head_);
      if (back == outcome.arrived.end()) return outcome;
      if (outcome.arrived.size() > 1 || outcome.returned) return std::nullopt;  // it depends
      state = std::move(back->second);
    }
    heads_.push_back(std::move(state));
    return std::nullopt;
  }

  FlowOutcome summarised() {
    period_ = find_period();
    const std::size_t period = period_;
    loop_ = graph_.new_loop(kNoSite);
    variable_ = graph_.loop_variable(loop_);
    FlowState guess = heads_.size() > period ? heads_[period] : start_;
    if (heads_.size() <= period) {
      FlowOutcome first = rounds(start_, period);
      const auto back = first.arrived.find(head_);
      if (back == first.arrived.end()) return first;
      guess = std::move(back->second);
    }
    find_cells(guess);
    for (int round = 0; round < kMaxLoopRounds; ++round) {
      FlowState symbolic = symbolic_state();
      FlowFrame::OpenLoop open{shape_, {}, true};
      frame_.open_loops.push_back(&open);
      std::vector<FlowRead> reads;
      std::vector<FlowRead>* const outer_reads = machine_.reads_;
      machine_.reads_ = &reads;
      FlowOutcome outcome = rounds(symbolic, period_);
      machine_.reads_ = outer_reads;
      for (const FlowRead& read : reads) machine_.note_read(read.object, read.path);
      frame_.open_loops.pop_back();
      const auto back = outcome.arrived.find(head_);
      if (back == outcome.arrived.end()) return outcome;
      const bool stable = compare(symbolic, back->second);
      find_trip(open.exit_tests);
      asks_all_ = open.asks_all && period_ == 1;
      if (!stable || meets_earlier_rounds(symbolic, back->second, reads)) continue;
      if (period_ == 1 || trip_ != kNoNode) return leave(symbolic, std::move(outcome));
      // Whether the loop can end within a period is not known: each round stands for itself.
      period_ = 1;
      cells_.clear();
    }
    machine_.gap(machine_.index().method_text(frame_.method), "a loop could not be summarised");
    return {};
  }

 private:
  enum class CellKind { kRegister, kField, kLength, kContent };
  struct Cell {
    CellKind kind = CellKind::kRegister;
    std::uint32_t place = 0;  // register, or object
    FieldId field = 0;
    NodeId init = kNoNode;
    std::optional<std::int64_t> step;  // grows by this in each round
    NodeId phi = kNoNode;

    bool operator<(const Cell& other) const {
      return std::tie(kind, place, field) < std::tie(other.kind, other.place, other.field);
    }
  };

  FlowOutcome round_once(FlowState state) {
    return machine_.run(frame_, head_, stop_, std::move(state), true);
  }

  // `count` rounds in a row; ways that leave are collected.
  FlowOutcome rounds(FlowState state, std::size_t count) {
    FlowOutcome all;
    for (std::size_t i = 0; i < count; ++i) {
      // NOLINTNEXTLINE(bugprone-use-after-move): a round that is not the last gives a new state
      FlowOutcome outcome = round_once(std::move(state));
      const auto back = outcome.arrived.find(head_);
      const bool last = i + 1 == count;
      if (back == outcome.arrived.end())
        return machine_.merge(kNoNode, std::move(all), std::move(outcome));
      if (!last) {
        state = std::move(back->second);
        outcome.arrived.erase(back);
        // Ways out in the middle of a period are no ways where the number of rounds is a multiple
        // of it: find_trip checks.
        if (i > 0) continue;
      } else if (i > 0) {
        FlowState end = std::move(back->second);
        outcome.arrived.clear();
        outcome.arrived.emplace(head_, std::move(end));
        outcome.returned.reset();
      }
      all = machine_.merge(kNoNode, std::move(all), std::move(outcome));
    }
    return all;
  }

  // Whether a register moves by the same amount in every `period` rounds that were run; registers
  // that hold no constant do.
  bool repeats(std::size_t reg, std::size_t period) const {
    const auto at = [&](std::size_t round) {
      const NodeId node = heads_[round].registers[reg];
      return node == kNoNode ? std::nullopt : graph_.constant_integer(node);
    };
    std::optional<std::int64_t> step;
    // The first head may hold what an earlier use of the register left there.
    for (std::size_t round = 1; round + period < heads_.size(); ++round) {
      const auto before = at(round);
      const auto after = at(round + period);
      if (!before || !after) return true;
      if (step && *step != *after - *before) return false;
      step = *after - *before;
    }
    return true;
  }

  // The smallest number of rounds after which every counter has moved by what it moves in the next
  // as many.
  std::size_t find_period() {
    if (heads_.size() < 2 * kMaxPeriod + 1) return 1;
    for (std::size_t period = 1; period <= kMaxPeriod; ++period) {
      bool fits = true;
      for (std::size_t reg = 0; reg < heads_[0].registers.size() && fits; ++reg)
        fits = repeats(reg, period);
      if (fits) return period;
    }
    return 1;
  }

  void add_cell(Cell cell, NodeId now) {
    if (cells_.contains(cell)) return;
    if (cell.kind != CellKind::kContent && cell.init != kNoNode && now != kNoNode &&
        is_number(cell.init) && is_number(now)) {
      cell.step = graph_.difference(now, cell.init);
      if (cell.step == std::int64_t{0}) cell.step.reset();
    }
    if (!cell.step) cell.phi = graph_.new_phi(loop_, cell.init);
    cells_.insert(cell);
  }

  bool is_number(NodeId id) const {
    switch (graph_.at(id).op) {
      case FlowOp::kBits:
      case FlowOp::kInt:
      case FlowOp::kLinear:
      case FlowOp::kLoopVar:
      case FlowOp::kLength:
      case FlowOp::kMul:
      case FlowOp::kDiv:
      case FlowOp::kRem:
      case FlowOp::kMin:
      case FlowOp::kMax:
      case FlowOp::kLoopExit:
      case FlowOp::kLoopPhi:
      case FlowOp::kCall:
      case FlowOp::kField:
      case FlowOp::kParam:
        return true;
      default:
        return false;
    }
  }

  // What differs between the loop's start and `now`.
  void find_cells(const FlowState& now) {
    visit_changes(start_, now, [&](Cell cell, NodeId value) { add_cell(cell, value); });
  }

  template <typename Found>
  void visit_changes(const FlowState& before, const FlowState& now, Found found) {
    for (std::uint32_t reg = 0; reg < before.registers.size(); ++reg) {
      const NodeId a = before.registers[reg];
      const NodeId b = now.registers[reg];
      if (a == b || (a != kNoNode && b != kNoNode && graph_.same(a, b, 8))) continue;
      if (a == kNoNode) continue;  // not set before: the loop sets it before it reads it
      Cell cell;
      cell.place = reg;
      cell.init = start_.registers[reg];
      found(cell, b);
    }
    for (const ObjectId id : FlowHeap::differences(before.heap, now.heap)) {
      const FlowObject* a = before.heap.find(id);
      const FlowObject* b = now.heap.find(id);
      const FlowObject* origin = start_.heap.find(id);
      if (a == nullptr || b == nullptr || origin == nullptr) continue;  // made in this round
      for (const auto& [field, value] : b->fields) {
        const NodeId old = a->get(field);
        if (old == value || (old != kNoNode && graph_.same(old, value, 8))) continue;
        Cell cell;
        cell.kind = CellKind::kField;
        cell.place = id;
        cell.field = field;
        cell.init = origin->get(field) == kNoNode ? graph_.bits(0, kNoSite) : origin->get(field);
        found(cell, value);
      }
      if (a->content.length != b->content.length && a->content.length != kNoNode) {
        Cell cell;
        cell.kind = CellKind::kLength;
        cell.place = id;
        cell.init = origin->content.length;
        found(cell, b->content.length);
      }
      const bool kept = b->content.writes.size() >= a->content.writes.size() &&
                        a->content.base.source == b->content.base.source &&
                        a->content.base.start == b->content.base.start;
      if (!kept) {
        Cell cell;
        cell.kind = CellKind::kContent;
        cell.place = id;
        cell.init = graph_.snapshot(origin->content, origin->site);
        found(cell, kNoNode);
      }
    }
  }

  NodeId value_in_round(const Cell& cell, NodeId round) {
    if (!cell.step) return cell.phi;
    const auto typed = graph_.as_integer(cell.init);
    return graph_.add(typed, graph_.scale(round, *cell.step));
  }

  void store(FlowState& state, const Cell& cell, NodeId value) {
    if (cell.kind == CellKind::kRegister) {
      state.registers[cell.place] = value;
      return;
    }
    const FlowObject* object = state.heap.find(cell.place);
    if (object == nullptr) return;
    auto copy = std::make_shared<FlowObject>(*object);
    if (cell.kind == CellKind::kField) {
      copy->set(cell.field, value);
    } else if (cell.kind == CellKind::kLength) {
      copy->content.length = value;
    } else {
      copy->content.base = {};
      copy->content.base.source = value;
      copy->content.writes.clear();
    }
    state.heap.put(std::move(copy));
  }

  FlowState symbolic_state() {
    FlowState state = start_;
    for (const Cell& cell : cells_) store(state, cell, value_in_round(cell, variable_));
    return state;
  }

  NodeId load(const FlowState& state, const Cell& cell) {
    if (cell.kind == CellKind::kRegister) return state.registers[cell.place];
    const FlowObject* object = state.heap.find(cell.place);
    if (object == nullptr) return kNoNode;
    if (cell.kind == CellKind::kField) return object->get(cell.field);
    if (cell.kind == CellKind::kLength) return object->content.length;
    return graph_.snapshot(object->content, object->site);
  }

  // Takes the state after the round into the summary; true if nothing had to change.
  bool compare(const FlowState& symbolic, const FlowState& after) {
    bool stable = true;
    std::set<Cell> kept;
    for (Cell cell : cells_) {
      const NodeId now = load(after, cell);
      if (cell.step) {
        const NodeId before = load(symbolic, cell);
        const auto moved =
            now != kNoNode && is_number(now) ? graph_.difference(now, before) : std::nullopt;
        if (moved != cell.step) {
          cell.step.reset();
          cell.phi = graph_.new_phi(loop_, cell.init);
          stable = false;
        }
      }
      if (!cell.step) graph_.phi(graph_.at(cell.phi).integer).next = now;
      kept.insert(cell);
    }
    cells_ = std::move(kept);
    const std::size_t known = cells_.size();
    visit_changes(symbolic, after, [&](Cell cell, NodeId value) { add_later_cell(cell, value); });
    return stable && cells_.size() == known;
  }

  void add_later_cell(Cell cell, NodeId value) {
    if (cells_.contains(cell)) return;
    add_cell(cell, value);
  }

  // A round that reads what an earlier round stored (a running sum in an array) is not summarised
  // by its stores: such content is what the last round left, and no more is said. True if some
  // content became that.
  bool meets_earlier_rounds(const FlowState& symbolic, const FlowState& after,
                            const std::vector<FlowRead>& reads) {
    bool changed = false;
    const std::uint32_t ago = graph_.new_loop(kNoSite);
    // `ago` + 1 rounds before this one.
    const NodeId earlier =
        graph_.subtract(variable_, graph_.add(graph_.loop_variable(ago), graph_.integer(1)));
    for (const FlowRead& read : reads) {
      const FlowObject* before = symbolic.heap.find(read.object);
      const FlowObject* now = after.heap.find(read.object);
      if (before == nullptr || now == nullptr || before == now || content_cell(read.object))
        continue;
      for (std::size_t i = before->content.writes.size(); i < now->content.writes.size(); ++i) {
        const FlowWrite& write = now->content.writes[i];
        bool apart = write.count != kNoNode;  // copied ranges replace content as a whole elsewhere
        for (std::size_t d = 0; d < write.index.size() && d < read.path.size() && !apart; ++d) {
          const NodeId place = graph_.replace_loop(write.index[d], loop_, earlier, false);
          const FlowRange distance = graph_.range(graph_.subtract(read.path[d], place));
          apart = distance.low > 0 || distance.high < 0;
        }
        if (apart) continue;
        Cell cell;
        cell.kind = CellKind::kContent;
        cell.place = read.object;
        const FlowObject* origin = start_.heap.find(read.object);
        if (origin == nullptr) continue;
        cell.init = graph_.snapshot(origin->content, origin->site);
        add_cell(cell, kNoNode);
        changed = true;
        break;
      }
    }
    return changed;
  }

  static bool mentions(const FlowGraph& graph, NodeId id, NodeId wanted) {
    for (const NodeId node : graph.reachable(id, 400)) {
      if (node == wanted) return true;
    }
    return false;
  }

  // From the one test that ends the loop: the first round in which it holds.
  void find_trip(const std::vector<NodeId>& tests) {
    // Kept aside until the loop is left: inside it, its own end must stay undecided.
    trip_ = kNoNode;
    std::vector<NodeId> distinct;
    for (const NodeId test : tests) {
      if (std::find(distinct.begin(), distinct.end(), test) == distinct.end())
        distinct.push_back(test);
    }
    exit_tests_ = distinct;
    if (distinct.empty()) return;
    // With a period every round of it has its own test; the first one counts.
    const NodeId test = distinct[0];
    if (period_ == 1 && distinct.size() != 1) return;
    const bool negated = graph_.at(test).op == FlowOp::kNot;
    const FlowNode node = graph_.at(negated ? graph_.at(test).args[0] : test);
    if (node.op != FlowOp::kGt && node.op != FlowOp::kGe && node.op != FlowOp::kEq) return;
    FlowGraph::Linear form = graph_.linear(graph_.subtract(node.args[0], node.args[1]));
    std::int64_t slope = 0;
    for (auto term = form.terms.begin(); term != form.terms.end(); ++term) {
      if (term->first == variable_) {
        slope = term->second;
        form.terms.erase(term);
        break;
      }
    }
    if (slope == 0) return;
    const NodeId rest = graph_.from_linear(form);
    if (mentions(graph_, rest, variable_)) return;
    for (const NodeId part : graph_.reachable(rest, 400)) {
      if (graph_.at(part).op == FlowOp::kLoopPhi &&
          graph_.phi(graph_.at(part).integer).loop == loop_)
        return;
    }
    // The test holds where rest + slope * k meets the relation: solve for the smallest k.
    NodeId reach = kNoNode;
    if (node.op == FlowOp::kEq) {
      if (negated) return;
      reach = graph_.scale(rest, slope > 0 ? -1 : 1);
    } else {
      const bool at_least = !negated;  // a > b, a >= b; else a <= b, a < b
      const bool strict = (node.op == FlowOp::kGt) == at_least;  // > or <
      if (at_least != (slope > 0)) return;
      reach = graph_.scale(rest, at_least ? -1 : 1);
      if (strict) reach = graph_.add(reach, graph_.integer(1));
    }
    const std::int64_t stride = std::abs(slope);
    if (const auto constant = graph_.constant_integer(reach)) {
      if (!is_moderate(*constant) || (period_ > 1 && *constant % stride != 0)) return;
      trip_ = graph_.integer(std::max<std::int64_t>(0, (*constant + stride - 1) / stride));
    } else if (stride == 1) {
      trip_ = reach;
    } else {
      FlowGraph::Linear quotient = graph_.linear(reach);
      bool divisible = quotient.constant % stride == 0;
      for (const auto& term : quotient.terms) divisible = divisible && term.second % stride == 0;
      if (!divisible) return;
      quotient.constant /= stride;
      for (auto& term : quotient.terms) term.second /= stride;
      trip_ = graph_.from_linear(quotient);
    }
  }

  // The states behind the loop: counters at their end, and the stores of all rounds at once.
  FlowOutcome leave(const FlowState& symbolic, FlowOutcome outcome) {
    FlowState after = std::move(outcome.arrived.at(head_));
    outcome.arrived.erase(head_);
    graph_.loop(loop_).trip = trip_;
    graph_.loop(loop_).exit_tests = exit_tests_;
    graph_.loop(loop_).asks_all = asks_all_;
    const std::uint32_t closed = graph_.new_loop(graph_.loop(loop_).site);
    graph_.loop(closed) = graph_.loop(loop_);
    graph_.loop(closed).closed = true;
    const NodeId every = graph_.loop_variable(closed);
    const NodeId last = trip_ != kNoNode ? trip_ : graph_.loop_exit(variable_);

    // What one round stores, for every round.
    std::map<ObjectId, std::vector<FlowWrite>> stored;
    for (const ObjectId id : FlowHeap::differences(symbolic.heap, after.heap)) {
      const FlowObject* before = symbolic.heap.find(id);
      const FlowObject* now = after.heap.find(id);
      if (before == nullptr || now == nullptr) continue;
      if (content_cell(id)) continue;
      for (std::size_t i = before->content.writes.size(); i < now->content.writes.size(); ++i) {
        FlowWrite write = now->content.writes[i];
        const auto close = [&](NodeId& part) {
          if (part != kNoNode) part = graph_.replace_loop(part, loop_, every, false);
        };
        for (NodeId& index : write.index) close(index);
        close(write.value);
        close(write.guard);
        close(write.count);
        stored[id].push_back(std::move(write));
      }
    }
    const auto settle = [&](FlowState& state) {
      const auto finished = [&](NodeId& part) {
        if (part != kNoNode) part = graph_.replace_loop(part, loop_, last, true);
      };
      for (NodeId& reg : state.registers) finished(reg);
      finished(state.result);
      for (const ObjectId id : FlowHeap::differences(start_.heap, state.heap)) {
        const FlowObject* now = state.heap.find(id);
        if (now == nullptr) continue;
        auto copy = std::make_shared<FlowObject>(*now);
        for (auto& [field, value] : copy->fields) finished(value);
        finished(copy->content.length);
        finished(copy->content.base.source);
        finished(copy->content.base.start);
        const FlowObject* before = symbolic.heap.find(id);
        const std::size_t old =
            before != nullptr ? std::min(before->content.writes.size(), copy->content.writes.size())
                              : 0;
        std::vector<FlowWrite> tail(copy->content.writes.begin() + static_cast<std::ptrdiff_t>(old),
                                    copy->content.writes.end());
        copy->content.writes.resize(old);
        for (FlowWrite& write : tail) {
          for (NodeId& index : write.index) finished(index);
          finished(write.value);
          finished(write.guard);
        }
        const auto rounds_of = stored.find(id);
        if (rounds_of != stored.end()) {
          copy->content.writes.insert(copy->content.writes.end(), rounds_of->second.begin(),
                                      rounds_of->second.end());
        }
        copy->content.writes.insert(copy->content.writes.end(), tail.begin(), tail.end());
        state.heap.put(std::move(copy));
      }
      // Objects that the way out has not touched, but the rounds before it have.
      for (const auto& [id, writes] : stored) {
        const FlowObject* now = state.heap.find(id);
        if (now == nullptr || start_.heap.find(id) != now) continue;
        auto copy = std::make_shared<FlowObject>(*now);
        copy->content.writes.insert(copy->content.writes.end(), writes.begin(), writes.end());
        state.heap.put(std::move(copy));
      }
    };
    for (auto& [block, state] : outcome.arrived) settle(state);
    if (outcome.returned) {
      settle(outcome.returned->state);
      if (outcome.returned->value != kNoNode) {
        outcome.returned->value = graph_.replace_loop(outcome.returned->value, loop_, last, true);
      }
    }
    return outcome;
  }

  bool content_cell(ObjectId id) const {
    Cell cell;
    cell.kind = CellKind::kContent;
    cell.place = id;
    return cells_.contains(cell);
  }

  FlowMachine& machine_;
  FlowGraph& graph_;
  FlowFrame& frame_;
  std::uint32_t head_;
  const FlowLoopShape* shape_ = nullptr;
  FlowStop stop_;
  FlowState start_;
  std::vector<FlowState> heads_;
  std::uint32_t loop_ = 0;
  NodeId variable_ = kNoNode;
  std::size_t period_ = 1;
  NodeId trip_ = kNoNode;
  std::vector<NodeId> exit_tests_;
  bool asks_all_ = false;
  std::set<Cell> cells_;
};

FlowOutcome FlowMachine::run_loop(FlowFrame& frame, std::uint32_t head, const FlowStop& stop,
                                  FlowState state) {
  FlowLoopSummary summary(*this, frame, head, stop, std::move(state));
  const std::size_t sinks = sinks_.size();
  const std::size_t kept = kept_values_.size();
  if (auto outcome = summary.unrolled()) return std::move(*outcome);
  sinks_.resize(sinks);
  kept_values_.resize(kept);
  return summary.summarised();
}

}  // namespace dl::program
