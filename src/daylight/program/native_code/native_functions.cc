// SPDX-License-Identifier: Apache-2.0
// Collects and merges what is said about where functions begin.
#include "daylight/program/native_code/native_functions.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "daylight/base/hex.h"
#include "daylight/program/native_code/native_unwind.h"

namespace dl::program {
namespace {

constexpr std::uint8_t kSymbolFunction = 2;
constexpr std::uint8_t kSymbolIndirect = 10;
constexpr std::uint64_t kSectionExecute = 4;
constexpr std::uint32_t kSectionProgBits = 1;
constexpr std::uint64_t kDtInit = 12;
constexpr std::uint64_t kDtFini = 13;
// Address and size of a table of pointers to functions.
constexpr std::pair<std::uint64_t, std::uint64_t> kInitTables[] = {{25, 27}, {26, 28}};

// Sources that name the function itself, not just some place of code.
constexpr std::uint8_t kStrong = kFromUnwind | kFromSymbol | kFromInit | kFromLinkage;

bool by_address(const FunctionStart& a, const FunctionStart& b) { return a.address < b.address; }

void add_symbols(const std::vector<ElfSymbol>& symbols, bool exported,
                 std::vector<FunctionStart>& out) {
  for (const ElfSymbol& symbol : symbols) {
    const bool function = symbol.type == kSymbolFunction || symbol.type == kSymbolIndirect;
    if (!function || !symbol.defined() || symbol.value == 0) continue;
    out.push_back({symbol.value, symbol.size, symbol.name, kFromSymbol, exported});
  }
}

// What the linker runs when it loads or unloads the library.
void add_initialisers(const ElfFile& elf, const NativePointers& pointers,
                      std::vector<FunctionStart>& out) {
  for (const std::uint64_t tag : {kDtInit, kDtFini}) {
    if (const auto address = elf.dynamic_value(tag); address && *address != 0)
      out.push_back({*address, 0, {}, kFromInit, false});
  }
  for (const auto& [address_tag, size_tag] : kInitTables) {
    const auto begin = elf.dynamic_value(address_tag);
    const auto size = elf.dynamic_value(size_tag);
    if (!begin || !size) continue;
    const auto end = add_checked(*begin, *size);
    if (!end) continue;
    for (const NativePointer& pointer : pointers.between(*begin, *end)) {
      if (!pointer.imported) out.push_back({pointer.target, 0, {}, kFromInit, false});
    }
  }
}

// The area that holds `address`, or null.
const ElfRange* area_of(std::span<const ElfRange> areas, std::uint64_t address) {
  const auto next =
      std::upper_bound(areas.begin(), areas.end(), address,
                       [](std::uint64_t a, const ElfRange& area) { return a < area.address; });
  if (next == areas.begin()) return nullptr;
  const ElfRange& area = *std::prev(next);
  return address - area.address < area.bytes.size() ? &area : nullptr;
}

// Adds what a further source says of the same place. The name of an exported symbol wins, then the
// first one.
void join(NativeFunction& function, const FunctionStart& start) {
  function.sources = static_cast<std::uint8_t>(function.sources | start.source);
  function.size = std::max(function.size, start.size);
  const bool stub = start.source == kFromLinkage;
  if (function.name.empty() || stub || (start.exported && !function.exported)) {
    if (!start.name.empty()) function.name = start.name;
  }
  function.exported = function.exported || start.exported;
}

}  // namespace

std::vector<ElfRange> native_code_areas(const ElfFile& elf) {
  std::vector<ElfRange> areas;
  const std::vector<ElfRange> mapped = elf.code_ranges();
  for (const ElfSection& section : elf.sections()) {
    if (section.type != kSectionProgBits || (section.flags & kSectionExecute) == 0) continue;
    for (const ElfRange& range : mapped) {
      if (section.address < range.address) continue;
      const auto bytes =
          subspan_checked(range.bytes, section.address - range.address, section.size);
      if (bytes && !bytes->empty() &&
          section.offset == range.offset + (section.address - range.address)) {
        areas.push_back({section.address, section.offset, *bytes});
      }
    }
  }
  if (areas.empty()) areas = mapped;
  std::stable_sort(areas.begin(), areas.end(),
                   [](const ElfRange& a, const ElfRange& b) { return a.address < b.address; });
  // Hostile files may map the same addresses twice: the first mapping counts. An address plus a
  // size of bytes that are there may still overflow.
  std::uint64_t end = 0;
  std::erase_if(areas, [&](const ElfRange& area) {
    const auto area_end = add_checked(area.address, area.bytes.size());
    if (!area_end || area.address < end) return true;
    end = *area_end;
    return false;
  });
  return areas;
}

void sort_by_address(std::vector<FunctionStart>& starts) {
  if (!std::is_sorted(starts.begin(), starts.end(), by_address))
    std::stable_sort(starts.begin(), starts.end(), by_address);
}

CodeAddresses::CodeAddresses(std::span<const ElfRange> areas) {
  for (const ElfRange& area : areas)
    areas_.push_back({area.address, std::vector<std::uint64_t>((area.bytes.size() + 63) / 64),
                      area.bytes.size()});
}

void CodeAddresses::add(std::uint64_t address) {
  const auto next =
      std::upper_bound(areas_.begin(), areas_.end(), address,
                       [](std::uint64_t value, const Area& area) { return value < area.address; });
  if (next == areas_.begin()) return;
  Area& area = *std::prev(next);
  const std::uint64_t distance = address - area.address;
  if (distance < area.size) area.bits[distance / 64] |= std::uint64_t{1} << (distance % 64);
}

std::vector<FunctionStart> declared_function_starts(const ElfFile& elf,
                                                    std::span<const ElfRange> areas,
                                                    const NativePointers& pointers,
                                                    const std::string& where, GapList& gaps) {
  std::vector<FunctionStart> out;
  for (const UnwindRange& range : read_unwind_ranges(elf, where, gaps))
    out.push_back({range.address, range.size, {}, kFromUnwind, false});
  add_symbols(elf.symbols(), true, out);
  add_symbols(elf.debug_symbols(), false, out);
  add_initialisers(elf, pointers, out);
  CodeAddresses targets(areas);
  for (const NativePointer& pointer : pointers.all()) {
    if (!pointer.imported && !pointer.jump_slot) targets.add(pointer.target);
  }
  targets.for_each([&](std::uint64_t target) {
    out.push_back({target, 0, {}, kFromPointer, false});
  });
  sort_by_address(out);
  return out;
}

NativeFunctions NativeFunctions::merge(std::span<const FunctionStart> starts,
                                       std::span<const ElfRange> areas, const std::string& where,
                                       GapList& gaps) {
  assert(std::is_sorted(starts.begin(), starts.end(), by_address));
  NativeFunctions out;
  out.functions_.reserve(std::min(starts.size(), kMaxNativeFunctions));
  std::uint64_t known_end = 0;  // of the last function whose size is known
  for (std::size_t i = 0; i < starts.size();) {
    NativeFunction function;
    function.address = starts[i].address;
    if (area_of(areas, function.address) == nullptr) {
      ++i;
      continue;
    }
    for (; i < starts.size() && starts[i].address == function.address; ++i)
      join(function, starts[i]);
    if ((function.sources & kStrong) == 0 && function.address < known_end) continue;
    if (out.functions_.size() >= kMaxNativeFunctions) {
      gaps.add(where, "more than " + std::to_string(kMaxNativeFunctions) +
                          " functions: the rest is not read");
      break;
    }
    // Ends wrap only in hostile files; the area's end cuts them below.
    known_end = std::max(known_end, add_checked(function.address, function.size).value_or(0));
    out.functions_.push_back(function);
  }
  for (std::size_t i = 0; i < out.functions_.size(); ++i) {
    NativeFunction& function = out.functions_[i];
    const ElfRange* area = area_of(areas, function.address);
    std::uint64_t most = area->bytes.size() - (function.address - area->address);
    if (i + 1 < out.functions_.size())
      most = std::min(most, out.functions_[i + 1].address - function.address);
    function.sized = function.size != 0;
    function.size = function.sized ? std::min(function.size, most) : most;
  }
  out.index_buckets();
  return out;
}

void NativeFunctions::index_buckets() {
  if (functions_.empty()) return;
  // Functions lie in areas, which are bytes of the file: but areas may lie far apart.
  const std::uint64_t span = functions_.back().address - functions_.front().address;
  if ((span >> kBucketBits) > kMaxNativeFunctions * 4) return;
  buckets_.resize(static_cast<std::size_t>(span >> kBucketBits) + 1);
  FunctionId id = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const std::uint64_t first = functions_.front().address + (std::uint64_t{i} << kBucketBits);
    while (id + 1 < functions_.size() && functions_[id + 1].address <= first) ++id;
    buckets_[i] = id;
  }
}

FunctionId NativeFunctions::holding(std::uint64_t address) const {
  if (functions_.empty() || address < functions_.front().address) return kNoFunction;
  const std::uint64_t bucket = (address - functions_.front().address) >> kBucketBits;
  auto begin = functions_.begin();
  auto end = functions_.end();
  if (bucket < buckets_.size()) begin += buckets_[bucket];
  if (bucket + 1 < buckets_.size()) end = functions_.begin() + buckets_[bucket + 1] + 1;
  const auto next = std::upper_bound(
      begin, end, address,
      [](std::uint64_t a, const NativeFunction& function) { return a < function.address; });
  const auto found = std::prev(next);
  if (address - found->address >= found->size) return kNoFunction;
  return static_cast<FunctionId>(found - functions_.begin());
}

FunctionId NativeFunctions::at(std::uint64_t address) const {
  const FunctionId id = holding(address);
  return id != kNoFunction && functions_[id].address == address ? id : kNoFunction;
}

FunctionId NativeFunctions::named(std::string_view name) const {
  const auto found = std::find_if(
      functions_.begin(), functions_.end(),
      [&](const NativeFunction& function) { return function.name == name && !function.is_stub(); });
  return found == functions_.end() ? kNoFunction
                                   : static_cast<FunctionId>(found - functions_.begin());
}

std::string NativeFunctions::label(FunctionId id) const {
  const NativeFunction& function = functions_[id];
  if (function.is_stub()) return std::string(function.name) + "@plt";
  if (!function.name.empty()) return std::string(function.name);
  return "+0x" + hex_number(function.address);
}

}  // namespace dl::program
