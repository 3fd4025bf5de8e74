// SPDX-License-Identifier: Apache-2.0
// The expression graph: hash-consing, typing of DEX constants, folding of arithmetic and conditions.
#include "daylight/program/dex_flow_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace dl::program {
namespace {

constexpr std::int64_t kMaxLinear = std::int64_t{1} << 40;  // larger coefficients are not folded

double rounded(double value, bool wide) {
  return wide ? value : static_cast<double>(static_cast<float>(value));
}

}  // namespace

std::size_t FlowGraph::KeyHash::operator()(const Key& key) const {
  std::size_t hash = static_cast<std::size_t>(key.op) * 0x9e3779b97f4a7c15ULL;
  const auto mix = [&hash](std::uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
  };
  mix(key.wide ? 1 : 0);
  mix(key.site);
  mix(static_cast<std::uint64_t>(key.integer));
  mix(key.real);
  mix(reinterpret_cast<std::uintptr_t>(key.text));
  for (const NodeId arg : key.args) mix(arg);
  for (const std::int64_t coefficient : key.coefficients) mix(static_cast<std::uint64_t>(coefficient));
  return hash;
}

FlowGraph::FlowGraph() {
  nodes_.emplace_back();  // kNoNode
  sites_.emplace_back();  // kNoSite
}

std::string_view FlowGraph::intern(std::string_view text) {
  const auto found = interned_.find(text);
  if (found != interned_.end()) return found->second;
  text_pool_.emplace_back(text);
  const std::string_view stored = text_pool_.back();
  interned_.emplace(stored, stored);
  return stored;
}

NodeId FlowGraph::make(FlowNode node) {
  // Calls, constants and unknowns are told apart by where they happen; arithmetic is not.
  bool keeps_site = false;
  switch (node.op) {
    case FlowOp::kUnknown: case FlowOp::kBits: case FlowOp::kInt: case FlowOp::kFloat: case FlowOp::kNull:
    case FlowOp::kString: case FlowOp::kClass: case FlowOp::kField: case FlowOp::kCall: case FlowOp::kPixels:
      keeps_site = true;
      break;
    default: break;
  }
  Key key{node.op, node.wide, keeps_site ? node.site : kNoSite, node.integer, std::bit_cast<std::uint64_t>(node.real),
          node.text.empty() ? nullptr : node.text.data(), node.args, node.coefficients};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  if (full()) {
    // One shared unknown stands for everything beyond the limit.
    static constexpr std::string_view kWhy = "node limit";
    FlowNode limit;
    limit.text = intern(kWhy);
    Key limit_key{FlowOp::kUnknown, false, kNoSite, 0, 0, limit.text.data(), {}, {}};
    const auto known = known_.find(limit_key);
    if (known != known_.end()) return known->second;
    nodes_.push_back(std::move(limit));
    const auto id = static_cast<NodeId>(nodes_.size() - 1);
    known_.emplace(std::move(limit_key), id);
    return id;
  }
  nodes_.push_back(std::move(node));
  const auto id = static_cast<NodeId>(nodes_.size() - 1);
  known_.emplace(std::move(key), id);
  return id;
}

NodeId FlowGraph::unknown(std::string_view why, std::vector<NodeId> args, SiteId site) {
  FlowNode node;
  node.text = intern(why);
  node.args = std::move(args);
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::bits(std::int64_t value, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kBits;
  node.integer = value;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::integer(std::int64_t value, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kInt;
  node.integer = value;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::real(double value, bool wide, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kFloat;
  node.real = value == 0 ? 0 : value;
  node.wide = wide;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::null(SiteId site) {
  FlowNode node;
  node.op = FlowOp::kNull;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::string(std::string_view text, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kString;
  // An empty text still needs a pointer that differs from "no text".
  node.text = intern(text);
  node.integer = 1;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::class_constant(std::string_view descriptor, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kClass;
  node.text = intern(descriptor);
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::object(ObjectId object) {
  FlowNode node;
  node.op = FlowOp::kObject;
  node.integer = object;
  return make(std::move(node));
}
NodeId FlowGraph::parameter(std::string_view method, std::uint32_t index) {
  FlowNode node;
  node.op = FlowOp::kParam;
  node.text = intern(method);
  node.integer = index;
  return make(std::move(node));
}
NodeId FlowGraph::field(std::string_view name, NodeId base, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kField;
  node.text = intern(name);
  if (base != kNoNode) node.args = {base};
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::call(std::string_view api, std::vector<NodeId> args, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kCall;
  node.text = intern(api);
  node.args = std::move(args);
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::concat(std::vector<NodeId> parts, SiteId site) {
  std::vector<NodeId> flat;
  for (const NodeId part : parts) {
    if (at(part).op == FlowOp::kConcat) {
      flat.insert(flat.end(), at(part).args.begin(), at(part).args.end());
    } else {
      flat.push_back(part);
    }
  }
  if (flat.size() > kMaxFlowParts) return unknown("long text", {flat[0], flat.back()}, site);
  if (flat.size() == 1 && at(flat[0]).op == FlowOp::kString) return flat[0];
  bool constant = true;
  for (const NodeId part : flat) constant = constant && at(part).op == FlowOp::kString;
  if (constant) {
    std::string text;
    for (const NodeId part : flat) text += at(part).text;
    return string(text, flat.empty() ? site : at(flat[0]).site);
  }
  FlowNode node;
  node.op = FlowOp::kConcat;
  node.args = std::move(flat);
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::element(NodeId container, NodeId index, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kElement;
  node.args = {container, index};
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::length(NodeId container, SiteId site) {
  const FlowNode& from = at(container);
  if (from.op == FlowOp::kSnapshot && snapshot_of(container).length != kNoNode) {
    return snapshot_of(container).length;
  }
  FlowNode node;
  node.op = FlowOp::kLength;
  node.args = {container};
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::pixels(NodeId bitmap, std::int64_t width, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kPixels;
  node.args = {bitmap};
  node.integer = width;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::output(std::uint32_t run, std::uint32_t index, SiteId site) {
  FlowNode node;
  node.op = FlowOp::kOutput;
  node.integer = run;
  node.real = index;
  node.site = site;
  return make(std::move(node));
}
NodeId FlowGraph::snapshot(FlowSnapshot content, SiteId site) {
  snapshots_.push_back(std::move(content));
  FlowNode node;
  node.op = FlowOp::kSnapshot;
  node.integer = static_cast<std::int64_t>(snapshots_.size() - 1);
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::choice(std::vector<NodeId> options) {
  std::vector<NodeId> distinct;
  for (const NodeId option : options) {
    const auto add_one = [&](NodeId one) {
      for (const NodeId known : distinct) {
        if (same(known, one, 8)) return;
      }
      distinct.push_back(one);
    };
    if (at(option).op == FlowOp::kChoice) {
      for (const NodeId inner : std::vector<NodeId>(at(option).args)) add_one(inner);
    } else {
      add_one(option);
    }
  }
  if (distinct.empty()) return unknown("no value");
  if (distinct.size() == 1) return distinct[0];
  FlowNode node;
  node.op = FlowOp::kChoice;
  node.args = std::move(distinct);
  return make(std::move(node));
}

NodeId FlowGraph::select(NodeId condition, NodeId yes, NodeId no, SiteId site) {
  if (yes == no || same(yes, no, 8)) return yes;
  if (const auto known = truth(condition)) return *known ? yes : no;
  if (condition == kNoNode) return choice({yes, no});
  // Typed alike, so that a constant on one side is read as the other side's type.
  if (at(yes).op == FlowOp::kFloat && at(no).op == FlowOp::kBits) no = as_real(no, at(yes).wide);
  if (at(no).op == FlowOp::kFloat && at(yes).op == FlowOp::kBits) yes = as_real(yes, at(no).wide);
  if (at(condition).op == FlowOp::kNot) return select(at(condition).args[0], no, yes, site);
  FlowNode node;
  node.op = FlowOp::kSelect;
  node.args = {condition, yes, no};
  node.site = site == kNoSite ? at(condition).site : site;
  return make(std::move(node));
}

NodeId FlowGraph::negate(NodeId condition) {
  if (condition == kNoNode) return kNoNode;
  if (const auto known = truth(condition)) return integer(*known ? 0 : 1);
  if (at(condition).op == FlowOp::kNot) return at(condition).args[0];
  FlowNode node;
  node.op = FlowOp::kNot;
  node.args = {condition};
  node.site = at(condition).site;
  return make(std::move(node));
}

// ---- typing ----

NodeId FlowGraph::as_integer(NodeId id, bool /*wide*/) {
  const FlowNode& node = at(id);
  if (node.op == FlowOp::kBits) return integer(node.integer, node.site);
  if (node.op == FlowOp::kNull) return integer(0, node.site);
  return id;
}
NodeId FlowGraph::as_real(NodeId id, bool wide) {
  const FlowNode& node = at(id);
  if (node.op == FlowOp::kBits || node.op == FlowOp::kNull) {
    const double value = wide ? std::bit_cast<double>(node.integer)
                              : static_cast<double>(std::bit_cast<float>(static_cast<std::int32_t>(node.integer)));
    return real(std::isfinite(value) ? value : (std::isnan(value) ? 0 : std::copysign(std::numeric_limits<double>::max(), value)),
                wide, node.site);
  }
  return id;
}
NodeId FlowGraph::as_reference(NodeId id) {
  const FlowNode& node = at(id);
  if ((node.op == FlowOp::kBits || node.op == FlowOp::kInt) && node.integer == 0) return null(node.site);
  return id;
}
NodeId FlowGraph::as_type(NodeId id, std::string_view descriptor) {
  if (descriptor.empty()) return id;
  switch (descriptor[0]) {
    case 'F': return as_real(id, false);
    case 'D': return as_real(id, true);
    case 'L': case '[': return as_reference(id);
    case 'J': return as_integer(id, true);
    default: return as_integer(id);
  }
}

// ---- integers ----

FlowGraph::Linear FlowGraph::linear(NodeId id) const {
  const FlowNode& node = at(id);
  Linear form;
  if (node.op == FlowOp::kInt || node.op == FlowOp::kBits) {
    form.constant = node.integer;
  } else if (node.op == FlowOp::kLinear) {
    form.constant = node.integer;
    for (std::size_t i = 0; i < node.args.size(); ++i) form.terms.emplace_back(node.args[i], node.coefficients[i]);
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
      if (!other || *other != *divisor || form.terms[j].second != form.terms[i].second * *divisor) continue;
      const std::int64_t factor = form.terms[i].second;
      const FlowGraph::Linear whole = graph.linear(rem.args[0]);
      form.terms.erase(form.terms.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
      form.terms.erase(form.terms.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
      form.constant += whole.constant * factor;
      for (const auto& [atom, coefficient] : whole.terms) form.terms.emplace_back(atom, coefficient * factor);
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
        merged.back().second += term.second;
      } else {
        merged.push_back(term);
      }
    }
    std::erase_if(merged, [](const auto& term) { return term.second == 0; });
    form.terms = std::move(merged);
  } while (fold_quotients(form, graph));
}

}  // namespace

NodeId FlowGraph::from_linear(const Linear& given, SiteId site) {
  Linear form = given;
  normalise(form, *this);
  if (form.terms.empty()) return integer(form.constant, site);
  if (form.constant == 0 && form.terms.size() == 1 && form.terms[0].second == 1) return form.terms[0].first;
  FlowNode node;
  node.op = FlowOp::kLinear;
  node.integer = form.constant;
  for (const auto& [atom, coefficient] : form.terms) {
    node.args.push_back(atom);
    node.coefficients.push_back(coefficient);
    if (std::abs(coefficient) > kMaxLinear || std::abs(form.constant) > kMaxLinear) {
      return unknown("large number", {atom}, site);
    }
  }
  node.site = site;
  return make(std::move(node));
}

NodeId FlowGraph::add(NodeId a, NodeId b, SiteId site) {
  Linear sum = linear(a);
  const Linear other = linear(b);
  sum.constant += other.constant;
  sum.terms.insert(sum.terms.end(), other.terms.begin(), other.terms.end());
  return from_linear(sum, site);
}
NodeId FlowGraph::scale(NodeId a, std::int64_t factor, SiteId site) {
  Linear form = linear(a);
  if (std::abs(factor) > kMaxLinear || std::abs(form.constant) > kMaxLinear) return unknown("large number", {a}, site);
  form.constant *= factor;
  for (auto& term : form.terms) term.second *= factor;
  return from_linear(form, site);
}
NodeId FlowGraph::subtract(NodeId a, NodeId b, SiteId site) { return add(a, scale(b, -1, site), site); }

std::optional<std::int64_t> FlowGraph::difference(NodeId a, NodeId b) const {
  Linear form = linear(a);
  const Linear other = linear(b);
  form.constant -= other.constant;
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
      case FlowOp::kDiv: if (r != 0) return integer(l / r, site); break;
      case FlowOp::kRem: if (r != 0) return integer(l % r, site); break;
      case FlowOp::kAnd: return integer(l & r, site);
      case FlowOp::kOr: return integer(l | r, site);
      case FlowOp::kXor: return integer(l ^ r, site);
      case FlowOp::kShl: return integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(l) << shift), site);
      case FlowOp::kShr: return integer(l >> shift, site);
      case FlowOp::kUshr: return integer(static_cast<std::int64_t>(static_cast<std::uint32_t>(l) >> shift), site);
      default: break;
    }
  }
  if ((op == FlowOp::kShl || op == FlowOp::kShr || op == FlowOp::kUshr) && y && *y == 0) return a;
  if (op == FlowOp::kShl && y && *y >= 0 && *y < 16) return scale(a, std::int64_t{1} << *y, site);
  if (op == FlowOp::kXor && y && *y == 1 && (at(a).op == FlowOp::kEq || at(a).op == FlowOp::kGt || at(a).op == FlowOp::kGe || at(a).op == FlowOp::kNot)) return negate(a);
  if (op == FlowOp::kAnd) {
    if (x && !y) std::swap(a, b);
    const auto mask = constant_integer(b);
    if (mask && *mask >= 0) {
      const std::int64_t all = *mask;
      // A mask of low bits that keeps every value of the operand changes nothing, and sees through narrowing.
      if ((all & (all + 1)) == 0) {
        const FlowRange bounds = range(a);
        if (bounds.low >= 0 && bounds.high <= static_cast<double>(all)) return a;
        const FlowNode& inner = at(a);
        if ((inner.op == FlowOp::kIntToByte && all <= 0xff) || (inner.op == FlowOp::kIntToShort && all <= 0xffff) ||
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
  if ((op == FlowOp::kDiv || op == FlowOp::kRem) && y && *y > 0) {
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
      if (bounds.low >= 0 && bounds.high < static_cast<double>(*y) && range(from_linear(multiple)).low >= 0) {
        return op == FlowOp::kDiv ? from_linear(multiple, site) : low;
      }
    } else {
      const FlowRange bounds = range(a);
      if (bounds.low >= 0 && bounds.high < static_cast<double>(*y)) return op == FlowOp::kDiv ? integer(0, site) : a;
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
      case FlowOp::kFAdd: value = *x + *y; break;
      case FlowOp::kFSub: value = *x - *y; break;
      case FlowOp::kFMul: value = *x * *y; break;
      case FlowOp::kFDiv: value = *x / *y; break;
      case FlowOp::kFRem: value = std::fmod(*x, *y); break;
      default: value = -*x; break;
    }
    // A sum of a constant and a literal keeps the place of the operand that varies between apps: the first with a site.
    if (std::isfinite(value)) return real(rounded(value, wide), wide, at(a).site != kNoSite ? at(a).site : site);
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
      return integer(*value > 0 ? std::numeric_limits<std::int32_t>::max() : std::numeric_limits<std::int32_t>::min(), site);
    }
    if (at(a).op == FlowOp::kIntToFloat) return at(a).args[0];
  } else {
    a = as_integer(a);
    if (const auto value = constant_integer(a)) {
      switch (op) {
        case FlowOp::kIntToFloat: return real(rounded(static_cast<double>(*value), wide), wide, at(a).site);
        case FlowOp::kIntToByte: return integer(static_cast<std::int8_t>(*value), at(a).site);
        case FlowOp::kIntToChar: return integer(static_cast<std::uint16_t>(*value), at(a).site);
        case FlowOp::kIntToShort: return integer(static_cast<std::int16_t>(*value), at(a).site);
        default: break;
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
  const bool references = at(a).op == FlowOp::kObject || at(b).op == FlowOp::kObject || at(a).op == FlowOp::kNull ||
                          at(b).op == FlowOp::kNull || at(a).op == FlowOp::kString || at(b).op == FlowOp::kString;
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
        case Relation::kEq: value = *x == *y; break;
        case Relation::kNe: value = *x != *y; break;
        case Relation::kLt: value = *x < *y; break;
        case Relation::kGe: value = *x >= *y; break;
        case Relation::kGt: value = *x > *y; break;
        case Relation::kLe: value = *x <= *y; break;
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
        case Relation::kEq: decided = d == 0; break;
        case Relation::kNe: decided = d != 0; break;
        case Relation::kLt: decided = d < 0; break;
        case Relation::kGe: decided = d >= 0; break;
        case Relation::kGt: decided = d > 0; break;
        case Relation::kLe: decided = d <= 0; break;
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
    const auto equality = [&](bool equal) { return integer((relation == Relation::kEq) == equal ? 1 : 0, site); };
    const FlowOp p = at(a).op;
    const FlowOp q = at(b).op;
    if (p == FlowOp::kNull && q == FlowOp::kNull) return equality(true);
    const auto solid = [](FlowOp op) {
      return op == FlowOp::kObject || op == FlowOp::kString || op == FlowOp::kClass || op == FlowOp::kSnapshot ||
             op == FlowOp::kConcat;
    };
    if ((p == FlowOp::kNull && solid(q)) || (q == FlowOp::kNull && solid(p))) return equality(false);
    if (p == FlowOp::kObject && q == FlowOp::kObject) return equality(at(a).integer == at(b).integer);
    if (at(a).op == FlowOp::kSelect && (q == FlowOp::kNull || q == FlowOp::kObject) && choices_ < kMaxFlowChoices) {
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
    case Relation::kNe: return negate(relate(Relation::kEq, a, b, site));
    case Relation::kLt: node.op = FlowOp::kGt; node.args = {b, a}; break;
    case Relation::kLe: node.op = FlowOp::kGe; node.args = {b, a}; break;
    case Relation::kEq: node.op = FlowOp::kEq; node.args = {a, b}; break;
    case Relation::kGt: node.op = FlowOp::kGt; node.args = {a, b}; break;
    case Relation::kGe: node.op = FlowOp::kGe; node.args = {a, b}; break;
  }
  return make(std::move(node));
}

// ---- facts about nodes ----

std::optional<std::int64_t> FlowGraph::constant_integer(NodeId id) const {
  const FlowNode& node = at(id);
  if (node.op == FlowOp::kInt || node.op == FlowOp::kBits) return node.integer;
  return std::nullopt;
}
std::optional<double> FlowGraph::constant_real(NodeId id) const {
  const FlowNode& node = at(id);
  if (node.op == FlowOp::kFloat) return node.real;
  if (node.op == FlowOp::kInt || node.op == FlowOp::kBits) return static_cast<double>(node.integer);
  return std::nullopt;
}
std::optional<std::string_view> FlowGraph::constant_string(NodeId id) const {
  if (at(id).op != FlowOp::kString) return std::nullopt;
  return at(id).text;
}
std::optional<bool> FlowGraph::truth(NodeId condition) const {
  if (condition == kNoNode) return std::nullopt;
  if (const auto value = constant_integer(condition)) return *value != 0;
  return std::nullopt;
}
bool FlowGraph::is_null(NodeId id) const {
  const FlowNode& node = at(id);
  return node.op == FlowOp::kNull || ((node.op == FlowOp::kBits || node.op == FlowOp::kInt) && node.integer == 0);
}

std::uint32_t FlowGraph::new_loop(SiteId site) {
  loops_.emplace_back();
  loops_.back().site = site;
  return static_cast<std::uint32_t>(loops_.size() - 1);
}
NodeId FlowGraph::loop_variable(std::uint32_t loop) {
  FlowNode node;
  node.op = FlowOp::kLoopVar;
  node.integer = loop;
  return make(std::move(node));
}
NodeId FlowGraph::new_phi(std::uint32_t loop, NodeId init) {
  phis_.push_back({loop, kNoNode, init, kNoNode});
  FlowNode node;
  node.op = FlowOp::kLoopPhi;
  node.integer = static_cast<std::int64_t>(phis_.size() - 1);
  const NodeId id = make(std::move(node));
  phis_.back().node = id;
  return id;
}
NodeId FlowGraph::loop_exit(NodeId phi) {
  FlowNode node;
  node.op = FlowOp::kLoopExit;
  node.args = {phi};
  return make(std::move(node));
}
SiteId FlowGraph::add_site(const FlowSite& site) {
  sites_.push_back(site);
  return static_cast<SiteId>(sites_.size() - 1);
}

}  // namespace dl::program
