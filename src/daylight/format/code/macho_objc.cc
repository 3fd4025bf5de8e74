// SPDX-License-Identifier: Apache-2.0
// Objective-C classes of a Mach-O image: by symbols, and by the list that the runtime registers.
#include <algorithm>
#include <array>

#include "daylight/format/code/macho.h"
#include "daylight/format/code/macho_reader.h"

namespace dl {
namespace {

constexpr std::string_view kClassSymbol = "_OBJC_CLASS_$_";
// Names of classes are no longer than this.
constexpr std::uint64_t kMaxClassName = 512;

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

std::vector<std::string> MachoFile::objc_imported_classes() const {
  std::vector<std::string> out;
  for (const std::string& name : imports_) {
    if (name.starts_with(kClassSymbol)) out.push_back(name.substr(kClassSymbol.size()));
  }
  return out;
}

std::vector<std::string> MachoFile::objc_defined_classes() const {
  std::vector<std::string> out = listed_classes();
  for (const std::string& name : exported_names()) {
    if (name.starts_with(kClassSymbol)) out.push_back(name.substr(kClassSymbol.size()));
  }
  for (const MachoSection& each : sections_) {
    if (!out.empty() || each.name != "__objc_classname") continue;
    for (const std::string_view text : strings_of(each)) out.emplace_back(text);
  }
  sort_unique(out);
  return out;
}

std::vector<std::string> MachoFile::listed_classes() const {
  std::vector<std::string> out;
  const std::uint64_t stride = is_64bit_ ? 8 : 4;
  for (const MachoSection& each : sections_) {
    // Of a section that is not in the file the size says nothing.
    const auto list = subspan_checked(bytes_, each.offset, each.size);
    if (each.name != "__objc_classlist" || !list || each.is_empty_on_disk()) continue;
    for (std::uint64_t at = 0; at + stride <= list->size(); at += stride) {
      if (out.size() >= kMaxMachoClasses) return out;
      const auto where = pointer_at(each.address + at);
      std::string name = where ? class_name_at(*where) : std::string();
      if (!name.empty()) out.push_back(std::move(name));
    }
  }
  return out;
}

// The address that a stored pointer means. On disk it may be the address itself, or one link of a
// chain of fixups: an address or an offset from the first segment in the low bits. The first
// reading that leads into the file is taken.
std::optional<std::uint64_t> MachoFile::pointer_at(std::uint64_t address) const {
  const auto bytes = at_address(address, is_64bit_ ? 8 : 4);
  if (!bytes) return std::nullopt;
  if (!is_64bit_) return load_le<std::uint32_t>(*bytes, 0);
  const std::uint64_t stored = load_le<std::uint64_t>(*bytes, 0).value_or(0);
  if (stored == 0) return std::nullopt;
  std::uint64_t base = 0;
  for (const MachoSegment& segment : segments_) {
    if (segment.name == "__TEXT") base = segment.address;
  }
  constexpr std::uint64_t kTarget = (std::uint64_t{1} << 36U) - 1;
  constexpr std::uint64_t kLongTarget = (std::uint64_t{1} << 43U) - 1;
  constexpr std::uint64_t kShortTarget = (std::uint64_t{1} << 32U) - 1;
  const std::array candidates = {stored, stored & kTarget, (stored & kTarget) + base,
                                 stored & kLongTarget, (stored & kShortTarget) + base};
  for (const std::uint64_t candidate : candidates) {
    if (at_address(candidate, 1)) return candidate;
  }
  return std::nullopt;
}

// The runtime's layout: class → read-only data (flags in the low three bits) → name.
std::string MachoFile::class_name_at(std::uint64_t address) const {
  const auto data = pointer_at(address + (is_64bit_ ? 32 : 16));
  if (!data) return {};
  const auto name = pointer_at((*data & ~std::uint64_t{7}) + (is_64bit_ ? 24 : 16));
  if (!name) return {};
  for (std::uint64_t size = kMaxClassName; size > 0; size /= 2) {
    const auto bytes = at_address(*name, size);
    if (!bytes) continue;
    const std::string_view text = macho_text_at(*bytes, 0);
    return text.size() < size ? std::string(text) : std::string();
  }
  return {};
}

}  // namespace dl
