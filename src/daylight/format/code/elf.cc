// SPDX-License-Identifier: Apache-2.0
// Looks things up in a parsed ELF file: addresses, offsets, names, ranges.
#include "daylight/format/code/elf.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "daylight/format/code/elf_reader.h"

namespace dl {
namespace {

constexpr std::uint64_t kSectionAlloc = 2;
constexpr std::uint64_t kSectionExecute = 4;
constexpr std::uint32_t kShtProgBits = 1;

}  // namespace

std::string_view abi_of(ElfMachine machine) {
  switch (machine) {
    case ElfMachine::kArm:
      return "armeabi-v7a";
    case ElfMachine::kArm64:
      return "arm64-v8a";
    case ElfMachine::kX86:
      return "x86";
    case ElfMachine::kX86_64:
      return "x86_64";
    case ElfMachine::kOther:
      break;
  }
  return "other";
}

bool looks_like_elf(ByteSpan bytes) {
  return bytes.size() >= 4 && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' &&
         bytes[3] == 'F';
}

Result<ElfFile> ElfFile::parse(ByteSpan bytes, std::string where) {
  ElfFile file;
  file.bytes_ = bytes;
  file.where_ = std::move(where);
  TRY_VOID(ElfReader(file).read());
  return file;
}

const ElfSection* ElfFile::section(std::string_view name) const {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const ElfSection& section) { return section.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> ElfFile::dynamic_value(std::uint64_t tag) const {
  const auto found = std::find_if(dynamic_.begin(), dynamic_.end(),
                                  [&](const auto& entry) { return entry.first == tag; });
  if (found == dynamic_.end()) return std::nullopt;
  return found->second;
}

const ElfSymbol* ElfFile::symbol(std::string_view name) const {
  const auto found = std::find_if(symbols_.begin(), symbols_.end(), [&](const ElfSymbol& symbol) {
    return symbol.defined() && symbol.name == name;
  });
  return found == symbols_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> ElfFile::offset_of(std::uint64_t address) const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != ElfSegment::kLoad || address < segment.address) continue;
    const std::uint64_t distance = address - segment.address;
    if (distance >= segment.file_size) continue;
    const auto offset = add_checked(segment.offset, distance);
    if (offset && *offset < bytes_.size()) return offset;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::address_of(std::uint64_t offset) const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != ElfSegment::kLoad || offset < segment.offset) continue;
    const std::uint64_t distance = offset - segment.offset;
    if (distance < segment.file_size && offset < bytes_.size())
      return add_checked(segment.address, distance);
  }
  return std::nullopt;
}

std::optional<ByteSpan> ElfFile::at_address(std::uint64_t address, std::uint64_t size) const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != ElfSegment::kLoad || address < segment.address) continue;
    const std::uint64_t distance = address - segment.address;
    if (distance > segment.file_size || size > segment.file_size - distance) continue;
    const auto offset = add_checked(segment.offset, distance);
    if (!offset) continue;
    if (auto bytes = subspan_checked(bytes_, *offset, size)) return bytes;
  }
  return std::nullopt;
}

std::optional<std::string_view> ElfFile::string_at(std::uint64_t address) const {
  const auto offset = offset_of(address);
  if (!offset) return std::nullopt;
  // A string does not run into the next segment: its end is that of its own one.
  for (const ElfSegment& segment : segments_) {
    if (segment.type != ElfSegment::kLoad || address < segment.address ||
        address - segment.address >= segment.file_size) {
      continue;
    }
    const std::uint64_t left = std::min<std::uint64_t>(
        segment.file_size - (address - segment.address), bytes_.size() - *offset);
    const auto rest = subspan_checked(bytes_, *offset, left);
    if (!rest || rest->empty()) return std::nullopt;
    const void* end = std::memchr(rest->data(), 0, rest->size());
    if (end == nullptr) return std::nullopt;
    return as_text(rest->first(
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - rest->data())));
  }
  return std::nullopt;
}

std::vector<ElfRange> ElfFile::load_ranges(bool executable) const {
  std::vector<ElfRange> ranges;
  for (const ElfSegment& segment : segments_) {
    if (segment.type != ElfSegment::kLoad || segment.executable() != executable) continue;
    if (segment.offset >= bytes_.size()) continue;
    const std::uint64_t size =
        std::min<std::uint64_t>(segment.file_size, bytes_.size() - segment.offset);
    if (size == 0) continue;
    ranges.push_back(
        {segment.address, segment.offset,
         bytes_.subspan(static_cast<std::size_t>(segment.offset), static_cast<std::size_t>(size))});
  }
  return ranges;
}

std::vector<ElfRange> ElfFile::data_ranges() const {
  std::vector<ElfRange> ranges = load_ranges(false);
  const std::vector<ElfRange> code = load_ranges(true);
  if (sections_.empty()) ranges.insert(ranges.end(), code.begin(), code.end());
  for (const ElfSection& section : sections_) {
    const bool constant = section.type == kShtProgBits && (section.flags & kSectionAlloc) != 0 &&
                          (section.flags & kSectionExecute) == 0 && section.size > 0;
    if (!constant) continue;
    const bool in_code = std::any_of(code.begin(), code.end(), [&](const ElfRange& range) {
      return section.offset >= range.offset && section.offset - range.offset < range.bytes.size() &&
             section.size <= range.bytes.size() - (section.offset - range.offset);
    });
    if (!in_code) continue;
    ranges.push_back({section.address, section.offset,
                      bytes_.subspan(static_cast<std::size_t>(section.offset),
                                     static_cast<std::size_t>(section.size))});
  }
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const ElfRange& a, const ElfRange& b) { return a.offset < b.offset; });
  return ranges;
}

std::vector<ElfRange> ElfFile::code_ranges() const { return load_ranges(true); }

}  // namespace dl
