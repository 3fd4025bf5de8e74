// SPDX-License-Identifier: Apache-2.0
// What is asked of a Mach-O image that is read already, and the slices of a fat file.
#include "daylight/format/code/macho.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daylight/format/code/macho_reader.h"

namespace dl {
namespace {

constexpr std::uint32_t kFatMagic = 0xcafebabeU;  // big-endian
constexpr std::uint32_t kFat64Magic = 0xcafebabfU;
constexpr std::uint32_t kStringsType = 2;  // S_CSTRING_LITERALS

struct FatSlice {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::uint32_t load_be32(ByteSpan bytes, std::uint64_t offset) {
  return __builtin_bswap32(load_le<std::uint32_t>(bytes, offset).value_or(0));
}
std::uint64_t load_be64(ByteSpan bytes, std::uint64_t offset) {
  return __builtin_bswap64(load_le<std::uint64_t>(bytes, offset).value_or(0));
}

// The number of slices of a fat file; 0 where the bytes are none.
std::uint32_t fat_slices(ByteSpan bytes) {
  const std::uint32_t magic = load_be32(bytes, 0);
  if (bytes.size() < 8 || (magic != kFatMagic && magic != kFat64Magic)) return 0;
  const std::uint32_t count = load_be32(bytes, 4);
  return count <= kMaxMachoSlices ? count : 0;
}

FatSlice fat_slice(ByteSpan bytes, std::uint32_t index) {
  if (load_be32(bytes, 0) == kFatMagic) {
    const std::uint64_t at = 8 + std::uint64_t{20} * index;
    return {load_be32(bytes, at + 8), load_be32(bytes, at + 12)};
  }
  const std::uint64_t at = 8 + std::uint64_t{32} * index;
  return {load_be64(bytes, at + 8), load_be64(bytes, at + 16)};
}

bool is_thin_magic(std::uint32_t magic) { return magic == 0xfeedfaceU || magic == 0xfeedfacfU; }

std::vector<std::string> sorted(std::set<std::string, std::less<>> names) {
  std::vector<std::string> out;
  out.reserve(names.size());
  while (!names.empty()) out.push_back(std::move(names.extract(names.begin()).value()));
  return out;
}

}  // namespace

bool MachoSection::is_empty_on_disk() const {
  const std::uint32_t type = flags & 0xffU;
  constexpr std::uint32_t kZeroFill = 1;
  constexpr std::uint32_t kLargeZeroFill = 12;
  constexpr std::uint32_t kThreadZeroFill = 18;
  return type == kZeroFill || type == kLargeZeroFill || type == kThreadZeroFill;
}

bool looks_like_macho(ByteSpan bytes) {
  return is_thin_magic(load_le<std::uint32_t>(bytes, 0).value_or(0)) || fat_slices(bytes) != 0;
}

Result<std::vector<MachoFile>> MachoFile::parse_all(ByteSpan bytes, const std::string& where) {
  std::vector<MachoFile> out;
  const std::uint32_t slices = fat_slices(bytes);
  if (slices == 0) {
    out.push_back(TRY(MachoReader(bytes, 0, where).read()));
    return out;
  }
  GapList lost;
  for (std::uint32_t i = 0; i < slices; ++i) {
    const std::string name = where + " slice " + std::to_string(i + 1);
    FatSlice slice = fat_slice(bytes, i);
    const bool whole = subspan_checked(bytes, slice.offset, slice.size).has_value();
    if (!whole) {
      lost.add(name, "reaches beyond the end of the file");
      if (slice.offset >= bytes.size()) continue;
      slice.size = bytes.size() - slice.offset;
    }
    auto file =
        MachoReader(*subspan_checked(bytes, slice.offset, slice.size), slice.offset, name).read();
    if (file) {
      out.push_back(std::move(*file));
    } else {
      lost.add(name, file.error().what);
    }
  }
  if (out.empty()) return fail(ErrorCode::kCorrupt, "no slice of the fat file can be read", where);
  out.front().gaps_.append(lost);
  return out;
}

const MachoSection* MachoFile::section(std::string_view segment, std::string_view name) const {
  for (const MachoSection& each : sections_) {
    if (each.segment == segment && each.name == name) return &each;
  }
  return nullptr;
}

std::vector<std::string> MachoFile::exported_names() const {
  std::set<std::string, std::less<>> names;
  for (const MachoExport& each : exports_) names.insert(each.name);
  for (const MachoSymbol& symbol : symbols_) {
    if (symbol.external() && symbol.defined()) names.emplace(symbol.name);
  }
  return sorted(std::move(names));
}

bool MachoFile::hides(std::uint64_t offset, std::uint64_t size) const {
  return encrypted_ && offset < encrypted_offset_ + encrypted_size_ &&
         encrypted_offset_ < offset + size;
}

std::optional<ByteSpan> MachoFile::at_address(std::uint64_t address, std::uint64_t size) const {
  for (const MachoSegment& segment : segments_) {
    if (address < segment.address) continue;
    const std::uint64_t inside = address - segment.address;
    if (inside > segment.file_size || size > segment.file_size - inside) continue;
    const auto offset = add_checked(segment.offset, inside);
    if (!offset || hides(*offset, size)) return std::nullopt;
    return subspan_checked(bytes_, *offset, size);
  }
  return std::nullopt;
}

std::vector<MachoRange> MachoFile::data_ranges() const {
  std::vector<MachoRange> out;
  for (const MachoSection& each : sections_) {
    if (each.has_code() || each.is_empty_on_disk() || each.size == 0) continue;
    const auto bytes = subspan_checked(bytes_, each.offset, each.size);
    if (!bytes || hides(each.offset, each.size)) continue;
    out.push_back({each.address, each.offset, *bytes});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const MachoRange& a, const MachoRange& b) { return a.offset < b.offset; });
  return out;
}

std::vector<std::string_view> MachoFile::strings_of(const MachoSection& section) const {
  std::vector<std::string_view> out;
  const auto bytes = subspan_checked(bytes_, section.offset, section.size);
  if (!bytes || hides(section.offset, section.size) || section.is_empty_on_disk() ||
      ((section.flags & 0xffU) != kStringsType && !section.name.starts_with("__objc_")))
    return out;
  std::string_view text = as_text(*bytes);
  while (!text.empty() && out.size() < kMaxMachoSymbols) {
    const std::size_t end = text.find('\0');
    const std::string_view one = text.substr(0, end);
    if (!one.empty()) out.push_back(one.substr(0, kMaxMachoNameSize));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace dl
