// SPDX-License-Identifier: Apache-2.0
// A native library (ELF, 32 or 64 bit, little-endian) as the dynamic linker sees it: segments
// first, sections if sane.
//
// Source: System V ABI (gABI) chapters 4 and 5; GNU hash and Android packed relocations as bionic's
// linker reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

inline constexpr std::size_t kMaxElfSegments = 4'096;
inline constexpr std::size_t kMaxElfSections = 65'536;
inline constexpr std::size_t kMaxElfSymbols = 1'000'000;  // of one table
inline constexpr std::size_t kMaxElfNameSize = 16'384;    // longer names are cut
inline constexpr std::size_t kMaxElfRelocations = 16'000'000;
inline constexpr std::size_t kMaxElfDynamicEntries = 65'536;
inline constexpr std::size_t kMaxElfNotes = 65'536;

enum class ElfMachine { kArm, kArm64, kX86, kX86_64, kOther };
// "armeabi-v7a", "arm64-v8a", "x86", "x86_64" or "other".
std::string_view abi_of(ElfMachine machine);

struct ElfSegment {
  static constexpr std::uint32_t kLoad = 1;  // PT_LOAD: mapped into memory

  std::uint32_t type = 0;   // PT_*
  std::uint32_t flags = 0;  // 1 execute, 2 write, 4 read
  std::uint64_t offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t align = 0;

  bool executable() const { return (flags & 1U) != 0; }
  bool writable() const { return (flags & 2U) != 0; }
};

struct ElfSection {
  std::string_view name;
  std::uint32_t type = 0;   // SHT_*
  std::uint64_t flags = 0;  // 1 write, 2 alloc, 4 execute
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
  std::uint32_t info = 0;
  std::uint64_t entry_size = 0;
};

struct ElfSymbol {
  std::string_view name;
  std::uint64_t value = 0;  // virtual address where defined (bit 0 set for Thumb code)
  std::uint64_t size = 0;
  std::uint16_t section = 0;  // 0: undefined (an import)
  std::uint8_t type = 0;      // 0 none, 1 object, 2 function, 6 TLS, 10 indirect function
  std::uint8_t binding = 0;   // 0 local, 1 global, 2 weak
  std::uint8_t visibility = 0;

  bool defined() const { return section != 0; }
};

struct ElfRelocation {
  std::uint64_t address = 0;
  std::uint32_t type = 0;    // R_<machine>_*
  std::uint32_t symbol = 0;  // index into symbols(), 0 for none
  std::int64_t addend = 0;   // 0 for REL tables, where it lies in the relocated word
  bool explicit_addend = false;
};

struct ElfNote {
  std::string_view owner;
  std::uint32_t type = 0;
  ByteSpan description;
};

// A part of the file that is mapped at an address.
struct ElfRange {
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  ByteSpan bytes;
};

// A parsed file over bytes that outlive it (views point into them). const methods are thread safe.
class ElfFile {
 public:
  // Keeps what can be read; tables that reach beyond the file are cut (gaps). kCorrupt without the
  // magic or with a cut file header, kUnsupported for big-endian files.
  static Result<ElfFile> parse(ByteSpan bytes, std::string where);

  bool is_64bit() const { return is_64bit_; }
  ElfMachine machine() const { return machine_; }
  std::uint16_t type() const { return type_; }  // 2 executable, 3 shared object, 1 relocatable
  std::uint64_t entry() const { return entry_; }

  const std::vector<ElfSegment>& segments() const { return segments_; }
  // Empty where the table is missing or insane: Android's linker does not need it.
  const std::vector<ElfSection>& sections() const { return sections_; }
  const ElfSection* section(std::string_view name) const;

  const std::string& soname() const { return soname_; }
  const std::vector<std::string>& needed() const { return needed_; }
  const std::string& runpath() const { return runpath_; }
  // Tag and value of each dynamic entry up to DT_NULL.
  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& dynamic() const { return dynamic_; }
  std::optional<std::uint64_t> dynamic_value(std::uint64_t tag) const;

  // The dynamic symbol table, index 0 (the empty one) included. Its length comes from DT_HASH or
  // DT_GNU_HASH (bounds of the string table otherwise), never from sections.
  const std::vector<ElfSymbol>& symbols() const { return symbols_; }
  // .symtab, where the file is not stripped and its sections are sane.
  const std::vector<ElfSymbol>& debug_symbols() const { return debug_symbols_; }
  // The first defined dynamic symbol of this name, or null. Linear.
  const ElfSymbol* symbol(std::string_view name) const;

  // DT_REL(A), DT_JMPREL, DT_RELR (as RELATIVE) and Android's packed tables, in that order. Decoded
  // when asked for.
  std::vector<ElfRelocation> relocations(GapList* gaps = nullptr) const;

  const std::vector<ElfNote>& notes() const { return notes_; }
  // GNU build id in lower-case hexadecimal, "" if none.
  const std::string& build_id() const { return build_id_; }

  // Where constants and embedded models lie, in file order, cut at the end of the file: the
  // loadable parts without execute permission, and those parts of executable segments that sane
  // sections show to be no code (older linkers put .rodata there; without any section, all of an
  // executable segment).
  std::vector<ElfRange> data_ranges() const;
  // The loadable parts with execute permission.
  std::vector<ElfRange> code_ranges() const;

  // File bytes mapped at [address, address + size); nothing if not wholly inside one segment's file
  // part.
  std::optional<ByteSpan> at_address(std::uint64_t address, std::uint64_t size) const;
  // The zero-ended string mapped at `address`, without its zero; nothing if unmapped or not ended.
  std::optional<std::string_view> string_at(std::uint64_t address) const;
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
  std::optional<std::uint64_t> address_of(std::uint64_t offset) const;

  ByteSpan bytes() const { return bytes_; }
  const GapList& gaps() const { return gaps_; }

 private:
  friend class ElfReader;

  std::vector<ElfRange> load_ranges(bool executable) const;

  ByteSpan bytes_;
  std::string where_;
  bool is_64bit_ = false;
  ElfMachine machine_ = ElfMachine::kOther;
  std::uint16_t type_ = 0;
  std::uint64_t entry_ = 0;
  std::vector<ElfSegment> segments_;
  std::vector<ElfSection> sections_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> dynamic_;
  std::string soname_;
  std::string runpath_;
  std::vector<std::string> needed_;
  std::vector<ElfSymbol> symbols_;
  std::vector<ElfSymbol> debug_symbols_;
  std::vector<ElfNote> notes_;
  std::string build_id_;
  GapList gaps_;
};

// Whether the bytes begin like an ELF file.
bool looks_like_elf(ByteSpan bytes);

}  // namespace dl
