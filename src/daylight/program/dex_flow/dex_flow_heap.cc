// SPDX-License-Identifier: Apache-2.0
// The persistent heap, and what an object holds where two ways meet.
#include "daylight/program/dex_flow/dex_flow_heap.h"

#include <algorithm>

namespace dl::program {
namespace {

bool same_write(const FlowWrite& a, const FlowWrite& b) {
  return a.index == b.index && a.value == b.value && a.guard == b.guard && a.count == b.count &&
         a.multiply == b.multiply && a.divide == b.divide;
}
bool same_base(const FlowBase& a, const FlowBase& b) {
  return a.source == b.source && a.multiply == b.multiply && a.divide == b.divide &&
         a.start == b.start;
}

NodeId both(FlowGraph& graph, NodeId outer, NodeId inner) {
  if (inner == kNoNode) return outer;
  if (outer == kNoNode) return inner;
  return graph.integer_op(FlowOp::kAnd, outer, inner, kNoSite);
}

FlowSnapshot merge_content(FlowGraph& graph, NodeId condition, const FlowSnapshot& yes,
                           const FlowSnapshot& no, SiteId site) {
  FlowSnapshot merged = yes;
  const auto length = [&](NodeId a, NodeId b) {
    if (a == b) return a;
    if (a == kNoNode || b == kNoNode) return graph.unknown("length");
    return graph.select(condition, a, b);
  };
  merged.length = length(yes.length, no.length);
  if (!same_base(yes.base, no.base) || condition == kNoNode) {
    if (same_base(yes.base, no.base) && yes.writes.size() == no.writes.size() &&
        std::equal(yes.writes.begin(), yes.writes.end(), no.writes.begin(), same_write)) {
      return merged;
    }
    merged.base = {};
    merged.base.source =
        condition == kNoNode
            ? graph.choice({graph.snapshot(yes, site), graph.snapshot(no, site)})
            : graph.select(condition, graph.snapshot(yes, site), graph.snapshot(no, site), site);
    merged.writes.clear();
    return merged;
  }
  std::size_t common = 0;
  while (common < yes.writes.size() && common < no.writes.size() &&
         same_write(yes.writes[common], no.writes[common])) {
    ++common;
  }
  merged.writes.resize(common);
  const auto append = [&](const FlowSnapshot& from, NodeId guard) {
    for (std::size_t i = common; i < from.writes.size(); ++i) {
      merged.writes.push_back(from.writes[i]);
      merged.writes.back().guard = both(graph, guard, from.writes[i].guard);
    }
  };
  // Both ways wrote the same place once: one write of a chosen value reads better than two guarded
  // ones.
  if (yes.writes.size() == common + 1 && no.writes.size() == common + 1 &&
      yes.writes[common].index == no.writes[common].index && yes.writes[common].count == kNoNode &&
      no.writes[common].count == kNoNode && yes.writes[common].guard == no.writes[common].guard) {
    merged.writes.push_back(yes.writes[common]);
    merged.writes.back().value =
        graph.select(condition, yes.writes[common].value, no.writes[common].value);
    return merged;
  }
  append(yes, condition);
  append(no, graph.negate(condition));
  return merged;
}

}  // namespace

NodeId FlowObject::get(FieldId field) const {
  const auto found =
      std::lower_bound(fields.begin(), fields.end(), field,
                       [](const auto& pair, FieldId key) { return pair.first < key; });
  return found != fields.end() && found->first == field ? found->second : kNoNode;
}

void FlowObject::set(FieldId field, NodeId value) {
  const auto found =
      std::lower_bound(fields.begin(), fields.end(), field,
                       [](const auto& pair, FieldId key) { return pair.first < key; });
  if (found != fields.end() && found->first == field) {
    found->second = value;
  } else {
    fields.insert(found, {field, value});
  }
}

const FlowObject* FlowHeap::find(ObjectId id) const {
  const std::size_t chunk = id / kChunk;
  if (chunk >= chunks_.size() || !chunks_[chunk]) return nullptr;
  return (*chunks_[chunk])[id % kChunk].get();
}

FlowObjectPtr FlowHeap::share(ObjectId id) const {
  const std::size_t chunk = id / kChunk;
  if (chunk >= chunks_.size() || !chunks_[chunk]) return nullptr;
  return (*chunks_[chunk])[id % kChunk];
}

void FlowHeap::put(FlowObjectPtr object) {
  const ObjectId id = object->id;
  const std::size_t chunk = id / kChunk;
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (!chunks_[chunk]) {
    chunks_[chunk] = std::make_shared<Chunk>();
  } else if (chunks_[chunk].use_count() > 1) {
    chunks_[chunk] = std::make_shared<Chunk>(*chunks_[chunk]);
  }
  (*chunks_[chunk])[id % kChunk] = std::move(object);
}

std::vector<ObjectId> FlowHeap::differences(const FlowHeap& a, const FlowHeap& b) {
  std::vector<ObjectId> result;
  const std::size_t chunks = std::max(a.chunks_.size(), b.chunks_.size());
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const Chunk* left = chunk < a.chunks_.size() ? a.chunks_[chunk].get() : nullptr;
    const Chunk* right = chunk < b.chunks_.size() ? b.chunks_[chunk].get() : nullptr;
    if (left == right) continue;
    for (std::size_t i = 0; i < kChunk; ++i) {
      const FlowObject* x = left != nullptr ? (*left)[i].get() : nullptr;
      const FlowObject* y = right != nullptr ? (*right)[i].get() : nullptr;
      if (x != y) result.push_back(static_cast<ObjectId>(chunk * kChunk + i));
    }
  }
  return result;
}

std::vector<ObjectId> FlowHeap::ids() const { return differences(*this, FlowHeap()); }

FlowObjectPtr merge_objects(FlowGraph& graph, NodeId condition, const FlowObjectPtr& yes,
                            const FlowObjectPtr& no) {
  if (!yes || yes == no) return no;
  if (!no) return yes;
  auto merged = std::make_shared<FlowObject>(*yes);
  for (const auto& [field, value] : no->fields) {
    if (yes->get(field) == kNoNode) merged->set(field, kNoNode);
  }
  for (auto& [field, value] : merged->fields) {
    const NodeId a = yes->get(field);
    const NodeId b = no->get(field);
    if (a == b) continue;
    if (yes->ambient && (a == kNoNode || b == kNoNode)) {
      value = a == kNoNode
                  ? b
                  : a;  // the other way would have found the same value by asking who sets it
      continue;
    }
    const auto or_default = [&](NodeId id) { return id != kNoNode ? id : graph.bits(0, kNoSite); };
    value = graph.select(condition, or_default(a), or_default(b));
  }
  merged->content = merge_content(graph, condition, yes->content, no->content, yes->site);
  return merged;
}

}  // namespace dl::program
