// SPDX-License-Identifier: Apache-2.0
// Reads what the dynamic linker reads first, and sections only as far as they agree with the file.
#include "daylight/format/code/elf_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "daylight/base/digest.h"

namespace dl {
namespace {

constexpr std::uint64_t kIdentSize = 16;
constexpr std::uint8_t kClass32 = 1;
constexpr std::uint8_t kClass64 = 2;
constexpr std::uint8_t kLittleEndian = 1;
constexpr std::uint8_t kBigEndian = 2;
constexpr std::uint32_t kPtDynamic = 2;
constexpr std::uint32_t kPtNote = 4;
constexpr std::uint32_t kShtSymTab = 2;
constexpr std::uint32_t kShtDynamic = 6;
constexpr std::uint32_t kShtNote = 7;
constexpr std::uint32_t kShtNoBits = 8;
constexpr std::uint32_t kShtDynSym = 11;
constexpr std::uint32_t kNoteGnuBuildId = 3;

ElfMachine machine_of(std::uint16_t machine) {
  switch (machine) {
    case 3:
      return ElfMachine::kX86;
    case 40:
      return ElfMachine::kArm;
    case 62:
      return ElfMachine::kX86_64;
    case 183:
      return ElfMachine::kArm64;
    default:
      return ElfMachine::kOther;
  }
}

// The zero-ended string at `offset`, cut at the end of the table or the longest name; empty outside
// of it.
std::string_view string_in(ByteSpan table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const ByteSpan rest = table.subspan(static_cast<std::size_t>(offset));
  const std::size_t size = std::min(rest.size(), kMaxElfNameSize);
  return as_text(rest.first(strnlen(reinterpret_cast<const char*>(rest.data()), size)));
}

std::uint64_t align_up(std::uint64_t value, std::uint64_t align) {
  return (value + align - 1) / align * align;
}

}  // namespace

Result<void> ElfReader::read() {
  TRY_VOID(read_file_header());
  read_segments();
  read_sections();
  read_dynamic();
  read_dynamic_strings();
  read_dynamic_symbols();
  read_section_symbols();
  read_notes();
  return {};
}

Result<void> ElfReader::read_file_header() {
  if (!looks_like_elf(file_.bytes_))
    return fail(ErrorCode::kCorrupt, "not an ELF file", file_.where_);
  ByteReader reader(file_.bytes_, 4);
  const std::uint8_t file_class = reader.u8();
  const std::uint8_t order = reader.u8();
  if (order == kBigEndian) {
    return fail(ErrorCode::kUnsupported, "a big-endian ELF file; Android has none", file_.where_);
  }
  if (order != kLittleEndian) gap("its byte order is neither little nor big; taken as little");
  if (file_class != kClass32 && file_class != kClass64) {
    return fail(ErrorCode::kCorrupt, "neither a 32 nor a 64 bit ELF file", file_.where_);
  }
  file_.is_64bit_ = file_class == kClass64;
  reader.seek(kIdentSize);
  file_.type_ = reader.u16();
  file_.machine_ = machine_of(reader.u16());
  reader.skip(4);
  file_.entry_ = word(reader);
  segments_.offset = word(reader);
  sections_.offset = word(reader);
  reader.skip(4 + 2);
  segments_.entry_size = reader.u16();
  segments_.count = reader.u16();
  sections_.entry_size = reader.u16();
  sections_.count = reader.u16();
  names_section_ = reader.u16();
  if (!reader.ok()) return fail(ErrorCode::kCorrupt, "the ELF header is cut", file_.where_);
  return {};
}

void ElfReader::read_segments() {
  const std::uint16_t size = file_.is_64bit_ ? 56 : 32;
  if (segments_.count > 0 && segments_.entry_size != size) {
    gap("program headers declare a size of " + std::to_string(segments_.entry_size) + "; read as " +
        std::to_string(size));
  }
  for (std::uint64_t i = 0; i < segments_.count; ++i) {
    ByteReader reader(file_.bytes_, segments_.offset);
    reader.skip(i * size);
    ElfSegment segment;
    segment.type = reader.u32();
    if (file_.is_64bit_) segment.flags = reader.u32();
    segment.offset = word(reader);
    segment.address = word(reader);
    word(reader);
    segment.file_size = word(reader);
    segment.memory_size = word(reader);
    if (!file_.is_64bit_) segment.flags = reader.u32();
    segment.align = word(reader);
    if (!reader.ok() || i >= kMaxElfSegments) {
      gap(std::to_string(i) + " of " + std::to_string(segments_.count) +
          " program headers were read");
      return;
    }
    if (!subspan_checked(file_.bytes_, segment.offset, segment.file_size) &&
        segment.type == ElfSegment::kLoad) {
      gap("the segment at address " + std::to_string(segment.address) + " reaches beyond the file");
    }
    file_.segments_.push_back(segment);
  }
}

void ElfReader::read_sections() {
  if (sections_.offset == 0 || sections_.entry_size == 0) return;
  const std::uint16_t size = file_.is_64bit_ ? 64 : 40;
  std::uint64_t count = sections_.count;
  std::vector<std::uint32_t> names;
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(count, 1); ++i) {
    ByteReader reader(file_.bytes_, sections_.offset);
    reader.skip(i * size);
    ElfSection section;
    names.push_back(reader.u32());
    section.type = reader.u32();
    section.flags = word(reader);
    section.address = word(reader);
    section.offset = word(reader);
    section.size = word(reader);
    section.link = reader.u32();
    section.info = reader.u32();
    word(reader);
    section.entry_size = word(reader);
    if (!reader.ok() || sections_.entry_size != size || i >= kMaxElfSections) {
      gap("the section table is cut or its entries have another size; sections are not used");
      file_.sections_.clear();
      return;
    }
    // More than 65279 sections: the first one, otherwise empty, carries their number.
    if (i == 0 && count == 0) count = section.size;
    file_.sections_.push_back(section);
  }
  if (!sections_are_sane(names)) {
    gap("the section table contradicts the file; sections are not used");
    file_.sections_.clear();
  }
}

// Resolves names; false where one section lies outside of the file, or the names do.
bool ElfReader::sections_are_sane(const std::vector<std::uint32_t>& names) {
  if (names_section_ >= file_.sections_.size()) return false;
  for (const ElfSection& section : file_.sections_) {
    if (section.type == 0 || section.type == kShtNoBits) continue;
    if (!subspan_checked(file_.bytes_, section.offset, section.size)) return false;
  }
  const ByteSpan table = section_bytes(file_.sections_[names_section_]);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] > 0 && names[i] >= table.size()) return false;
    file_.sections_[i].name = string_in(table, names[i]);
  }
  return true;
}

void ElfReader::read_dynamic() {
  ByteReader reader(dynamic_bytes());
  while (reader.remaining() > 0) {
    const std::uint64_t tag = word(reader);
    const std::uint64_t value = word(reader);
    if (!reader.ok()) {
      gap("the dynamic table is not ended");
      return;
    }
    if (tag == 0) return;
    if (file_.dynamic_.size() >= kMaxElfDynamicEntries) {
      gap("more than " + std::to_string(kMaxElfDynamicEntries) + " dynamic entries");
      return;
    }
    file_.dynamic_.emplace_back(tag, value);
  }
}

// As the linker does by its address in memory, else by its place in the file, else by its section.
ByteSpan ElfReader::dynamic_bytes() {
  for (const ElfSegment& segment : file_.segments_) {
    if (segment.type != kPtDynamic) continue;
    if (const auto mapped = file_.at_address(segment.address, segment.file_size)) return *mapped;
    gap("the dynamic table lies outside of the mapped segments");
    if (const auto there = subspan_checked(file_.bytes_, segment.offset, segment.file_size))
      return *there;
  }
  for (const ElfSection& section : file_.sections_) {
    if (section.type == kShtDynamic) return section_bytes(section);
  }
  return {};
}

void ElfReader::read_dynamic_strings() {
  if (const auto address = file_.dynamic_value(kDtStrTab)) {
    dynamic_strings_ = mapped_from(*address);
    const std::uint64_t size = file_.dynamic_value(kDtStrSize).value_or(dynamic_strings_.size());
    if (size > dynamic_strings_.size()) gap("the dynamic string table is cut or not mapped");
    if (size < dynamic_strings_.size()) {
      dynamic_strings_ = dynamic_strings_.first(static_cast<std::size_t>(size));
    }
  }
  for (const auto& [tag, value] : file_.dynamic_) {
    if (tag == kDtNeeded) file_.needed_.emplace_back(string_in(dynamic_strings_, value));
    if (tag == kDtSoName) file_.soname_ = string_in(dynamic_strings_, value);
    if (tag == kDtRunPath) file_.runpath_ = string_in(dynamic_strings_, value);
  }
}

void ElfReader::read_dynamic_symbols() {
  if (const auto address = file_.dynamic_value(kDtSymTab)) {
    const ByteSpan table = mapped_from(*address);
    if (const auto count = symbol_count()) {
      file_.symbols_ = read_symbols(table, *count, dynamic_strings_, "dynamic symbols");
    }
    return;
  }
  for (const ElfSection& section : file_.sections_) {
    if (section.type != kShtDynSym || section.link >= file_.sections_.size()) continue;
    file_.symbols_ = read_symbols(section_bytes(section), section.size / symbol_size(),
                                  section_bytes(file_.sections_[section.link]), "dynamic symbols");
    return;
  }
}

std::optional<std::uint64_t> ElfReader::symbol_count() {
  if (const auto count = count_by_hash()) return count;
  if (const auto count = count_by_gnu_hash()) return count;
  // Without a hash table nothing can be looked up, but linkers put the strings right behind the
  // symbols.
  const std::uint64_t symbols = file_.dynamic_value(kDtSymTab).value_or(0);
  const std::uint64_t strings = file_.dynamic_value(kDtStrTab).value_or(0);
  if (strings <= symbols) {
    gap("the number of dynamic symbols is unknown: no hash table");
    return std::nullopt;
  }
  gap("no hash table; the dynamic symbols are taken to end where their strings begin");
  return (strings - symbols) / symbol_size();
}

// DT_HASH: the chain table has one word for each symbol.
std::optional<std::uint64_t> ElfReader::count_by_hash() const {
  const auto address = file_.dynamic_value(kDtHash);
  if (!address) return std::nullopt;
  const ByteSpan table = mapped_from(*address);
  const auto buckets = load_le<std::uint32_t>(table, 0);
  const auto chains = load_le<std::uint32_t>(table, 4);
  if (!buckets || !chains) return std::nullopt;
  if ((std::uint64_t{*buckets} + *chains + 2) * 4 > table.size()) return std::nullopt;
  return *chains;
}

// DT_GNU_HASH: the last symbol is the end of the chain that begins at the highest bucket.
std::optional<std::uint64_t> ElfReader::count_by_gnu_hash() const {
  const auto address = file_.dynamic_value(kDtGnuHash);
  if (!address) return std::nullopt;
  ByteReader reader(mapped_from(*address));
  const std::uint32_t bucket_count = reader.u32();
  const std::uint32_t first_symbol = reader.u32();
  const std::uint32_t bloom_words = reader.u32();
  reader.skip(4);
  reader.skip(std::uint64_t{bloom_words} * (file_.is_64bit_ ? 8 : 4));
  const ByteSpan buckets = reader.take(std::uint64_t{bucket_count} * 4);
  if (!reader.ok()) return std::nullopt;
  std::uint32_t last = 0;
  for (std::uint64_t at = 0; at < buckets.size(); at += 4) {
    last = std::max(last, load_le<std::uint32_t>(buckets, at).value_or(0));
  }
  if (last < first_symbol) return first_symbol;
  reader.skip((std::uint64_t{last} - first_symbol) * 4);
  std::uint64_t count = last;
  for (;;) {
    const std::uint32_t hash = reader.u32();
    if (!reader.ok()) return std::nullopt;
    ++count;
    if ((hash & 1U) != 0) return count;
  }
}

std::vector<ElfSymbol> ElfReader::read_symbols(ByteSpan table, std::uint64_t count,
                                               ByteSpan strings, std::string_view what) {
  const std::uint64_t there =
      std::min<std::uint64_t>({count, table.size() / symbol_size(), kMaxElfSymbols});
  if (there < count) {
    gap(std::to_string(there) + " of " + std::to_string(count) + " " + std::string(what) +
        " were read");
  }
  std::vector<ElfSymbol> symbols;
  symbols.reserve(static_cast<std::size_t>(there));
  ByteReader reader(table);
  for (std::uint64_t i = 0; i < there; ++i) {
    ElfSymbol symbol;
    const std::uint32_t name = reader.u32();
    if (!file_.is_64bit_) {
      symbol.value = reader.u32();
      symbol.size = reader.u32();
    }
    const std::uint8_t info = reader.u8();
    symbol.type = info & 0xfU;
    symbol.binding = static_cast<std::uint8_t>(info >> 4U);
    symbol.visibility = reader.u8() & 3U;
    symbol.section = reader.u16();
    if (file_.is_64bit_) {
      symbol.value = reader.u64();
      symbol.size = reader.u64();
    }
    symbol.name = string_in(strings, name);
    symbols.push_back(symbol);
  }
  return symbols;
}

void ElfReader::read_section_symbols() {
  for (const ElfSection& section : file_.sections_) {
    if (section.type != kShtSymTab || section.link >= file_.sections_.size()) continue;
    file_.debug_symbols_ = read_symbols(section_bytes(section), section.size / symbol_size(),
                                        section_bytes(file_.sections_[section.link]), "symbols");
    return;
  }
}

void ElfReader::read_notes() {
  bool in_segments = false;
  for (const ElfSegment& segment : file_.segments_) {
    if (segment.type != kPtNote) continue;
    in_segments = true;
    if (const auto bytes = subspan_checked(file_.bytes_, segment.offset, segment.file_size)) {
      read_notes_in(*bytes, segment.align);
    } else {
      gap("a note segment lies outside of the file");
    }
  }
  for (const ElfSection& section : file_.sections_) {
    if (!in_segments && section.type == kShtNote) read_notes_in(section_bytes(section), 4);
  }
  for (const ElfNote& note : file_.notes_) {
    if (note.owner == "GNU" && note.type == kNoteGnuBuildId && file_.build_id_.empty()) {
      file_.build_id_ = to_hex(note.description);
    }
  }
}

void ElfReader::read_notes_in(ByteSpan bytes, std::uint64_t align) {
  const std::uint64_t step = align == 8 ? 8 : 4;
  std::uint64_t at = 0;
  while (at < bytes.size()) {
    ByteReader reader(bytes, at);
    const std::uint32_t owner_size = reader.u32();
    const std::uint32_t description_size = reader.u32();
    ElfNote note;
    note.type = reader.u32();
    note.owner = as_text(reader.take(owner_size));
    while (note.owner.ends_with('\0')) note.owner.remove_suffix(1);
    if (reader.ok()) reader.seek(align_up(reader.offset(), step));
    note.description = reader.take(description_size);
    if (!reader.ok() || file_.notes_.size() >= kMaxElfNotes) {
      gap("a note is cut, or there are too many");
      return;
    }
    file_.notes_.push_back(note);
    at = align_up(reader.offset(), step);
  }
}

ByteSpan ElfReader::mapped_from(std::uint64_t address) const {
  const auto offset = file_.offset_of(address);
  if (!offset) return {};
  for (const ElfSegment& segment : file_.segments_) {
    if (segment.type != ElfSegment::kLoad || address < segment.address ||
        address - segment.address >= segment.file_size) {
      continue;
    }
    const std::uint64_t left = segment.file_size - (address - segment.address);
    const std::uint64_t in_file = file_.bytes_.size() - *offset;
    return subspan_checked(file_.bytes_, *offset, std::min(left, in_file)).value_or(ByteSpan{});
  }
  return {};
}

ByteSpan ElfReader::section_bytes(const ElfSection& section) const {
  if (section.type == kShtNoBits) return {};
  return subspan_checked(file_.bytes_, section.offset, section.size).value_or(ByteSpan{});
}

}  // namespace dl
