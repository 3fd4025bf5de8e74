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
#include "daylight/program/native_code/unpacked_range.h"

namespace dl::program {

// Bytes of code of one library that are read; more are a gap.
inline constexpr std::uint64_t kMaxNativeCodeBytes = std::uint64_t{512} << 20;
// A library that maps more than this is read up to it, with a gap.
inline constexpr std::uint64_t kMaxNativeMapped = 0xffffffffU;
// Instructions that are told to use one address, the first ones: who uses it more often tells
// nothing.
inline constexpr std::size_t kMaxUsesOfAddress = 65'536;

// Immutable; const methods are thread safe.
class NativeReferences {
  auto unpacked(std::span<const PackedReference> packed) const {
    return UnpackedRange(packed, [base = base_](const PackedReference& reference) {
      return reference.unpack(base);
    });
  }
  std::span<const PackedReference> range_of(const NativeFunction& function) const;

 public:
  // Reads all code of `areas` once. Functions of `known` are read one by one, so that what is known
  // of registers does not pass from one to the next; code between them is read as it lies.
  static NativeReferences read(const ElfFile& elf, std::span<const ElfRange> areas,
                               const NativeFunctions& known, const std::string& where,
                               GapList& gaps);

  // In the order of the instructions; after drop_code_flow() without calls and branches.
  auto all() const { return unpacked(references_); }
  auto made_by(const NativeFunction& function) const { return unpacked(range_of(function)); }
  // Those of other kinds than calls and branches whose target is `address`, by instruction; at most
  // kMaxUsesOfAddress.
  std::vector<NativeReference> data_uses(std::uint64_t address) const;

  // Drops calls and branches, once a graph holds them.
  void drop_code_flow();
  // Drops branches that stay inside one function.
  void drop_inner_branches(const NativeFunctions& functions);
  // Makes data_uses() work. Call once, after the last change of what it covers.
  void index_targets();

  std::uint64_t base() const { return base_; }  // the first mapped address
  std::uint64_t code_bytes() const { return code_bytes_; }
  std::uint64_t undecoded_bytes() const { return undecoded_; }

 private:
  std::uint64_t base_ = 0;  // the first mapped address
  std::vector<PackedReference> references_;
  // References by target, then instruction. Those to the targets of one bucket (1 << bucket_bits_
  // addresses) lie between two starts.
  unsigned bucket_bits_ = 8;
  std::vector<std::uint32_t> by_target_;
  std::vector<std::uint32_t> starts_;
  std::uint64_t code_bytes_ = 0;
  std::uint64_t undecoded_ = 0;
};

// Function starts that only code shows: targets of calls, and the stubs through which the library
// calls its imports (named after them). By address.
std::vector<FunctionStart> discovered_function_starts(const ElfFile& elf,
                                                      std::span<const ElfRange> areas,
                                                      const NativeReferences& references,
                                                      const NativePointers& pointers);

}  // namespace dl::program
