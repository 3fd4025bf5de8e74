// SPDX-License-Identifier: Apache-2.0
// One native library as code: its functions, what their instructions refer to, and who calls whom.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_functions.h"
#include "daylight/program/native_code/native_graph.h"
#include "daylight/program/native_code/native_pointers.h"
#include "daylight/program/native_code/native_references.h"
#include "daylight/program/native_code/native_tables.h"

namespace dl::program {

// Words that are looked at on the ways from one constant to the instructions that use it.
inline constexpr std::size_t kMaxPointerWalk = 16'384;
// Words between an instruction and a constant: the global offset table points to a table, which
// points to the constant.
inline constexpr int kMaxPointerDepth = 2;

// Immutable; const methods are thread safe. The ElfFile must outlive it (and stay where it is).
// Parts hold pointers to each other, so the object lies on the heap.
class NativeCode {
 public:
  // Reads all code of the library once. kUnsupported for machines other than AArch64 and x86-64
  // (the message says which it is), kNotFound if it has no code. What else cannot be read is in
  // gaps().
  static Result<std::unique_ptr<const NativeCode>> read(const ElfFile& elf, std::string where);

  const ElfFile& elf() const { return elf_; }
  const NativePointers& pointers() const { return pointers_; }
  const NativeFunctions& functions() const { return functions_; }
  const NativeReferences& references() const { return references_; }
  const NativeGraph& graph() const { return graph_; }
  const std::vector<RegisteredNative>& registered_natives() const { return registered_; }
  const GapList& gaps() const { return gaps_; }

  // The instructions that use the constant that begins at `address`: by its address, or by that of
  // a word that points to it, or of a table of pointers that holds such a word. By instruction.
  std::vector<NativeReference> uses_of_constant(std::uint64_t address) const;

 private:
  NativeCode(const ElfFile& elf, std::string where);
  void read_code();
  void find_functions(const std::vector<ElfRange>& areas);
  void index_pointers();
  void add_uses(std::uint64_t address, int depth, std::size_t& budget,
                std::vector<NativeReference>& out) const;

  const ElfFile& elf_;
  std::string where_;
  GapList gaps_;
  NativePointers pointers_;
  NativeFunctions functions_;
  NativeReferences references_;
  NativeGraph graph_;
  std::vector<RegisteredNative> registered_;
  std::vector<std::uint32_t> pointers_by_target_;  // indices into pointers_.all(), no imports
};

}  // namespace dl::program
