// SPDX-License-Identifier: Apache-2.0
// Reads the code of a library function by function, and finds linkage stubs.
#include "daylight/program/native_code/native_references.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "daylight/program/native_code/native_decode_arm64.h"
#include "daylight/program/native_code/native_decode_x86.h"

namespace dl::program {
namespace {

// BTI c, ADRP x16: how a stub of AArch64 begins; ENDBR64: how one of x86-64 may.
constexpr std::uint32_t kBtiC = 0xd503245f;
constexpr std::uint32_t kAdrpX16Mask = 0x9f00001f;
constexpr std::uint32_t kAdrpX16 = 0x90000010;
constexpr std::uint32_t kEndbr64 = 0xfa1e0ff3;
constexpr std::uint64_t kArm64StubTail = 12;  // ADRP, LDR, ADD, then BR
constexpr std::uint64_t kStubSize = 16;
// Of libraries of store apps, one instruction in twelve or fewer refers to something elsewhere.
constexpr std::uint64_t kCodeBytesOfReference = 32;

// The addresses of all loadable segments lie in [begin, end).
std::pair<std::uint64_t, std::uint64_t> mapped_range(const ElfFile& elf) {
  std::uint64_t begin = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t end = 0;
  for (const ElfSegment& segment : elf.segments()) {
    if (segment.type != ElfSegment::kLoad || segment.memory_size == 0) continue;
    begin = std::min(begin, segment.address);
    end = std::max(end, add_checked(segment.address, segment.memory_size).value_or(0));
  }
  return {begin, end};
}

class Sweep {
 public:
  Sweep(ElfMachine machine, NativeReferenceSink& sink) : machine_(machine), sink_(sink) {}

  // The stretch [begin, end) of an area, in addresses.
  void read(const ElfRange& area, std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    const ByteSpan code = area.bytes.subspan(static_cast<std::size_t>(begin - area.address),
                                             static_cast<std::size_t>(end - begin));
    bytes_ += code.size();
    if (machine_ == ElfMachine::kArm64) {
      scan_arm64(code, begin, sink_);
    } else {
      scan_x86_64(code, begin, sink_);
    }
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  ElfMachine machine_;
  NativeReferenceSink& sink_;
  std::uint64_t bytes_ = 0;
};

// Code that no function covers: padding, or functions that are not yet known.
std::uint64_t aligned_start(ElfMachine machine, std::uint64_t address) {
  return machine == ElfMachine::kArm64 ? (address + 3) & ~std::uint64_t{3} : address;
}

std::optional<std::uint32_t> word_at(const ElfFile& elf, std::uint64_t address) {
  const auto bytes = elf.at_address(address, 4);
  return bytes ? load_le<std::uint32_t>(*bytes, 0) : std::nullopt;
}

// Where the stub begins whose jump through a slot is `jump`; nothing if it does not look like one.
std::optional<std::uint64_t> stub_start(const ElfFile& elf, std::uint64_t jump) {
  std::uint64_t start = jump;
  if (elf.machine() == ElfMachine::kArm64) {
    if (jump < kArm64StubTail) return std::nullopt;
    start = jump - kArm64StubTail;
    const auto first = word_at(elf, start);
    if (!first || (*first & kAdrpX16Mask) != kAdrpX16) return std::nullopt;
    if (start >= 4 && word_at(elf, start - 4) == kBtiC) start -= 4;
    return start;
  }
  if (start >= 4 && word_at(elf, start - 4) == kEndbr64) start -= 4;
  return start;
}

}  // namespace

NativeReferences NativeReferences::read(const ElfFile& elf, std::span<const ElfRange> areas,
                                        const NativeFunctions& known, const std::string& where,
                                        GapList& gaps) {
  NativeReferences out;
  const auto [mapped_begin, mapped_end] = mapped_range(elf);
  out.base_ = mapped_begin;
  const std::uint64_t mapped = mapped_end > mapped_begin ? mapped_end - mapped_begin : 0;
  if (mapped > kMaxNativeMapped)
    gaps.add(where, "maps more than 4 GB: references to and from the rest are not followed");
  NativeReferenceSink sink(out.references_, mapped_begin,
                           static_cast<std::uint32_t>(std::min(mapped, kMaxNativeMapped)));
  std::uint64_t code_size = 0;
  for (const ElfRange& area : areas) code_size += area.bytes.size();
  // Memory that is not written does not count: better too much than grown by copying.
  out.references_.reserve(static_cast<std::size_t>(
      std::min<std::uint64_t>(code_size / kCodeBytesOfReference, kMaxNativeReferences)));
  Sweep sweep(elf.machine(), sink);
  const auto functions = known.all();
  std::size_t next = 0;
  for (const ElfRange& area : areas) {
    if (sweep.bytes() + area.bytes.size() > kMaxNativeCodeBytes) {
      gaps.add(where, "more than " + std::to_string(kMaxNativeCodeBytes >> 20U) +
                          " MB of code: the rest is not read");
      break;
    }
    const std::uint64_t area_end = area.address + area.bytes.size();
    std::uint64_t at = aligned_start(elf.machine(), area.address);
    for (; next < functions.size() && functions[next].address < area_end; ++next) {
      const NativeFunction& function = functions[next];
      if (function.address < area.address) continue;
      sink.set_inside(0, 0);
      sweep.read(area, at, function.address);
      if (function.sized) sink.set_inside(function.address, function.end());
      sweep.read(area, function.address, function.end());
      at = aligned_start(elf.machine(), function.end());
    }
    sink.set_inside(0, 0);
    sweep.read(area, at, area_end);
  }
  if (!sink.complete()) {
    gaps.add(where, "more than " + std::to_string(kMaxNativeReferences) +
                        " references in code: the rest is not followed");
  }
  out.code_bytes_ = sweep.bytes();
  out.undecoded_ = sink.undecoded();
  return out;
}

void NativeReferences::drop_inner_branches(const NativeFunctions& functions) {
  const auto all = functions.all();
  std::size_t current = 0;
  std::erase_if(references_, [&](const PackedReference& packed) {
    const NativeReference reference = packed.unpack(base_);
    while (current < all.size() && all[current].end() <= reference.from) ++current;
    const bool branch = reference.kind == NativeReferenceKind::kJump ||
                        reference.kind == NativeReferenceKind::kBranch;
    if (!branch || current == all.size()) return false;
    const NativeFunction& function = all[current];
    return reference.from >= function.address && reference.to >= function.address &&
           reference.to < function.end();
  });
}

void NativeReferences::drop_code_flow() {
  std::erase_if(references_,
                [](const PackedReference& packed) { return packed.unpack(0).is_code_flow(); });
  references_.shrink_to_fit();
}

// A counting sort by bucket: a full sort of millions of targets costs more than all queries.
// Buckets are made wider where few references lie far apart.
void NativeReferences::index_targets() {
  std::uint32_t last = 0;
  for (const PackedReference& packed : references_) last = std::max(last, packed.to);
  while (bucket_bits_ < 31 && (last >> bucket_bits_) > 4 * references_.size() + 64) ++bucket_bits_;
  starts_.assign((last >> bucket_bits_) + 2, 0);
  for (const PackedReference& packed : references_) ++starts_[(packed.to >> bucket_bits_) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  by_target_.resize(starts_.back());
  std::vector<std::uint32_t> next(starts_.begin(), std::prev(starts_.end()));
  for (std::uint32_t i = 0; i < references_.size(); ++i)
    by_target_[next[references_[i].to >> bucket_bits_]++] = i;
  for (std::size_t i = 0; i + 1 < starts_.size(); ++i) {
    if (starts_[i + 1] - starts_[i] < 2) continue;
    std::sort(by_target_.begin() + starts_[i], by_target_.begin() + starts_[i + 1],
              [this](std::uint32_t x, std::uint32_t y) {
                return std::pair(references_[x].to, x) < std::pair(references_[y].to, y);
              });
  }
}

std::span<const PackedReference> NativeReferences::range_of(const NativeFunction& function) const {
  const auto before = [this](const PackedReference& packed, std::uint64_t address) {
    return base_ + packed.from < address;
  };
  const auto first =
      std::lower_bound(references_.begin(), references_.end(), function.address, before);
  const auto last = std::lower_bound(first, references_.end(), function.end(), before);
  return {first, last};
}

std::vector<NativeReference> NativeReferences::data_uses(std::uint64_t address) const {
  std::vector<NativeReference> out;
  const std::uint64_t bucket = (address - base_) >> bucket_bits_;
  if (address < base_ || bucket + 1 >= starts_.size()) return out;
  const auto end = by_target_.begin() + starts_[bucket + 1];
  auto at = std::lower_bound(
      by_target_.begin() + starts_[bucket], end, address - base_,
      [this](std::uint32_t index, std::uint64_t target) { return references_[index].to < target; });
  for (; at != end && references_[*at].to == address - base_; ++at) {
    if (out.size() >= kMaxUsesOfAddress) break;
    out.push_back(references_[*at].unpack(base_));
  }
  return out;
}

std::vector<FunctionStart> discovered_function_starts(const ElfFile& elf,
                                                      std::span<const ElfRange> areas,
                                                      const NativeReferences& references,
                                                      const NativePointers& pointers) {
  std::vector<FunctionStart> out;
  CodeAddresses called(areas);
  for (const NativeReference reference : references.all()) {
    if (reference.kind == NativeReferenceKind::kCall) called.add(reference.to);
    if (reference.kind != NativeReferenceKind::kJumpSlot) continue;
    const NativePointer* pointer = pointers.at(reference.to);
    if (pointer == nullptr || pointer->symbol == 0 || !pointer->jump_slot) continue;
    const auto start = stub_start(elf, reference.from);
    if (start)
      out.push_back({*start, kStubSize, elf.symbols()[pointer->symbol].name, kFromLinkage, false});
  }
  called.for_each([&](std::uint64_t address) {
    out.push_back({address, 0, {}, kFromCall, false});
  });
  sort_by_address(out);
  return out;
}

}  // namespace dl::program
