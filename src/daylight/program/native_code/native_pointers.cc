// SPDX-License-Identifier: Apache-2.0
// Turns relocations into pointers with known targets.
#include "daylight/program/native_code/native_pointers.h"

#include <algorithm>
#include <optional>

namespace dl::program {
namespace {

enum class PointerKind { kOther, kRelative, kAbsolute, kGlobal, kJump };

// Relocation types of the psABIs of AArch64 and x86-64.
PointerKind kind_of(ElfMachine machine, std::uint32_t type) {
  if (machine == ElfMachine::kArm64) {
    switch (type) {
      case 257:
        return PointerKind::kAbsolute;
      case 1025:
        return PointerKind::kGlobal;
      case 1026:
        return PointerKind::kJump;
      case 1027:
        return PointerKind::kRelative;
      default:
        return PointerKind::kOther;
    }
  }
  if (machine != ElfMachine::kX86_64) return PointerKind::kOther;
  switch (type) {
    case 1:
      return PointerKind::kAbsolute;
    case 6:
      return PointerKind::kGlobal;
    case 7:
      return PointerKind::kJump;
    case 8:
      return PointerKind::kRelative;
    default:
      return PointerKind::kOther;
  }
}

std::uint64_t addend_of(const ElfFile& elf, const ElfRelocation& relocation) {
  if (relocation.explicit_addend) return static_cast<std::uint64_t>(relocation.addend);
  const auto word = elf.at_address(relocation.address, 8);
  return word ? load_le<std::uint64_t>(*word, 0).value_or(0) : 0;
}

std::optional<NativePointer> pointer_of(const ElfFile& elf, const ElfRelocation& relocation) {
  const PointerKind kind = kind_of(elf.machine(), relocation.type);
  if (kind == PointerKind::kOther) return std::nullopt;
  NativePointer pointer;
  pointer.slot = relocation.address;
  pointer.jump_slot = kind == PointerKind::kJump;
  if (kind == PointerKind::kRelative || relocation.symbol == 0) {
    pointer.target = addend_of(elf, relocation);
    return pointer;
  }
  if (relocation.symbol >= elf.symbols().size()) return std::nullopt;
  const ElfSymbol& symbol = elf.symbols()[relocation.symbol];
  pointer.symbol = relocation.symbol;
  pointer.imported = !symbol.defined();
  // The word of a jump slot holds the lazy stub, not an addend.
  const bool plain = kind != PointerKind::kJump || relocation.explicit_addend;
  if (!pointer.imported)
    pointer.target = symbol.value + (plain ? addend_of(elf, relocation) : std::uint64_t{0});
  return pointer;
}

bool by_slot(const NativePointer& a, const NativePointer& b) { return a.slot < b.slot; }
bool before(const NativePointer& pointer, std::uint64_t slot) { return pointer.slot < slot; }

}  // namespace

NativePointers NativePointers::read(const ElfFile& elf, const std::string& where, GapList& gaps) {
  NativePointers out;
  for (const ElfRelocation& relocation : elf.relocations(&gaps)) {
    const auto pointer = pointer_of(elf, relocation);
    if (!pointer) continue;
    if (out.pointers_.size() >= kMaxNativePointers) {
      gaps.add(where, "more than " + std::to_string(kMaxNativePointers) +
                          " pointers are relocated: the rest is not followed");
      break;
    }
    out.pointers_.push_back(*pointer);
  }
  std::stable_sort(out.pointers_.begin(), out.pointers_.end(), by_slot);
  const auto last =
      std::unique(out.pointers_.begin(), out.pointers_.end(),
                  [](const NativePointer& a, const NativePointer& b) { return a.slot == b.slot; });
  out.pointers_.erase(last, out.pointers_.end());
  return out;
}

const NativePointer* NativePointers::at(std::uint64_t slot) const {
  const auto found = std::lower_bound(pointers_.begin(), pointers_.end(), slot, before);
  return found != pointers_.end() && found->slot == slot ? &*found : nullptr;
}

std::span<const NativePointer> NativePointers::between(std::uint64_t begin,
                                                       std::uint64_t end) const {
  const auto first = std::lower_bound(pointers_.begin(), pointers_.end(), begin, before);
  const auto last = std::lower_bound(first, pointers_.end(), end, before);
  return {first, last};
}

}  // namespace dl::program
