// SPDX-License-Identifier: Apache-2.0
// Applies relocations: what each asks for, and where the named thing lies.
// Sources: ELF for the Arm 64-bit Architecture, 5.7; System V ABI for x86-64, 4.4; ELF Handling For
// Thread-Local Storage; the order of lookups as bionic's linker has it.
#include <string>
#include <utility>

#include "daylight/guest/image/guest_words.h"
#include "daylight/guest/image/library_loader.h"

namespace dl::guest {
namespace {

constexpr std::uint8_t kIndirectFunction = 10;  // STT_GNU_IFUNC
constexpr std::uint8_t kDataObject = 1;         // STT_OBJECT
constexpr std::uint8_t kThreadLocalSymbol = 6;  // STT_TLS
constexpr std::uint8_t kWeak = 2;

using Relocation = LibraryLoader::Relocation;

Relocation kind_of(ElfMachine machine, std::uint32_t type) {
  if (machine == ElfMachine::kArm64) {
    switch (type) {
      case 0:
        return Relocation::kNone;
      case 257:   // ABS64
      case 1025:  // GLOB_DAT
      case 1026:  // JUMP_SLOT
        return Relocation::kSymbol;
      case 1027:
        return Relocation::kRelative;
      case 1032:
        return Relocation::kIndirect;
      case 1028:  // TLS_DTPMOD
        return Relocation::kThreadModule;
      case 1029:  // TLS_DTPREL
        return Relocation::kThreadOffset;
      case 1030:  // TLS_TPREL
        return Relocation::kThreadStatic;
      case 1031:
        return Relocation::kThreadDescriptor;
      default:
        return Relocation::kOther;
    }
  }
  switch (type) {
    case 0:
      return Relocation::kNone;
    case 1:  // 64
      return Relocation::kSymbol;
    case 6:  // GLOB_DAT
    case 7:  // JUMP_SLOT
      return Relocation::kSymbolNoAddend;
    case 8:
      return Relocation::kRelative;
    case 37:
      return Relocation::kIndirect;
    case 16:  // DTPMOD64
      return Relocation::kThreadModule;
    case 17:  // DTPOFF64
      return Relocation::kThreadOffset;
    case 18:  // TPOFF64
      return Relocation::kThreadStatic;
    case 36:
      return Relocation::kThreadDescriptor;
    default:
      return Relocation::kOther;
  }
}

// Whether calls go through the relocated word, and nothing else: JUMP_SLOT.
bool is_call_slot(ElfMachine machine, std::uint32_t type) {
  return type == (machine == ElfMachine::kArm64 ? 1026U : 7U);
}

}  // namespace

Result<std::uint64_t> LibraryLoader::resolve(GuestLibrary& library, const ElfSymbol& symbol,
                                             const std::vector<GuestLibrary*>& scope) {
  if (symbol.defined() && (symbol.binding == 0 || symbol.visibility != 0))
    return library.bias + symbol.value;
  for (GuestLibrary* const candidate : scope) {
    const auto found = candidate->defined.find(symbol.name);
    if (found == candidate->defined.end()) continue;
    const ElfSymbol& definition = candidate->elf.symbols()[found->second];
    std::uint64_t address = candidate->bias + definition.value;
    if (definition.type == kIndirectFunction) {
      const auto chosen = engine_.call(address, {});
      if (!chosen) {
        set_fault(chosen.error());
        return fail(ErrorCode::kCorrupt,
                    "choosing a version of a function faults: " + chosen.error().what,
                    library.name);
      }
      address = chosen->integer;
    }
    return address;
  }
  if (symbol.defined()) return library.bias + symbol.value;
  const std::string name(symbol.name);
  if (const auto system = world_.import(name)) return *system;
  const bool weak = symbol.binding == kWeak;
  const bool data = symbol.type == kDataObject;
  missing_.push_back({library.name, name, weak, data});
  if (weak) return 0;
  return world_.missing(library.name, name, data);
}

// Where the variable of a relocation lies, without its addend.
Result<ThreadPlace> LibraryLoader::thread_place(GuestLibrary& library, std::uint32_t number,
                                                const std::vector<GuestLibrary*>& scope) {
  const auto inside = [&](GuestLibrary& of, std::uint64_t offset) -> Result<ThreadPlace> {
    if (of.thread_module == 0)
      return fail(ErrorCode::kCorrupt,
                  "means a thread-local variable of " + of.name + ", which has none", library.name);
    return ThreadPlace{of.thread_module, offset};
  };
  if (number == 0) return inside(library, 0);
  const ElfSymbol& symbol = library.elf.symbols()[number];
  if (symbol.defined() && (symbol.binding == 0 || symbol.visibility != 0))
    return inside(library, symbol.value);
  for (GuestLibrary* const candidate : scope) {
    const auto found = candidate->defined.find(symbol.name);
    if (found == candidate->defined.end()) continue;
    const ElfSymbol& definition = candidate->elf.symbols()[found->second];
    if (definition.type != kThreadLocalSymbol)
      return fail(
          ErrorCode::kCorrupt,
          "means a thread-local variable, which " + candidate->name + " has as another thing",
          library.name);
    return inside(*candidate, definition.value);
  }
  if (symbol.defined()) return inside(library, symbol.value);
  const std::string name(symbol.name);
  const bool weak = symbol.binding == kWeak;
  missing_.push_back({library.name, name, weak, true});
  // One for all threads: it lies where other data that nobody has do.
  if (weak) return ThreadPlace{};
  return ThreadPlace{0, TRY(world_.missing(library.name, name, true))};
}

Result<void> LibraryLoader::write_thread_place(GuestLibrary& library, Relocation kind,
                                               std::uint64_t at, const ThreadPlace& place) {
  if (kind == Relocation::kThreadModule) {
    write_word(at, place.module);
  } else if (kind == Relocation::kThreadOffset) {
    write_word(at, place.offset);
  } else {
    if (!library.holds(at + 15) || !arena_.allows(at, 16, kPageWrite))
      return fail(ErrorCode::kCorrupt, "a relocation points out of the library", library.name);
    write_word(at, TRY(thread_storage_.descriptor_code()));
    write_word(at + 8, ThreadStorage::descriptor_word(place.module, place.offset));
  }
  return {};
}

void LibraryLoader::note_import(GuestLibrary& library, const ElfRelocation& relocation,
                                std::uint64_t target) {
  const ImportSlot slot{library.bias + relocation.address, target, at(target),
                        library.elf.symbols()[relocation.symbol].name};
  if (ConstructorWatch::is_candidate(library, slot)) import_slots_[&library].push_back(slot);
}

Result<void> LibraryLoader::relocate(GuestLibrary& library,
                                     const std::vector<GuestLibrary*>& scope) {
  const auto& symbols = library.elf.symbols();
  GapList gaps;
  std::vector<std::optional<std::uint64_t>> known(symbols.size());
  std::vector<ElfRelocation> indirect;
  for (const ElfRelocation& relocation : library.elf.relocations(&gaps)) {
    const Relocation kind = kind_of(machine_, relocation.type);
    if (kind == Relocation::kNone) continue;
    const std::uint64_t at = library.bias + relocation.address;
    // Nothing outside of the library is written, whatever the file says.
    if (!library.holds(at) || !library.holds(at + 7) || !arena_.allows(at, 8, kPageWrite))
      return fail(ErrorCode::kCorrupt, "a relocation points out of the library", library.name);
    const std::uint64_t addend =
        relocation.explicit_addend ? static_cast<std::uint64_t>(relocation.addend) : read_word(at);
    switch (kind) {
      case Relocation::kRelative:
        write_word(at, library.bias + addend);
        break;
      case Relocation::kIndirect:
        indirect.push_back(relocation);
        indirect.back().addend = static_cast<std::int64_t>(addend);
        break;
      case Relocation::kSymbol:
      case Relocation::kSymbolNoAddend: {
        if (relocation.symbol >= symbols.size())
          return fail(ErrorCode::kCorrupt, "a relocation names no symbol", library.name);
        auto& value = known[relocation.symbol];
        if (relocation.symbol == 0) value = 0;
        if (!value) value = TRY(resolve(library, symbols[relocation.symbol], scope));
        const bool with = kind == Relocation::kSymbol && relocation.explicit_addend;
        write_word(at, *value == 0 ? 0 : *value + (with ? addend : 0));
        if (is_call_slot(machine_, relocation.type))
          note_import(library, relocation, read_word(at));
        break;
      }
      case Relocation::kThreadModule:
      case Relocation::kThreadOffset:
      case Relocation::kThreadDescriptor: {
        if (relocation.symbol >= symbols.size() && relocation.symbol != 0)
          return fail(ErrorCode::kCorrupt, "a relocation names no symbol", library.name);
        ThreadPlace place = TRY(thread_place(library, relocation.symbol, scope));
        place.offset += addend;
        TRY_VOID(write_thread_place(library, kind, at, place));
        break;
      }
      case Relocation::kThreadStatic:
        return fail(
            ErrorCode::kUnsupported,
            "wants a fixed place in every thread (initial-exec TLS), which Android gives no "
            "library of an app",
            library.name);
      default:
        return fail(ErrorCode::kUnsupported,
                    "has a relocation of type " + std::to_string(relocation.type), library.name);
    }
  }
  gaps_.append(gaps);
  if (indirect.empty()) return {};
  // Their functions are code of the library, which must be executable by then.
  TRY_VOID(protect_segments(library));
  for (const ElfRelocation& relocation : indirect) {
    const auto chosen =
        engine_.call(library.bias + static_cast<std::uint64_t>(relocation.addend), {});
    if (!chosen) {
      set_fault(chosen.error());
      return fail(ErrorCode::kCorrupt,
                  "choosing a version of a function faults: " + chosen.error().what, library.name);
    }
    const std::uint64_t at = library.bias + relocation.address;
    const std::uint8_t access = arena_.access_at(at);
    TRY_VOID(arena_.protect(page_of(at), at + 8 - page_of(at), kPageRead | kPageWrite));
    write_word(at, chosen->integer);
    TRY_VOID(arena_.protect(page_of(at), at + 8 - page_of(at), access & 0x7fU));
  }
  return {};
}

}  // namespace dl::guest
