// SPDX-License-Identifier: Apache-2.0
// Questions to the expression graph: bounds, equality, replacement, what a container holds at a
// place, what a value needs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::program {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Stores that one read looks back over.
constexpr std::size_t kMaxStoresPerRead = 4096;

bool is_size_getter(std::string_view api) {
  return api.ends_with(".getWidth") || api.ends_with(".getHeight") || api.ends_with(".size") ||
         api.ends_with(".length") || api.ends_with(".remaining") || api.ends_with(".capacity");
}

}  // namespace

FlowRange FlowGraph::range(NodeId id, int depth) const {
  const FlowNode& node = at(id);
  const FlowRange everything{-kInfinity, kInfinity};
  if (depth <= 0) return everything;
  const auto of = [&](std::size_t arg) { return range(node.args[arg], depth - 1); };
  switch (node.op) {
    case FlowOp::kInt:
    case FlowOp::kBits:
      return {static_cast<double>(node.integer), static_cast<double>(node.integer)};
    case FlowOp::kFloat:
      return {node.real, node.real};
    case FlowOp::kLoopVar: {
      const FlowLoop& own = loops_[static_cast<std::size_t>(node.integer)];
      if (own.trip == kNoNode) return {0, kInfinity};
      const FlowRange trip = range(own.trip, depth - 1);
      return {0, std::max(0.0, trip.high - 1)};
    }
    case FlowOp::kLinear: {
      FlowRange sum{static_cast<double>(node.integer), static_cast<double>(node.integer)};
      for (std::size_t i = 0; i < node.args.size(); ++i) {
        const FlowRange part = of(i);
        const auto factor = static_cast<double>(node.coefficients[i]);
        sum.low += factor > 0 ? part.low * factor : part.high * factor;
        sum.high += factor > 0 ? part.high * factor : part.low * factor;
      }
      if (std::isnan(sum.low) || std::isnan(sum.high)) return everything;
      return sum;
    }
    case FlowOp::kAnd: {
      const auto mask = constant_integer(node.args[1]);
      if (mask && *mask >= 0) return {0, static_cast<double>(*mask)};
      return everything;
    }
    case FlowOp::kRem: {
      const auto divisor = constant_integer(node.args[1]);
      if (!divisor || *divisor == 0) return everything;
      const auto bound = static_cast<double>(std::abs(*divisor) - 1);
      return {of(0).low >= 0 ? 0 : -bound, bound};
    }
    case FlowOp::kDiv: {
      const auto divisor = constant_integer(node.args[1]);
      if (!divisor || *divisor <= 0) return everything;
      const FlowRange top = of(0);
      return {std::trunc(top.low / static_cast<double>(*divisor)),
              std::trunc(top.high / static_cast<double>(*divisor))};
    }
    case FlowOp::kIntToFloat:
      return of(0);
    case FlowOp::kFloatToInt: {
      const FlowRange inner = of(0);
      return {std::trunc(inner.low), std::trunc(inner.high)};
    }
    case FlowOp::kIntToByte:
      return {-128, 127};
    case FlowOp::kIntToChar:
      return {0, 65535};
    case FlowOp::kIntToShort:
      return {-32768, 32767};
    case FlowOp::kMin: {
      const FlowRange a = of(0);
      const FlowRange b = of(1);
      return {std::min(a.low, b.low), std::min(a.high, b.high)};
    }
    case FlowOp::kMax: {
      const FlowRange a = of(0);
      const FlowRange b = of(1);
      return {std::max(a.low, b.low), std::max(a.high, b.high)};
    }
    case FlowOp::kSelect: {
      const FlowRange a = of(1);
      const FlowRange b = of(2);
      return {std::min(a.low, b.low), std::max(a.high, b.high)};
    }
    case FlowOp::kLength:
      return {0, kInfinity};
    case FlowOp::kEq:
    case FlowOp::kGt:
    case FlowOp::kGe:
    case FlowOp::kNot:
      return {0, 1};
    case FlowOp::kCall:
      if (is_size_getter(node.text)) return {0, kInfinity};
      return everything;
    default:
      return everything;
  }
}

bool FlowGraph::same(NodeId a, NodeId b, int depth) const {
  int budget = kMaxFlowCompared;
  return same(a, b, depth, budget);
}

bool FlowGraph::same(NodeId a, NodeId b, int depth, int& budget) const {
  if (a == b) return true;
  if (depth <= 0 || --budget <= 0 || a == kNoNode || b == kNoNode) return false;
  const FlowNode& x = at(a);
  const FlowNode& y = at(b);
  if (x.op == FlowOp::kBits || y.op == FlowOp::kBits) {
    if (x.op == FlowOp::kBits && y.op == FlowOp::kBits) return x.integer == y.integer;
    const auto p = constant_integer(a);
    const auto q = constant_integer(b);
    if (p && q) return *p == *q;
    return is_null(a) && is_null(b);
  }
  if (x.op != y.op || x.integer != y.integer || x.real != y.real || x.text != y.text ||
      x.wide != y.wide || x.args.size() != y.args.size() || x.coefficients != y.coefficients) {
    return false;
  }
  // Two unknowns, or two calls, from different places may differ.
  if (x.op == FlowOp::kUnknown || x.op == FlowOp::kSnapshot) return false;
  if (x.op == FlowOp::kCall && sites_[x.site].pc != sites_[y.site].pc) return false;
  for (std::size_t i = 0; i < x.args.size(); ++i) {
    if (!same(x.args[i], y.args[i], depth - 1, budget)) return false;
  }
  return true;
}

NodeId FlowGraph::rebuild(NodeId id, std::vector<NodeId> args) {
  const FlowNode node = at(id);
  switch (node.op) {
    case FlowOp::kLinear: {
      Linear form;
      form.constant = node.integer;
      for (std::size_t i = 0; i < args.size(); ++i) {
        const Linear part = linear(args[i]);
        form.constant =
            wrapped_sum(form.constant, wrapped_product(part.constant, node.coefficients[i]));
        for (const auto& [atom, coefficient] : part.terms)
          form.terms.emplace_back(atom, wrapped_product(coefficient, node.coefficients[i]));
      }
      return from_linear(form, node.site);
    }
    case FlowOp::kMul:
    case FlowOp::kDiv:
    case FlowOp::kRem:
    case FlowOp::kAnd:
    case FlowOp::kOr:
    case FlowOp::kXor:
    case FlowOp::kShl:
    case FlowOp::kShr:
    case FlowOp::kUshr:
      return integer_op(node.op, args[0], args[1], node.site);
    case FlowOp::kFAdd:
    case FlowOp::kFSub:
    case FlowOp::kFMul:
    case FlowOp::kFDiv:
    case FlowOp::kFRem:
      return real_op(node.op, args[0], args[1], node.wide, node.site);
    case FlowOp::kFNeg:
      return real_op(node.op, args[0], kNoNode, node.wide, node.site);
    case FlowOp::kIntToFloat:
    case FlowOp::kFloatToInt:
    case FlowOp::kIntToByte:
    case FlowOp::kIntToChar:
    case FlowOp::kIntToShort:
      return convert(node.op, args[0], node.wide, node.site);
    case FlowOp::kMin:
    case FlowOp::kMax:
      return extreme(node.op, args[0], args[1], node.integer != 0, node.wide, node.site);
    case FlowOp::kEq:
      return relate(Relation::kEq, args[0], args[1], node.site);
    case FlowOp::kGt:
      return relate(Relation::kGt, args[0], args[1], node.site);
    case FlowOp::kGe:
      return relate(Relation::kGe, args[0], args[1], node.site);
    case FlowOp::kNot:
      return negate(args[0]);
    case FlowOp::kSelect:
      return select(args[0], args[1], args[2], node.site);
    case FlowOp::kChoice:
      return choice(args);
    case FlowOp::kConcat:
      return concat(args, node.site);
    case FlowOp::kElement:
      return read(args[0], {args[1]}, node.site);
    case FlowOp::kLength:
      return length(args[0], node.site);
    default: {
      FlowNode copy = node;
      copy.args = std::move(args);
      return make(std::move(copy));
    }
  }
}

NodeId FlowGraph::replace(NodeId id, Replacements& done, std::int64_t exits_of_loop, int depth) {
  if (id == kNoNode) return id;
  const auto known = done.find(id);
  if (known != done.end()) return known->second;
  if (depth <= 0) return id;
  const FlowNode node = at(id);
  NodeId result = id;
  if (node.op == FlowOp::kLoopPhi) {
    if (exits_of_loop >= 0 && phi(node.integer).loop == static_cast<std::uint32_t>(exits_of_loop))
      result = loop_exit(id);
  } else if (node.op == FlowOp::kSnapshot) {
    // Content that mentions what is replaced becomes a new content.
    FlowSnapshot copy = snapshot_of(id);
    bool changed = false;
    const auto visit = [&](NodeId& part) {
      const NodeId before = part;
      part = replace(part, done, exits_of_loop, depth - 1);
      changed = changed || part != before;
    };
    visit(copy.length);
    visit(copy.base.source);
    visit(copy.base.start);
    if (copy.writes.size() <= kMaxStoresPerRead) {
      for (FlowWrite& write : copy.writes) {
        for (NodeId& index : write.index) visit(index);
        visit(write.value);
        visit(write.guard);
        visit(write.count);
      }
    }
    if (changed) result = snapshot(std::move(copy), node.site);
  } else if (!node.args.empty()) {
    std::vector<NodeId> args = node.args;
    bool changed = false;
    for (NodeId& arg : args) {
      const NodeId before = arg;
      arg = replace(arg, done, exits_of_loop, depth - 1);
      changed = changed || arg != before;
    }
    if (changed) result = rebuild(id, std::move(args));
  }
  done.emplace(id, result);
  return result;
}

NodeId FlowGraph::replace_loop(NodeId id, std::uint32_t loop, NodeId variable, bool exits) {
  Replacements done;
  if (variable != kNoNode) done.emplace(loop_variable(loop), variable);
  return replace(id, done, exits ? static_cast<std::int64_t>(loop) : -1, kMaxFlowDepth);
}

NodeId FlowGraph::replace_nodes(NodeId id, const std::vector<std::pair<NodeId, NodeId>>& pairs) {
  Replacements done;
  for (const auto& [from, to] : pairs) done.emplace(from, to);
  return replace(id, done, -1, kMaxFlowDepth);
}

FlowGraph::Match FlowGraph::match_index(NodeId stored, NodeId wanted) {
  Match match;
  const Linear place = linear(stored);
  std::vector<std::pair<NodeId, std::int64_t>> variables;
  Linear rest = linear(wanted);
  rest.constant = wrapped_sum(rest.constant, wrapped_product(place.constant, -1));
  for (const auto& [atom, coefficient] : place.terms) {
    if (at(atom).op == FlowOp::kLoopVar &&
        loops_[static_cast<std::size_t>(at(atom).integer)].closed) {
      variables.emplace_back(atom, coefficient);
    } else {
      rest.terms.emplace_back(atom, -coefficient);
    }
  }
  const NodeId distance = from_linear(rest);
  // A sum of terms that share a factor misses zero where the constant does not have that factor.
  const Linear exact = linear(distance);
  std::int64_t shared = 0;
  for (const auto& term : exact.terms) shared = std::gcd(shared, term.second);
  for (const auto& variable : variables) shared = std::gcd(shared, variable.second);
  if (shared > 1 && exact.constant % shared != 0) {
    match.kind = Match::Kind::kNever;
    return match;
  }
  if (variables.empty()) {
    const FlowRange bounds = range(distance);
    if (bounds.low == 0 && bounds.high == 0) {
      match.kind = Match::Kind::kAlways;
    } else if (bounds.low > 0 || bounds.high < 0) {
      match.kind = Match::Kind::kNever;
    }
    return match;
  }
  std::sort(variables.begin(), variables.end(),
            [](const auto& a, const auto& b) { return std::abs(a.second) > std::abs(b.second); });
  NodeId remaining = distance;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto [variable, step] = variables[i];
    const bool last = i + 1 == variables.size();
    NodeId value = kNoNode;
    if (last) {
      const Linear form = linear(remaining);
      bool divisible = true;
      for (const auto& term : form.terms)
        divisible = divisible && (step == -1 || term.second % step == 0);
      if (!divisible) return match;  // maybe
      if (step != -1 && form.constant % step != 0) {
        match.kind = Match::Kind::kNever;
        return match;
      }
      value = from_linear(divided(form, step));
    } else {
      if (step <= 0) return match;
      const NodeId divisor = integer(step);
      value = integer_op(FlowOp::kDiv, remaining, divisor, kNoSite);
      remaining = integer_op(FlowOp::kRem, remaining, divisor, kNoSite);
    }
    const FlowRange wanted_range = range(value);
    const FlowRange own_range = range(variable);
    if (wanted_range.high < own_range.low || wanted_range.low > own_range.high) {
      match.kind = Match::Kind::kNever;
      return match;
    }
    // Loops of unknown length are taken to reach what is asked of them.
    const bool inside = wanted_range.low >= own_range.low &&
                        (wanted_range.high <= own_range.high || std::isinf(wanted_range.high));
    if (!inside) return match;
    match.values.emplace_back(variable, value);
  }
  match.kind = Match::Kind::kAt;
  return match;
}

NodeId FlowGraph::read_from(const FlowSnapshot& content, const std::vector<NodeId>& path,
                            SiteId site) {
  std::size_t looked = 0;
  for (auto write = content.writes.rbegin(); write != content.writes.rend(); ++write) {
    if (++looked > kMaxStoresPerRead) return kNoNode;
    if (write->count != kNoNode) {
      const NodeId offset = subtract(path[0], write->index[0]);
      const FlowRange bounds = range(offset);
      if (bounds.high < 0) continue;
      const NodeId behind = subtract(offset, write->count);
      const FlowRange beyond = range(behind);
      if (beyond.low >= 0) continue;
      if (bounds.low < 0 || beyond.high >= 0 || write->guard != kNoNode) return kNoNode;
      NodeId from = scale(offset, write->multiply);
      if (write->divide != 1) from = integer_op(FlowOp::kDiv, from, integer(write->divide), site);
      std::vector<NodeId> rest = path;
      rest[0] = from;
      return read(write->value, rest, site);
    }
    // Dimension by dimension.
    std::vector<std::pair<NodeId, NodeId>> values;
    bool never = false;
    bool maybe = false;
    const std::size_t common = std::min(write->index.size(), path.size());
    for (std::size_t i = 0; i < common && !never; ++i) {
      const Match match = match_index(write->index[i], path[i]);
      if (match.kind == Match::Kind::kNever) never = true;
      if (match.kind == Match::Kind::kMaybe) maybe = true;
      values.insert(values.end(), match.values.begin(), match.values.end());
    }
    if (never) continue;
    if (maybe || write->index.size() > path.size()) return kNoNode;
    NodeId value = values.empty() ? write->value : replace_nodes(write->value, values);
    for (std::size_t i = common; i < path.size(); ++i) value = read(value, {path[i]}, site);
    if (write->guard != kNoNode) {
      FlowSnapshot older = content;
      older.writes.resize(static_cast<std::size_t>(content.writes.rend() - write) - 1);
      const NodeId before = read_from(older, path, site);
      if (before == kNoNode) return kNoNode;
      const NodeId guard = values.empty() ? write->guard : replace_nodes(write->guard, values);
      value = select(guard, value, before, site);
    }
    return value;
  }
  const FlowBase& base = content.base;
  if (base.source == kNoNode) {
    const bool reference =
        !content.type.empty() && (content.type == "list" || content.type.ends_with(";"));
    if (content.dimensions.size() > path.size()) return kNoNode;
    return reference ? null(site)
                     : (content.type.ends_with("F") || content.type.ends_with("D")
                            ? real(0, content.type.ends_with("D"), site)
                            : integer(0, site));
  }
  NodeId from = scale(path[0], base.multiply);
  if (base.start != kNoNode) from = add(from, base.start);
  if (base.divide != 1) {
    const Linear form = linear(from);
    bool divisible = form.constant % base.divide == 0;
    for (const auto& term : form.terms) divisible = divisible && term.second % base.divide == 0;
    if (!divisible) return kNoNode;
    from = integer_op(FlowOp::kDiv, from, integer(base.divide), site);
    if (at(from).op == FlowOp::kDiv) {
      from = from_linear(divided(form, base.divide), site);
    }
  }
  std::vector<NodeId> rest = path;
  rest[0] = from;
  return read(base.source, rest, site);
}

NodeId FlowGraph::read(NodeId container, const std::vector<NodeId>& path, SiteId site) {
  const FlowNode node = at(container);
  if (node.op == FlowOp::kSnapshot) {
    const FlowSnapshot content = snapshot_of(container);
    const NodeId value = read_from(content, path, site);
    if (value != kNoNode) return value;
  } else if (node.op == FlowOp::kSelect && choices_ < kMaxFlowChoices) {
    ++choices_;
    const NodeId yes = read(node.args[1], path, site);
    const NodeId no = read(node.args[2], path, site);
    --choices_;
    return select(node.args[0], yes, no, site);
  }
  NodeId value = container;
  for (const NodeId index : path) value = element(value, index, site);
  return value;
}

std::vector<NodeId> FlowGraph::reachable(NodeId id, std::size_t limit) const {
  std::vector<NodeId> order;
  std::unordered_set<NodeId> seen;
  std::vector<NodeId> waiting{id};
  while (!waiting.empty() && order.size() < limit) {
    const NodeId next = waiting.back();
    waiting.pop_back();
    if (next == kNoNode || !seen.insert(next).second) continue;
    order.push_back(next);
    const FlowNode& node = at(next);
    std::vector<NodeId> more = node.args;
    if (node.op == FlowOp::kLoopPhi) {
      more.push_back(phi(node.integer).init);
      more.push_back(phi(node.integer).next);
      const std::vector<NodeId>& tests = loop(phi(node.integer).loop).exit_tests;
      more.insert(more.end(), tests.begin(), tests.end());
    } else if (node.op == FlowOp::kLoopExit && at(node.args[0]).op == FlowOp::kLoopVar) {
      const std::vector<NodeId>& tests =
          loop(static_cast<std::uint32_t>(at(node.args[0]).integer)).exit_tests;
      more.insert(more.end(), tests.begin(), tests.end());
    } else if (node.op == FlowOp::kSnapshot) {
      const FlowSnapshot& content = snapshot_of(next);
      more.push_back(content.length);
      more.push_back(content.base.source);
      more.push_back(content.base.start);
      for (std::size_t i = 0; i < content.writes.size() && i < limit; ++i) {
        more.push_back(content.writes[i].value);
        more.push_back(content.writes[i].guard);
      }
    }
    waiting.insert(waiting.end(), more.rbegin(), more.rend());
  }
  return order;
}

}  // namespace dl::program
