// SPDX-License-Identifier: Apache-2.0
// The expression graph: hash-consing, typing of DEX constants, folding of arithmetic and
// conditions.
#include "daylight/program/dex_flow/dex_flow_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace dl::program {

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
  for (const std::int64_t coefficient : key.coefficients)
    mix(static_cast<std::uint64_t>(coefficient));
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
    case FlowOp::kUnknown:
    case FlowOp::kBits:
    case FlowOp::kInt:
    case FlowOp::kFloat:
    case FlowOp::kNull:
    case FlowOp::kString:
    case FlowOp::kClass:
    case FlowOp::kField:
    case FlowOp::kCall:
    case FlowOp::kPixels:
      keeps_site = true;
      break;
    default:
      break;
  }
  Key key{node.op,
          node.wide,
          keeps_site ? node.site : kNoSite,
          node.integer,
          std::bit_cast<std::uint64_t>(node.real),
          node.text.empty() ? nullptr : node.text.data(),
          node.args,
          node.coefficients};
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

NodeId FlowGraph::concat(const std::vector<NodeId>& parts, SiteId site) {
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

NodeId FlowGraph::choice(const std::vector<NodeId>& options) {
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
    const double value =
        wide ? std::bit_cast<double>(node.integer)
             : static_cast<double>(std::bit_cast<float>(static_cast<std::int32_t>(node.integer)));
    return real(
        std::isfinite(value)
            ? value
            : (std::isnan(value) ? 0 : std::copysign(std::numeric_limits<double>::max(), value)),
        wide, node.site);
  }
  return id;
}
NodeId FlowGraph::as_reference(NodeId id) {
  // Only an untyped zero is null: an integer 0 that stands for a reference is a boxed number.
  const FlowNode& node = at(id);
  if (node.op == FlowOp::kBits && node.integer == 0) return null(node.site);
  return id;
}
NodeId FlowGraph::as_type(NodeId id, std::string_view descriptor) {
  if (descriptor.empty()) return id;
  switch (descriptor[0]) {
    case 'F':
      return as_real(id, false);
    case 'D':
      return as_real(id, true);
    case 'L':
    case '[':
      return as_reference(id);
    case 'J':
      return as_integer(id, true);
    default:
      return as_integer(id);
  }
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
  return node.op == FlowOp::kNull ||
         ((node.op == FlowOp::kBits || node.op == FlowOp::kInt) && node.integer == 0);
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
