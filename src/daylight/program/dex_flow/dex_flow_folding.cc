// SPDX-License-Identifier: Apache-2.0
// Arithmetic and conditions of the expression graph: linear forms of integers, constants,
// comparisons that bounds decide.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::program {
namespace {

double rounded(double value, bool wide) {
  return wide ? value : static_cast<double>(static_cast<float>(value));
}

}  // namespace

FlowGraph::Linear FlowGraph::linear(NodeId id) const {
  const FlowNode& node = at(id);
  Linear form;
  if (node.op == FlowOp::kInt || node.op == FlowOp::kBits) {
    form.constant = node.integer;
  } else if (node.op == FlowOp::kLinear) {
    form.constant = node.integer;
    for (std::size_t i = 0; i < node.args.size(); ++i)
      form.terms.emplace_back(node.args[i], node.coefficients[i]);
  } else {
    form.terms.emplace_back(id, 1);
  }
  return form;
}

namespace {

// (a rem c) * m + (a div c) * (m * c) is a * m.
bool fold_quotients(FlowGraph::Linear& form, const FlowGraph& graph) {
  for (std::size_t i = 0; i < form.terms.size(); ++i) {
    const FlowNode& rem = graph.at(form.terms[i].first);
    if (rem.op != FlowOp::kRem) continue;
    const auto divisor = graph.constant_integer(rem.args[1]);
    if (!divisor) continue;
    for (std::size_t j = 0; j < form.terms.size(); ++j) {
      const FlowNode& div = graph.at(form.terms[j].first);
      if (div.op != FlowOp::kDiv || div.args[0] != rem.args[0]) continue;
      const auto other = graph.constant_integer(div.args[1]);
      if (!other || *other != *divisor || form.terms[j].second != form.terms[i].second * *divisor)
        continue;
      const std::int64_t factor = form.terms[i].second;
      const FlowGraph::Linear whole = graph.linear(rem.args[0]);
      form.terms.erase(form.terms.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
      form.terms.erase(form.terms.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
      form.constant = wrapped_sum(form.constant, wrapped_product(whole.constant, factor));
      for (const auto& [atom, coefficient] : whole.terms)
        form.terms.emplace_back(atom, wrapped_product(coefficient, factor));
      return true;
    }
  }
  return false;
}

void normalise(FlowGraph::Linear& form, const FlowGraph& graph) {
  do {
    std::sort(form.terms.begin(), form.terms.end());
    std::vector<std::pair<NodeId, std::int64_t>> merged;
    for (const auto& term : form.terms) {
      if (!merged.empty() && merged.back().first == term.first) {
        merged.back().second = wrapped_sum(merged.back().second, term.second);
      } else {
        merged.push_back(term);
      }
    }
    std::erase_if(merged, [](const auto& term) { return term.second == 0; });
    form.terms = std::move(merged);
  } while (fold_quotients(form, graph));
}

}  // namespace

FlowGraph::Linear FlowGraph::divided(const Linear& form, std::int64_t step) {
  const auto part = [step](std::int64_t value) {
    return step == -1 ? wrapped_product(value, -1) : value / step;
  };
  Linear quotient;
  quotient.constant = part(form.constant);
  for (const auto& [atom, coefficient] : form.terms)
    quotient.terms.emplace_back(atom, part(coefficient));
  return quotient;
}

NodeId FlowGraph::from_linear(const Linear& given, SiteId site) {
  Linear form = given;
  normalise(form, *this);
  if (form.terms.empty()) return integer(form.constant, site);
  if (form.constant == 0 && form.terms.size() == 1 && form.terms[0].second == 1)
    return form.terms[0].first;
  FlowNode node;
  node.op = FlowOp::kLinear;
  node.integer = form.constant;
  for (const auto& [atom, coefficient] : form.terms) {
    node.args.push_back(atom);
    node.coefficients.push_back(coefficient);
    if (!is_moderate(coefficient) || !is_moderate(form.constant)) {
      return unknown("large number", {atom}, site);
    }
  }
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::add(NodeId a, NodeId b, SiteId site) {
  Linear sum = linear(a);
  const Linear other = linear(b);
  sum.constant = wrapped_sum(sum.constant, other.constant);
  sum.terms.insert(sum.terms.end(), other.terms.begin(), other.terms.end());
  return from_linear(sum, site);
}
NodeId FlowGraph::scale(NodeId a, std::int64_t factor, SiteId site) {
  Linear form = linear(a);
  if (!is_moderate(factor) || !is_moderate(form.constant))
    return unknown("large number", {a}, site);
  form.constant = wrapped_product(form.constant, factor);
  for (auto& term : form.terms) term.second = wrapped_product(term.second, factor);
  return from_linear(form, site);
}
NodeId FlowGraph::subtract(NodeId a, NodeId b, SiteId site) {
  return add(a, scale(b, -1, site), site);
}

std::optional<std::int64_t> FlowGraph::difference(NodeId a, NodeId b) const {
  Linear form = linear(a);
  const Linear other = linear(b);
  form.constant = wrapped_sum(form.constant, wrapped_product(other.constant, -1));
  for (const auto& [atom, coefficient] : other.terms) form.terms.emplace_back(atom, -coefficient);
  normalise(form, *this);
  if (!form.terms.empty()) return std::nullopt;
  return form.constant;
}

NodeId FlowGraph::integer_op(FlowOp op, NodeId a, NodeId b, SiteId site) {
  a = as_integer(a);
  b = as_integer(b);
  const auto x = constant_integer(a);
  const auto y = constant_integer(b);
  if (op == FlowOp::kMul) {
    if (y) return scale(a, *y, site);
    if (x) return scale(b, *x, site);
  }
  if (x && y) {
    const std::int64_t l = *x;
    const std::int64_t r = *y;
    const auto shift = static_cast<unsigned>(r & 31);
    switch (op) {
      case FlowOp::kDiv:
        if (r != 0) return integer(r == -1 ? wrapped_product(l, -1) : l / r, site);
        break;
      case FlowOp::kRem:
        if (r != 0) return integer(r == -1 ? 0 : l % r, site);
        break;
      case FlowOp::kAnd:
        return integer(l & r, site);
      case FlowOp::kOr:
        return integer(l | r, site);
      case FlowOp::kXor:
        return integer(l ^ r, site);
      case FlowOp::kShl:
        return integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(l) << shift), site);
      case FlowOp::kShr:
        return integer(l >> shift, site);
      case FlowOp::kUshr:
        return integer(static_cast<std::int64_t>(static_cast<std::uint32_t>(l) >> shift), site);
      default:
        break;
    }
  }
  if ((op == FlowOp::kShl || op == FlowOp::kShr || op == FlowOp::kUshr) && y && *y == 0) return a;
  if (op == FlowOp::kShl && y && *y >= 0 && *y < 16) return scale(a, std::int64_t{1} << *y, site);
  if (op == FlowOp::kXor && y && *y == 1 &&
      (at(a).op == FlowOp::kEq || at(a).op == FlowOp::kGt || at(a).op == FlowOp::kGe ||
       at(a).op == FlowOp::kNot))
    return negate(a);
  if (op == FlowOp::kAnd) {
    if (x && !y) std::swap(a, b);
    const auto mask = constant_integer(b);
    if (mask && *mask >= 0) {
      const std::int64_t all = *mask;
      // A mask of low bits that keeps every value of the operand changes nothing, and sees through
      // narrowing.
      if ((all & (all + 1)) == 0) {
        const FlowRange bounds = range(a);
        if (bounds.low >= 0 && bounds.high <= static_cast<double>(all)) return a;
        const FlowNode& inner = at(a);
        if ((inner.op == FlowOp::kIntToByte && all <= 0xff) ||
            (inner.op == FlowOp::kIntToShort && all <= 0xffff) ||
            (inner.op == FlowOp::kIntToChar && all <= 0xffff)) {
          return integer_op(FlowOp::kAnd, inner.args[0], b, site);
        }
      }
      if (at(a).op == FlowOp::kAnd) {
        const auto inner = constant_integer(at(a).args[1]);
        if (inner && (*inner & all) == *inner && *inner >= 0) return a;
      }
    }
  }
  if ((op == FlowOp::kDiv || op == FlowOp::kRem) && y && *y > 0 && is_moderate(*y) &&
      is_moderate(linear(a).constant)) {
    // What is a multiple of the divisor goes to the quotient where the rest cannot reach it.
    Linear form = linear(a);
    Linear multiple;
    Linear rest;
    for (const auto& term : form.terms) {
      if (term.second % *y == 0) {
        multiple.terms.emplace_back(term.first, term.second / *y);
      } else {
        rest.terms.push_back(term);
      }
    }
    const std::int64_t remainder = ((form.constant % *y) + *y) % *y;
    multiple.constant = (form.constant - remainder) / *y;
    rest.constant = remainder;
    if (!multiple.terms.empty() || form.terms.empty() || multiple.constant != 0 || *y == 1) {
      const NodeId low = from_linear(rest, site);
      const FlowRange bounds = range(low);
      if (bounds.low >= 0 && bounds.high < static_cast<double>(*y) &&
          range(from_linear(multiple)).low >= 0) {
        return op == FlowOp::kDiv ? from_linear(multiple, site) : low;
      }
    } else {
      const FlowRange bounds = range(a);
      if (bounds.low >= 0 && bounds.high < static_cast<double>(*y))
        return op == FlowOp::kDiv ? integer(0, site) : a;
    }
  }
  FlowNode node;
  node.op = op;
  node.args = {a, b};
  if (op == FlowOp::kMul && a > b) std::swap(node.args[0], node.args[1]);
  node.site = site;
  return make(std::move(node));
}

// ---- reals ----

NodeId FlowGraph::real_op(FlowOp op, NodeId a, NodeId b, bool wide, SiteId site) {
  a = as_real(a, wide);
  if (op != FlowOp::kFNeg) b = as_real(b, wide);
  const auto x = constant_real(a);
  const auto y = op == FlowOp::kFNeg ? std::optional<double>(0) : constant_real(b);
  if (x && y) {
    double value = 0;
    switch (op) {
      case FlowOp::kFAdd:
        value = *x + *y;
        break;
      case FlowOp::kFSub:
        value = *x - *y;
        break;
      case FlowOp::kFMul:
        value = *x * *y;
        break;
      case FlowOp::kFDiv:
        value = *x / *y;
        break;
      case FlowOp::kFRem:
        value = std::fmod(*x, *y);
        break;
      default:
        value = -*x;
        break;
    }
    // A sum of a constant and a literal keeps the place of the operand that varies between apps:
    // the first with a site.
    if (std::isfinite(value))
      return real(rounded(value, wide), wide, at(a).site != kNoSite ? at(a).site : site);
    return unknown("not a number", {a, b}, site);
  }
  FlowNode node;
  node.op = op;
  node.wide = wide;
  node.args = {a};
  if (op != FlowOp::kFNeg) node.args.push_back(b);
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::convert(FlowOp op, NodeId a, bool wide, SiteId site) {
  if (op == FlowOp::kFloatToInt) {
    a = as_real(a, wide);
    if (const auto value = constant_real(a)) {
      if (std::abs(*value) < 1e15) return integer(static_cast<std::int64_t>(*value), at(a).site);
      return integer(*value > 0 ? std::numeric_limits<std::int32_t>::max()
                                : std::numeric_limits<std::int32_t>::min(),
                     site);
    }
    if (at(a).op == FlowOp::kIntToFloat) return at(a).args[0];
  } else {
    a = as_integer(a);
    if (const auto value = constant_integer(a)) {
      switch (op) {
        case FlowOp::kIntToFloat:
          return real(rounded(static_cast<double>(*value), wide), wide, at(a).site);
        case FlowOp::kIntToByte:
          return integer(static_cast<std::int8_t>(*value), at(a).site);
        case FlowOp::kIntToChar:
          return integer(static_cast<std::uint16_t>(*value), at(a).site);
        case FlowOp::kIntToShort:
          return integer(static_cast<std::int16_t>(*value), at(a).site);
        default:
          break;
      }
    }
    const FlowRange bounds = range(a);
    if (op == FlowOp::kIntToByte && bounds.low >= -128 && bounds.high <= 127) return a;
    if (op == FlowOp::kIntToChar && bounds.low >= 0 && bounds.high <= 65535) return a;
    if (op == FlowOp::kIntToShort && bounds.low >= -32768 && bounds.high <= 32767) return a;
  }
  FlowNode node;
  node.op = op;
  node.wide = wide;
  node.args = {a};
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::extreme(FlowOp op, NodeId a, NodeId b, bool reals, bool wide, SiteId site) {
  a = reals ? as_real(a, wide) : as_integer(a);
  b = reals ? as_real(b, wide) : as_integer(b);
  const FlowRange x = range(a);
  const FlowRange y = range(b);
  const bool minimum = op == FlowOp::kMin;
  if (x.high <= y.low) return minimum ? a : b;
  if (y.high <= x.low) return minimum ? b : a;
  FlowNode node;
  node.op = op;
  node.wide = wide;
  node.args = {a, b};
  node.integer = reals ? 1 : 0;
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::compare(NodeId a, NodeId b, int unordered, SiteId site) {
  const auto x = constant_real(a);
  const auto y = constant_real(b);
  if (x && y) return integer(*x < *y ? -1 : (*x > *y ? 1 : 0), site);
  FlowNode node;
  node.op = FlowOp::kCompare;
  node.integer = unordered;
  node.args = {a, b};
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::relate(Relation relation, NodeId a, NodeId b, SiteId site) {
  // Constants take the type of what they are compared with.
  if (at(a).op == FlowOp::kCompare && constant_integer(b) == std::int64_t{0}) {
    const NodeId left = at(a).args[0];
    const NodeId right = at(a).args[1];
    return relate(relation, left, right, site);
  }
  const bool references = at(a).op == FlowOp::kObject || at(b).op == FlowOp::kObject ||
                          at(a).op == FlowOp::kNull || at(b).op == FlowOp::kNull ||
                          at(a).op == FlowOp::kString || at(b).op == FlowOp::kString;
  if (references) {
    a = as_reference(a);
    b = as_reference(b);
  }
  const auto number = [&](NodeId id) { return constant_real(id); };
  if (!references) {
    const auto x = number(a);
    const auto y = number(b);
    if (x && y) {
      bool value = false;
      switch (relation) {
        case Relation::kEq:
          value = *x == *y;
          break;
        case Relation::kNe:
          value = *x != *y;
          break;
        case Relation::kLt:
          value = *x < *y;
          break;
        case Relation::kGe:
          value = *x >= *y;
          break;
        case Relation::kGt:
          value = *x > *y;
          break;
        case Relation::kLe:
          value = *x <= *y;
          break;
      }
      return integer(value ? 1 : 0, site);
    }
    const FlowRange p = range(a);
    const FlowRange q = range(b);
    std::optional<bool> decided;
    if (p.high < q.low) {
      decided = relation == Relation::kLt || relation == Relation::kLe || relation == Relation::kNe;
    } else if (p.low > q.high) {
      decided = relation == Relation::kGt || relation == Relation::kGe || relation == Relation::kNe;
    } else if (p.low >= q.high && (relation == Relation::kGe || relation == Relation::kLt)) {
      decided = relation == Relation::kGe;
    } else if (p.high <= q.low && (relation == Relation::kLe || relation == Relation::kGt)) {
      decided = relation == Relation::kLe;
    } else if (const auto distance = difference(a, b)) {
      const auto d = *distance;
      switch (relation) {
        case Relation::kEq:
          decided = d == 0;
          break;
        case Relation::kNe:
          decided = d != 0;
          break;
        case Relation::kLt:
          decided = d < 0;
          break;
        case Relation::kGe:
          decided = d >= 0;
          break;
        case Relation::kGt:
          decided = d > 0;
          break;
        case Relation::kLe:
          decided = d <= 0;
          break;
      }
    }
    if (decided) return integer(*decided ? 1 : 0, site);
    // A comparison of a condition with 0 or 1 is that condition.
    const auto is_condition = [&](NodeId id) {
      const FlowOp op = at(id).op;
      return op == FlowOp::kEq || op == FlowOp::kGt || op == FlowOp::kGe || op == FlowOp::kNot;
    };
    if ((relation == Relation::kEq || relation == Relation::kNe) && is_condition(a) && y) {
      if (*y == 0) return relation == Relation::kNe ? a : negate(a);
      if (*y == 1) return relation == Relation::kEq ? a : negate(a);
    }
    // A choice between constants asks its condition.
    if (at(a).op == FlowOp::kSelect && y && choices_ < kMaxFlowChoices) {
      const FlowNode chosen = at(a);
      ++choices_;
      const NodeId yes = relate(relation, chosen.args[1], b, site);
      const NodeId no = relate(relation, chosen.args[2], b, site);
      --choices_;
      const auto t = truth(yes);
      const auto f = truth(no);
      if (t && f) {
        if (*t == *f) return yes;
        return *t ? chosen.args[0] : negate(chosen.args[0]);
      }
    }
  } else {
    const auto equality = [&](bool equal) {
      return integer((relation == Relation::kEq) == equal ? 1 : 0, site);
    };
    const FlowOp p = at(a).op;
    const FlowOp q = at(b).op;
    if (p == FlowOp::kNull && q == FlowOp::kNull) return equality(true);
    const auto solid = [](FlowOp op) {
      return op == FlowOp::kObject || op == FlowOp::kString || op == FlowOp::kClass ||
             op == FlowOp::kSnapshot || op == FlowOp::kConcat;
    };
    if ((p == FlowOp::kNull && solid(q)) || (q == FlowOp::kNull && solid(p)))
      return equality(false);
    if (p == FlowOp::kObject && q == FlowOp::kObject)
      return equality(at(a).integer == at(b).integer);
    if (at(a).op == FlowOp::kSelect && (q == FlowOp::kNull || q == FlowOp::kObject) &&
        choices_ < kMaxFlowChoices) {
      const FlowNode chosen = at(a);
      ++choices_;
      const auto t = truth(relate(relation, chosen.args[1], b, site));
      const auto f = truth(relate(relation, chosen.args[2], b, site));
      --choices_;
      if (t && f) {
        if (*t == *f) return integer(*t ? 1 : 0, site);
        return *t ? chosen.args[0] : negate(chosen.args[0]);
      }
    }
  }
  FlowNode node;
  node.site = site;
  switch (relation) {
    case Relation::kNe:
      return negate(relate(Relation::kEq, a, b, site));
    case Relation::kLt:
      node.op = FlowOp::kGt;
      node.args = {b, a};
      break;
    case Relation::kLe:
      node.op = FlowOp::kGe;
      node.args = {b, a};
      break;
    case Relation::kEq:
      node.op = FlowOp::kEq;
      node.args = {a, b};
      break;
    case Relation::kGt:
      node.op = FlowOp::kGt;
      node.args = {a, b};
      break;
    case Relation::kGe:
      node.op = FlowOp::kGe;
      node.args = {a, b};
      break;
  }
  return make(std::move(node));
}

}  // namespace dl::program
