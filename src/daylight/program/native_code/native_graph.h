// SPDX-License-Identifier: Apache-2.0
// Who calls whom in a native library: direct calls, tail calls, imports, addresses taken, tables of
// function pointers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_functions.h"
#include "daylight/program/native_code/native_pointers.h"
#include "daylight/program/native_code/native_references.h"
#include "daylight/program/native_code/native_tables.h"
#include "daylight/program/native_code/unpacked_range.h"

namespace dl::program {

// A function (its id), a table, or an imported symbol.
using NativeNode = std::uint32_t;
inline constexpr NativeNode kNoNode = 0xffffffffU;

enum class NativeEdgeKind : std::uint8_t {
  kCall,     // calls it, or jumps to it for good
  kAddress,  // takes its address: may call it, or hand it to somebody who does
  kTable,    // refers to the table that holds it: an object's constructor, a table of handlers
};

struct NativeEdge {
  NativeNode from = kNoNode;
  NativeNode to = kNoNode;
  std::uint64_t at = 0;  // the instruction; of a table's edge the word in it
  NativeEdgeKind kind = NativeEdgeKind::kCall;
};

// One way from some node to the nodes that were asked for.
struct NativeStep {
  NativeNode next = kNoNode;  // kNoNode at the end
  std::uint64_t at = 0;
  NativeEdgeKind kind = NativeEdgeKind::kCall;
  std::uint32_t indirect = 0;  // steps from here on that are no plain calls
  std::uint32_t length = 0;    // steps from here on
};

// What leads to a set of nodes: for each node that does, the first step of the way with the fewest
// indirect steps, then the fewest steps.
class NativeClosure {
 public:
  bool reaches(NativeNode node) const { return node < places_.size() && places_[node] != 0; }
  const NativeStep& step(NativeNode node) const { return steps_[places_[node] - 1]; }
  // All nodes that lead there, those asked for included, in id order.
  const std::vector<NativeNode>& nodes() const { return nodes_; }

 private:
  friend class NativeGraph;
  // Few nodes of many lead somewhere, and there is a closure for each call.
  std::vector<std::uint32_t>
      places_;  // by node: 1 + its place in steps_, 0 if it does not lead there
  std::vector<NativeStep> steps_;
  std::vector<NativeNode> nodes_;
};

// Immutable; const methods are thread safe; what it is built from must outlive it. Edges
// over-approximate indirect calls (an address that is taken may be called) and do not see pointers
// that are computed at run time.
class NativeGraph {
 public:
  static NativeGraph build(const ElfFile& elf, const NativeFunctions& functions,
                           const NativePointers& pointers, const NativeReferences& references,
                           std::vector<NativeTable> tables);

  std::size_t node_count() const { return starts_.empty() ? 0 : starts_.size() - 1; }
  bool is_function(NativeNode node) const { return node < functions_->size(); }
  // Null if the node is no table.
  const NativeTable* table(NativeNode node) const;
  const std::vector<NativeTable>& tables() const { return tables_; }
  // The imported symbol's name; empty if the node is no import.
  std::string_view import_name(NativeNode node) const;
  // All imported symbols that something points to, as nodes.
  std::vector<NativeNode> imports() const;
  // A function's label, "vtable of X", "table +0x..", or the import's name.
  std::string label(NativeNode node) const;

  // Edges that end at the node, by caller: of each kind the first that a caller makes.
  auto callers(NativeNode node) const {
    const std::span<const PackedEdge> packed(edges_.data() + starts_[node],
                                             starts_[node + 1] - starts_[node]);
    return UnpackedRange(packed, [node, base = base_](const PackedEdge& edge) {
      return NativeEdge{edge.from, node, base + edge.at, edge.kind};
    });
  }
  // The same, with the callers of linkage stubs in place of the stubs: who really uses an import.
  std::vector<NativeEdge> call_sites(NativeNode node) const;
  // Everything that leads to one of `targets`.
  NativeClosure leading_to(std::span<const NativeNode> targets) const;

 private:
  struct Builder;
  // An edge as it is kept, by the node where it ends: there are millions.
  struct PackedEdge {
    NativeNode from = kNoNode;
    std::uint32_t at = 0;  // relative to base_
    NativeEdgeKind kind = NativeEdgeKind::kCall;
  };

  const ElfFile* elf_ = nullptr;
  const NativeFunctions* functions_ = nullptr;
  std::vector<NativeTable> tables_;
  std::vector<std::uint32_t> import_symbols_;  // sorted; node = functions + tables + position
  std::uint64_t base_ = 0;                     // the first mapped address
  std::vector<PackedEdge> edges_;              // by target
  std::vector<std::uint32_t> starts_;          // of each node's edges
};

}  // namespace dl::program
