// SPDX-License-Identifier: Apache-2.0
// Fills an ElfFile from hostile bytes, table by table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/code/elf.h"

namespace dl {

// Dynamic tags that the reader and the relocation decoder share (gABI chapter 5; Android's
// bionic/libc elf.h).
inline constexpr std::uint64_t kDtNeeded = 1;
inline constexpr std::uint64_t kDtPltRelSize = 2;
inline constexpr std::uint64_t kDtHash = 4;
inline constexpr std::uint64_t kDtStrTab = 5;
inline constexpr std::uint64_t kDtSymTab = 6;
inline constexpr std::uint64_t kDtRela = 7;
inline constexpr std::uint64_t kDtRelaSize = 8;
inline constexpr std::uint64_t kDtStrSize = 10;
inline constexpr std::uint64_t kDtSoName = 14;
inline constexpr std::uint64_t kDtRel = 17;
inline constexpr std::uint64_t kDtRelSize = 18;
inline constexpr std::uint64_t kDtPltRel = 20;
inline constexpr std::uint64_t kDtJmpRel = 23;
inline constexpr std::uint64_t kDtRunPath = 29;
inline constexpr std::uint64_t kDtRelrSize = 35;
inline constexpr std::uint64_t kDtRelr = 36;
inline constexpr std::uint64_t kDtAndroidRel = 0x6000000f;
inline constexpr std::uint64_t kDtAndroidRelSize = 0x60000010;
inline constexpr std::uint64_t kDtAndroidRela = 0x60000011;
inline constexpr std::uint64_t kDtAndroidRelaSize = 0x60000012;
inline constexpr std::uint64_t kDtGnuHash = 0x6ffffef5;
inline constexpr std::uint64_t kDtAndroidRelr = 0x6fffe000;
inline constexpr std::uint64_t kDtAndroidRelrSize = 0x6fffe001;

// Used once, by ElfFile::parse.
class ElfReader {
 public:
  explicit ElfReader(ElfFile& file) : file_(file) {}

  Result<void> read();

 private:
  struct Table {
    std::uint64_t offset = 0;
    std::uint16_t entry_size = 0;
    std::uint64_t count = 0;
  };

  Result<void> read_file_header();
  void read_segments();
  void read_sections();
  bool sections_are_sane(const std::vector<std::uint32_t>& names);
  void read_dynamic();
  ByteSpan dynamic_bytes();
  void read_dynamic_strings();
  void read_dynamic_symbols();
  std::optional<std::uint64_t> symbol_count();
  std::optional<std::uint64_t> count_by_hash() const;
  std::optional<std::uint64_t> count_by_gnu_hash() const;
  void read_section_symbols();
  std::vector<ElfSymbol> read_symbols(ByteSpan table, std::uint64_t count, ByteSpan strings,
                                      std::string_view what);
  void read_notes();
  void read_notes_in(ByteSpan bytes, std::uint64_t align);

  // The bytes from a virtual address to the end of its segment's file part; empty if it is not
  // mapped.
  ByteSpan mapped_from(std::uint64_t address) const;
  ByteSpan section_bytes(const ElfSection& section) const;
  std::uint64_t word(ByteReader& reader) const {
    return file_.is_64bit_ ? reader.u64() : reader.u32();
  }
  std::uint64_t symbol_size() const { return file_.is_64bit_ ? 24 : 16; }
  void gap(std::string why) { file_.gaps_.add(file_.where_, std::move(why)); }

  ElfFile& file_;
  Table segments_;
  Table sections_;
  std::uint16_t names_section_ = 0;
  ByteSpan dynamic_strings_;
};

}  // namespace dl
