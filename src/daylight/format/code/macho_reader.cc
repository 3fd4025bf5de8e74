// SPDX-License-Identifier: Apache-2.0
// Reads the header, the load commands, and the tables that those point to.
#include "daylight/format/code/macho_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daylight/base/digest.h"

namespace dl {
namespace {

constexpr std::uint32_t kMagic32 = 0xfeedfaceU;
constexpr std::uint32_t kMagic64 = 0xfeedfacfU;
constexpr std::uint32_t kSwapped32 = 0xcefaedfeU;
constexpr std::uint32_t kSwapped64 = 0xcffaedfeU;

enum Command : std::uint32_t {
  kSegment = 0x1,
  kSymbolTable = 0x2,
  kLoadDylib = 0xc,
  kIdDylib = 0xd,
  kSegment64 = 0x19,
  kUuid = 0x1b,
  kCodeSignature = 0x1d,
  kLazyLoadDylib = 0x20,
  kEncryption = 0x21,
  kDyldInfo = 0x22,
  kVersionMinMacos = 0x24,
  kVersionMinIos = 0x25,
  kEncryption64 = 0x2c,
  kVersionMinTvos = 0x2f,
  kVersionMinWatchos = 0x30,
  kBuildVersion = 0x32,
  kLoadWeakDylib = 0x80000018,
  kRpath = 0x8000001c,
  kReexportDylib = 0x8000001f,
  kDyldInfoOnly = 0x80000022,
  kLoadUpwardDylib = 0x80000023,
  kMain = 0x80000028,
  kExportsTrie = 0x80000033,
  kChainedFixups = 0x80000034,
};

constexpr std::array<std::string_view, 13> kPlatforms = {"",
                                                         "macos",
                                                         "ios",
                                                         "tvos",
                                                         "watchos",
                                                         "bridgeos",
                                                         "maccatalyst",
                                                         "ios-simulator",
                                                         "tvos-simulator",
                                                         "watchos-simulator",
                                                         "driverkit",
                                                         "visionos",
                                                         "visionos-simulator"};

std::string cpu_name(std::uint32_t type, std::uint32_t subtype) {
  const std::uint32_t kind = subtype & 0x00ffffffU;
  switch (type) {
    case 0x0100000cU:
      return kind == 2 ? "arm64e" : "arm64";
    case 0x0200000cU:
      return "arm64_32";
    case 12:
      return kind == 11 ? "armv7s" : kind == 9 ? "armv7" : kind == 6 ? "armv6" : "arm";
    case 0x01000007U:
      return "x86_64";
    case 7:
      return "i386";
    default:
      return "other";
  }
}

// 0x000e0102 → "14.1.2"; a last part of 0 is left out.
std::string version_text(std::uint32_t packed) {
  std::string text = std::to_string(packed >> 16U) + "." + std::to_string((packed >> 8U) & 0xffU);
  if ((packed & 0xffU) != 0) text += "." + std::to_string(packed & 0xffU);
  return text;
}

// Sixteen bytes, ended early by a zero.
std::string_view fixed_name(ByteSpan command, std::uint64_t offset) {
  const auto bytes = subspan_checked(command, offset, 16);
  if (!bytes) return {};
  const std::string_view text = as_text(*bytes);
  return text.substr(0, text.find('\0'));
}

std::uint32_t word(ByteSpan command, std::uint64_t offset) {
  return load_le<std::uint32_t>(command, offset).value_or(0);
}
std::uint64_t long_word(ByteSpan command, std::uint64_t offset) {
  return load_le<std::uint64_t>(command, offset).value_or(0);
}

void skip_leb(ByteReader& reader) {
  while ((reader.u8() & 0x80U) != 0) {
  }
}

}  // namespace

MachoReader::MachoReader(ByteSpan bytes, std::uint64_t slice_offset, std::string where)
    : bytes_(bytes), where_(std::move(where)) {
  file_.bytes_ = bytes;
  file_.slice_offset_ = slice_offset;
}

Result<MachoFile> MachoReader::read() {
  TRY_VOID(read_header());
  read_commands();
  read_symbols();
  read_chained_imports();
  for (const Range& opcodes : bindings_) read_bindings(opcodes);
  read_exports();
  while (!imports_.empty())
    file_.imports_.push_back(std::move(imports_.extract(imports_.begin()).value()));
  return std::move(file_);
}

Result<void> MachoReader::read_header() {
  const std::uint32_t magic = word(bytes_, 0);
  if (magic == kSwapped32 || magic == kSwapped64)
    return fail(ErrorCode::kUnsupported, "a big-endian Mach-O image", where_);
  if (magic != kMagic32 && magic != kMagic64)
    return fail(ErrorCode::kCorrupt, "no Mach-O image: the magic is missing", where_);
  file_.is_64bit_ = magic == kMagic64;
  header_size_ = file_.is_64bit_ ? 32 : 28;
  if (bytes_.size() < header_size_)
    return fail(ErrorCode::kCorrupt, "the Mach-O header is cut", where_);
  file_.cpu_ = cpu_name(word(bytes_, 4), word(bytes_, 8));
  file_.type_ = word(bytes_, 12);
  command_count_ = word(bytes_, 16);
  command_size_ = word(bytes_, 20);
  return {};
}

void MachoReader::read_commands() {
  const ByteSpan commands = table({header_size_, command_size_}, "the table of load commands");
  std::uint64_t at = 0;
  for (std::uint32_t i = 0; i < command_count_; ++i) {
    if (i == kMaxMachoCommands) return gap("more load commands than are read");
    const std::uint32_t size = word(commands, at + 4);
    const auto command = subspan_checked(commands, at, size);
    if (size < 8 || !command)
      return gap("the load command at offset " + std::to_string(header_size_ + at) +
                 " has no size, or ends outside of the table: the rest is not read");
    read_command(word(*command, 0), *command);
    at += size;
  }
}

void MachoReader::read_command(std::uint32_t command, ByteSpan bytes) {
  switch (command) {
    case kSegment:
    case kSegment64:
      return read_segment(bytes, command == kSegment64);
    case kSymbolTable:
      symbol_table_ = {word(bytes, 8), word(bytes, 12)};
      strings_ = {word(bytes, 16), word(bytes, 20)};
      return;
    case kLoadDylib:
    case kLoadWeakDylib:
    case kReexportDylib:
    case kLazyLoadDylib:
    case kLoadUpwardDylib:
    case kIdDylib:
      return read_dylib(command, bytes);
    case kUuid:
      if (const auto uuid = subspan_checked(bytes, 8, 16)) file_.uuid_ = to_hex(*uuid);
      return;
    case kRpath:
      file_.rpaths_.emplace_back(macho_text_at(bytes, word(bytes, 8)));
      return;
    case kCodeSignature:
      file_.signed_ = true;
      return;
    case kEncryption:
    case kEncryption64:
      return read_encryption(bytes);
    case kDyldInfo:
    case kDyldInfoOnly:
      for (std::uint64_t i = 0; i < 3; ++i)
        bindings_[i] = {word(bytes, 16 + 8 * i), word(bytes, 20 + 8 * i)};
      trie_ = {word(bytes, 40), word(bytes, 44)};
      return;
    case kExportsTrie:
      trie_ = {word(bytes, 8), word(bytes, 12)};
      return;
    case kChainedFixups:
      chained_ = {word(bytes, 8), word(bytes, 12)};
      return;
    case kVersionMinMacos:
    case kVersionMinIos:
    case kVersionMinTvos:
    case kVersionMinWatchos:
      return read_version_min(command, bytes);
    case kBuildVersion:
      return read_build_version(bytes);
    case kMain:
      file_.entry_offset_ = long_word(bytes, 8);
      return;
    default:
      return;  // says nothing that is asked for
  }
}

void MachoReader::read_segment(ByteSpan command, bool wide) {
  MachoSegment segment;
  segment.name = fixed_name(command, 8);
  segment.address = wide ? long_word(command, 24) : word(command, 24);
  segment.memory_size = wide ? long_word(command, 32) : word(command, 28);
  segment.offset = wide ? long_word(command, 40) : word(command, 32);
  segment.file_size = wide ? long_word(command, 48) : word(command, 36);
  segment.protection = word(command, wide ? 60 : 44);
  if (!subspan_checked(bytes_, segment.offset, segment.file_size))
    gap("the segment " + std::string(segment.name) + " reaches beyond the end of the file");
  file_.segments_.push_back(segment);
  read_sections(command, wide ? 72 : 56, word(command, wide ? 64 : 48), wide);
}

void MachoReader::read_sections(ByteSpan command, std::uint64_t first, std::uint32_t count,
                                bool wide) {
  const std::uint64_t stride = wide ? 80 : 68;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bytes = subspan_checked(command, first + i * stride, stride);
    if (!bytes || file_.sections_.size() >= kMaxMachoSections)
      return gap("a segment declares " + std::to_string(count) + " sections, " + std::to_string(i) +
                 " were read");
    MachoSection section;
    section.name = fixed_name(*bytes, 0);
    section.segment = fixed_name(*bytes, 16);
    section.address = wide ? long_word(*bytes, 32) : word(*bytes, 32);
    section.size = wide ? long_word(*bytes, 40) : word(*bytes, 36);
    section.offset = word(*bytes, wide ? 48 : 40);
    section.flags = word(*bytes, wide ? 64 : 56);
    if (!section.is_empty_on_disk() && !subspan_checked(bytes_, section.offset, section.size)) {
      gap("the section " + std::string(section.name) + " reaches beyond the end of the file");
      section.size = section.offset < bytes_.size()
                         ? std::min<std::uint64_t>(section.size, bytes_.size() - section.offset)
                         : 0;
    }
    file_.sections_.push_back(section);
  }
}

void MachoReader::read_dylib(std::uint32_t command, ByteSpan bytes) {
  const std::string name(macho_text_at(bytes, word(bytes, 8)));
  const std::string version = version_text(word(bytes, 16));
  if (command == kIdDylib) {
    file_.install_name_ = name;
    file_.install_version_ = version;
    return;
  }
  file_.dylibs_.push_back({name, version, command == kLoadWeakDylib, command == kReexportDylib});
}

void MachoReader::read_version_min(std::uint32_t command, ByteSpan bytes) {
  file_.platform_ = command == kVersionMinIos     ? "ios"
                    : command == kVersionMinMacos ? "macos"
                    : command == kVersionMinTvos  ? "tvos"
                                                  : "watchos";
  file_.minimum_os_ = version_text(word(bytes, 8));
  file_.sdk_ = version_text(word(bytes, 12));
}

void MachoReader::read_build_version(ByteSpan bytes) {
  const std::uint32_t platform = word(bytes, 8);
  file_.platform_ = platform < kPlatforms.size() ? std::string(kPlatforms[platform]) : "other";
  file_.minimum_os_ = version_text(word(bytes, 12));
  file_.sdk_ = version_text(word(bytes, 16));
}

void MachoReader::read_encryption(ByteSpan bytes) {
  if (word(bytes, 16) == 0) return;  // room for it, but not encrypted
  file_.encrypted_ = true;
  file_.encrypted_offset_ = word(bytes, 8);
  file_.encrypted_size_ = word(bytes, 12);
  gap("the binary is encrypted by the App Store: its code and constants cannot be read, only what "
      "the linker needs");
}

ByteSpan MachoReader::table(Range range, const char* name) {
  if (range.size == 0) return {};
  if (const auto bytes = subspan_checked(bytes_, range.offset, range.size)) return *bytes;
  gap(std::string(name) + " reaches beyond the end of the file");
  if (range.offset >= bytes_.size()) return {};
  return bytes_.subspan(static_cast<std::size_t>(range.offset));
}

void MachoReader::read_symbols() {
  const std::uint64_t stride = file_.is_64bit_ ? 16 : 12;
  const ByteSpan entries =
      table({symbol_table_.offset, symbol_table_.size * stride}, "the symbol table");
  const ByteSpan names = table(strings_, "the table of symbol names");
  for (std::uint64_t at = 0; at + stride <= entries.size(); at += stride) {
    if (file_.symbols_.size() >= kMaxMachoSymbols) return gap("more symbols than are read");
    MachoSymbol symbol;
    symbol.name = macho_text_at(names, word(entries, at));
    symbol.type = entries[static_cast<std::size_t>(at + 4)];
    symbol.section = entries[static_cast<std::size_t>(at + 5)];
    symbol.description = load_le<std::uint16_t>(entries, at + 6).value_or(0);
    symbol.value = file_.is_64bit_ ? long_word(entries, at + 8) : word(entries, at + 8);
    if (symbol.debugging()) continue;
    if (symbol.external() && !symbol.defined() && !symbol.name.empty())
      imports_.emplace(symbol.name);
    file_.symbols_.push_back(symbol);
  }
}

void MachoReader::read_chained_imports() {
  const ByteSpan fixups = table(chained_, "the table of chained fixups");
  if (fixups.empty()) return;
  const std::uint64_t imports = word(fixups, 8);
  const std::uint64_t names = word(fixups, 12);
  const std::uint32_t count = word(fixups, 16);
  const std::uint32_t format = word(fixups, 20);
  constexpr std::array<std::uint64_t, 4> kStrides = {0, 4, 8, 16};
  if (count == 0) return;
  if (format == 0 || format >= kStrides.size() || word(fixups, 24) != 0)
    return gap("imports of chained fixups in a form that is not known");
  const ByteSpan text =
      names < fixups.size() ? fixups.subspan(static_cast<std::size_t>(names)) : ByteSpan{};
  for (std::uint32_t i = 0; i < count && i < kMaxMachoSymbols; ++i) {
    const std::uint64_t at = imports + i * kStrides[format];
    const auto low = load_le<std::uint32_t>(fixups, at);
    if (!low) return gap("the imports of chained fixups are cut");
    const std::uint64_t name = format == 3 ? word(fixups, at + 4) : *low >> 9U;
    const std::string_view found = macho_text_at(text, name);
    if (!found.empty()) imports_.emplace(found);
  }
}

// The program that binds symbols: only their names are of interest.
void MachoReader::read_bindings(Range opcodes) {
  ByteReader reader(table(opcodes, "the binding opcodes"));
  const ByteSpan all = table(opcodes, "the binding opcodes");
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t byte = reader.u8();
    switch (byte & 0xf0U) {
      case 0x40: {
        const std::string_view name = macho_text_at(all, reader.offset());
        if (!name.empty() && imports_.size() < kMaxMachoSymbols) imports_.emplace(name);
        reader.skip(name.size() + 1);
        break;
      }
      case 0x20:
      case 0x60:
      case 0x70:
      case 0x80:
      case 0xa0:
        skip_leb(reader);
        break;
      case 0xc0:
        skip_leb(reader);
        skip_leb(reader);
        break;
      case 0xd0:
        if ((byte & 0x0fU) == 0) skip_leb(reader);
        break;
      default:  // no operand; the end of one lazy binding is not the end of all
        break;
    }
  }
}

void MachoReader::read_exports() {
  file_.exports_ = read_macho_exports(table(trie_, "the exports trie"), where_, file_.gaps_);
}

}  // namespace dl
