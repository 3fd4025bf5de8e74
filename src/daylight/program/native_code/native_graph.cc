// SPDX-License-Identifier: Apache-2.0
// Builds the graph and walks it backwards.
#include "daylight/program/native_code/native_graph.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace dl::program {

using Kind = NativeReferenceKind;

struct NativeGraph::Builder {
  struct Edge {
    NativeNode to = kNoNode;
    PackedEdge packed;
  };

  NativeGraph& graph;
  const NativePointers& pointers;
  std::vector<Edge> edges = {};
  std::size_t joined = 0;  // edges before it are those of earlier functions

  NativeNode table_node(std::size_t index) const {
    return static_cast<NativeNode>(graph.functions_->size() + index);
  }

  NativeNode import_node(std::uint32_t symbol) const {
    const auto& all = graph.import_symbols_;
    const auto found = std::lower_bound(all.begin(), all.end(), symbol);
    if (found == all.end() || *found != symbol) return kNoNode;
    return table_node(graph.tables_.size()) + static_cast<NativeNode>(found - all.begin());
  }

  // The table whose header or words hold `address`.
  NativeNode table_holding(std::uint64_t address) const {
    const auto& tables = graph.tables_;
    const auto next =
        std::upper_bound(tables.begin(), tables.end(), address,
                         [](std::uint64_t a, const NativeTable& table) { return a < table.begin; });
    if (next == tables.begin() || address >= std::prev(next)->end) return kNoNode;
    return table_node(static_cast<std::size_t>(std::prev(next) - tables.begin()));
  }

  void add(NativeNode from, NativeNode to, std::uint64_t at, NativeEdgeKind kind) {
    if (to == kNoNode || from == to) return;
    const std::uint64_t distance = at - graph.base_;
    if (distance > kMaxNativeMapped) return;  // the references told that they end there
    edges.push_back({to, {from, static_cast<std::uint32_t>(distance), kind}});
  }

  // A reference to an address: of a function, of a table, or of neither.
  void add_address(FunctionId from, std::uint64_t to, std::uint64_t at) {
    if (const FunctionId callee = graph.functions_->at(to); callee != kNoFunction)
      return add(from, callee, at, NativeEdgeKind::kAddress);
    add(from, table_holding(to), at, NativeEdgeKind::kTable);
  }

  void add_slot(FunctionId from, const NativeReference& reference) {
    const NativePointer* pointer = pointers.at(reference.to);
    if (pointer == nullptr) return;
    const bool called = reference.kind != Kind::kLoad;
    if (pointer->imported) {
      const NativeNode to = import_node(pointer->symbol);
      return add(from, to, reference.from,
                 called ? NativeEdgeKind::kCall : NativeEdgeKind::kAddress);
    }
    if (!called) return add_address(from, pointer->target, reference.from);
    const FunctionId callee = graph.functions_->holding(pointer->target);
    if (callee != kNoFunction) add(from, callee, reference.from, NativeEdgeKind::kCall);
  }

  void add_reference(FunctionId from, const NativeReference& reference) {
    if (reference.is_code_flow()) {
      const FunctionId callee = graph.functions_->holding(reference.to);
      if (callee != kNoFunction) add(from, callee, reference.from, NativeEdgeKind::kCall);
    } else if (reference.kind == Kind::kAddress) {
      add_address(from, reference.to, reference.from);
    } else {
      add_slot(from, reference);
    }
  }

  void add_references(const NativeReferences& references) {
    edges.reserve(references.all().size());
    const auto functions = graph.functions_->all();
    std::size_t current = 0;
    for (const NativeReference reference : references.all()) {
      while (current < functions.size() && functions[current].end() <= reference.from) {
        ++current;
        join_repeated();
      }
      if (current == functions.size()) break;
      if (reference.from < functions[current].address) continue;
      add_reference(static_cast<FunctionId>(current), reference);
    }
    join_repeated();
  }

  // Of the edges that the last function made, keeps the first to each target of each kind: a
  // function may call another a hundred times.
  void join_repeated() {
    if (edges.size() - joined < 2) {
      joined = edges.size();
      return;
    }
    const auto first = edges.begin() + static_cast<std::ptrdiff_t>(joined);
    const auto key = [](const Edge& edge) { return std::pair(edge.to, edge.packed.kind); };
    std::stable_sort(first, edges.end(),
                     [&](const Edge& a, const Edge& b) { return key(a) < key(b); });
    edges.erase(std::unique(first, edges.end(),
                            [&](const Edge& a, const Edge& b) { return key(a) == key(b); }),
                edges.end());
    joined = edges.size();
  }

  void add_tables() {
    for (std::size_t i = 0; i < graph.tables_.size(); ++i) {
      const NativeTable& table = graph.tables_[i];
      for (const NativePointer& pointer : pointers.between(table.first, table.end)) {
        if (pointer.imported) continue;
        const FunctionId callee = graph.functions_->at(pointer.target);
        if (callee != kNoFunction) add(table_node(i), callee, pointer.slot, NativeEdgeKind::kTable);
      }
    }
  }

  void list_imports() const {
    auto& all = graph.import_symbols_;
    for (const NativePointer& pointer : pointers.all()) {
      if (pointer.imported) all.push_back(pointer.symbol);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }

  // Groups edges by target, with a counting sort: they are many.
  void index_edges() {
    auto& starts = graph.starts_;
    const std::size_t nodes =
        graph.functions_->size() + graph.tables_.size() + graph.import_symbols_.size();
    starts.assign(nodes + 1, 0);
    for (const Edge& edge : edges) ++starts[edge.to + 1];
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
    graph.edges_.resize(edges.size());
    std::vector<std::uint32_t> next = starts;
    for (const Edge& edge : edges) graph.edges_[next[edge.to]++] = edge.packed;
    edges = {};
  }
};

NativeGraph NativeGraph::build(const ElfFile& elf, const NativeFunctions& functions,
                               const NativePointers& pointers, const NativeReferences& references,
                               std::vector<NativeTable> tables) {
  NativeGraph graph;
  graph.elf_ = &elf;
  graph.functions_ = &functions;
  graph.tables_ = std::move(tables);
  graph.base_ = references.base();
  Builder builder{graph, pointers};
  builder.list_imports();
  builder.add_references(references);
  builder.add_tables();
  builder.index_edges();
  return graph;
}

const NativeTable* NativeGraph::table(NativeNode node) const {
  if (node < functions_->size() || node - functions_->size() >= tables_.size()) return nullptr;
  return &tables_[node - functions_->size()];
}

std::string_view NativeGraph::import_name(NativeNode node) const {
  const std::size_t first = functions_->size() + tables_.size();
  if (node < first || node - first >= import_symbols_.size()) return {};
  return elf_->symbols()[import_symbols_[node - first]].name;
}

std::vector<NativeNode> NativeGraph::imports() const {
  std::vector<NativeNode> out;
  const std::size_t first = functions_->size() + tables_.size();
  for (std::size_t i = 0; i < import_symbols_.size(); ++i)
    out.push_back(static_cast<NativeNode>(first + i));
  return out;
}

std::string NativeGraph::label(NativeNode node) const {
  if (is_function(node)) return functions_->label(node);
  if (const NativeTable* found = table(node)) {
    return found->class_name.empty() ? std::string("a table of functions")
                                     : "vtable of " + found->class_name;
  }
  return std::string(import_name(node));
}

std::vector<NativeEdge> NativeGraph::call_sites(NativeNode node) const {
  std::vector<NativeEdge> out;
  for (const NativeEdge edge : callers(node)) {
    const bool stub = is_function(edge.from) && (*functions_)[edge.from].is_stub();
    if (!stub) {
      out.push_back(edge);
      continue;
    }
    for (const NativeEdge through : callers(edge.from)) out.push_back(through);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const NativeEdge& a, const NativeEdge& b) { return a.at < b.at; });
  return out;
}

NativeClosure NativeGraph::leading_to(std::span<const NativeNode> targets) const {
  NativeClosure out;
  out.places_.resize(node_count(), 0);
  // Breadth first over plain calls; nodes that are only reached by one more indirect step wait for
  // the next round.
  std::deque<NativeNode> queue;
  std::vector<std::pair<NativeNode, NativeStep>> later;
  const auto reach = [&](NativeNode node, const NativeStep& step) {
    if (out.places_[node] != 0) return;
    out.steps_.push_back(step);
    out.places_[node] = static_cast<std::uint32_t>(out.steps_.size());
    out.nodes_.push_back(node);
    queue.push_back(node);
  };
  for (const NativeNode target : targets) {
    if (target < node_count()) reach(target, {});
  }
  while (!queue.empty()) {
    while (!queue.empty()) {
      const NativeNode node = queue.front();
      queue.pop_front();
      const NativeStep here = out.step(node);
      for (const NativeEdge edge : callers(node)) {
        // "Refers to a table that holds it" is two edges but one indirect step; a pointer to an
        // import is loaded in order to call it.
        const bool indirect = edge.kind != NativeEdgeKind::kCall && is_function(node);
        const NativeStep step{node, edge.at, edge.kind, here.indirect + (indirect ? 1U : 0U),
                              here.length + 1};
        if (indirect) {
          later.emplace_back(edge.from, step);
        } else {
          reach(edge.from, step);
        }
      }
    }
    std::stable_sort(later.begin(), later.end(), [](const auto& a, const auto& b) {
      return a.second.length < b.second.length;
    });
    for (const auto& [node, step] : later) reach(node, step);
    later.clear();
  }
  std::sort(out.nodes_.begin(), out.nodes_.end());
  return out;
}

}  // namespace dl::program
