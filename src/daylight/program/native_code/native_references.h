// SPDX-License-Identifier: Apache-2.0
// Every reference that a native library's code makes: who calls, jumps to, takes the address of or
// loads what.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_functions.h"
#include "daylight/program/native_code/native_instructions.h"
#include "daylight/program/native_code/native_pointers.h"

namespace dl::program {

// Bytes of code of one library that are read; more are a gap.
inline constexpr std::uint64_t kMaxNativeCodeBytes = std::uint64_t{512} << 20;

// Immutable; const methods are thread safe.
class NativeReferences {
 public:
  // Reads all code of `areas` once. Functions of `known` are read one by one, so that what is known
  // of registers does not pass from one to the next; code between them is read as it lies.
  static NativeReferences read(const ElfFile& elf, std::span<const ElfRange> areas,
                               const NativeFunctions& known, const std::string& where,
                               GapList& gaps);

  // In the order of the instructions.
  std::span<const NativeReference> all() const { return references_; }
  std::span<const NativeReference> made_by(const NativeFunction& function) const;
  // Those of other kinds than calls and branches whose target is `address`, by instruction.
  std::vector<NativeReference> data_uses(std::uint64_t address) const;

  // Drops branches that stay inside one function.
  void drop_inner_branches(const NativeFunctions& functions);
  // Makes data_uses() work. Call once, after the last change.
  void index_targets();

  std::uint64_t code_bytes() const { return code_bytes_; }
  std::uint64_t undecoded_bytes() const { return undecoded_; }

 private:
  std::vector<NativeReference> references_;
  std::vector<std::uint32_t> by_target_;  // without calls and branches
  std::uint64_t code_bytes_ = 0;
  std::uint64_t undecoded_ = 0;
};

// Function starts that only code shows: targets of calls, and the stubs through which the library
// calls its imports (named after them).
std::vector<FunctionStart> discovered_function_starts(const ElfFile& elf,
                                                      const NativeReferences& references,
                                                      const NativePointers& pointers);

}  // namespace dl::program
