// SPDX-License-Identifier: Apache-2.0
// The words of a native library that the dynamic linker fills: where each lies and what it will
// point to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daylight/format/code/elf.h"

namespace dl::program {

// Pointers that are kept of one library; more are a gap.
inline constexpr std::size_t kMaxNativePointers = std::size_t{2} << 20;

// One word of data that holds an address once the library is loaded.
struct NativePointer {
  std::uint64_t slot = 0;    // where the word lies (virtual address)
  std::uint64_t target = 0;  // what it points to inside this library; 0 for an import
  std::uint32_t symbol = 0;  // index into ElfFile::symbols() where the pointer is symbolic, else 0
  bool imported = false;     // the symbol is undefined: another library defines the target
  bool jump_slot = false;    // belongs to the procedure linkage table
};

// Immutable; const methods are thread safe.
class NativePointers {
 public:
  // From RELATIVE, GLOB_DAT, JUMP_SLOT and 64-bit absolute relocations, whatever table they stand
  // in (also RELR and Android's packed ones). A symbol that this library defines is taken to be the
  // one that is used, though a library that is loaded earlier could replace it.
  static NativePointers read(const ElfFile& elf, const std::string& where, GapList& gaps);

  // By slot, each once.
  std::span<const NativePointer> all() const { return pointers_; }
  // The pointer at exactly this address, or null.
  const NativePointer* at(std::uint64_t slot) const;
  // Those with begin <= slot < end.
  std::span<const NativePointer> between(std::uint64_t begin, std::uint64_t end) const;

 private:
  std::vector<NativePointer> pointers_;
};

}  // namespace dl::program
