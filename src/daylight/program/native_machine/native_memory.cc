// SPDX-License-Identifier: Apache-2.0
// Blocks, and pages of the library that are copied when they are first needed.
#include "daylight/program/native_machine/native_memory.h"

#include <algorithm>

namespace dl::program {
namespace {

constexpr std::uint64_t kPage = 4'096;
constexpr std::uint32_t kLoad = 1;
constexpr std::uint32_t kExecute = 1;
constexpr std::uint32_t kWrite = 2;
// Nothing of a library is mapped beyond.
constexpr std::uint64_t kMaxImage = std::uint64_t{8} << 30;

}  // namespace

NativeMemory::NativeMemory(const NativeCode& code, std::uint64_t limit)
    : code_(code), left_(limit) {
  for (const ElfSegment& segment : code.elf().segments()) {
    if (segment.type != kLoad || segment.memory_size == 0) continue;
    const auto end = add_checked(segment.address, segment.memory_size);
    if (!end || *end > kMaxImage) continue;
    Segment mapped{
        segment.address, *end, {}, (segment.flags & kWrite) != 0, (segment.flags & kExecute) != 0};
    const auto bytes = subspan_checked(code.elf().bytes(), segment.offset,
                                       std::min(segment.file_size, segment.memory_size));
    if (bytes) mapped.bytes = *bytes;
    segments_.push_back(mapped);
  }
}

std::uint64_t NativeMemory::allocate(std::uint64_t size) {
  if (size > left_ || blocks_.size() >= kMaxNativeBlocks) return 0;
  left_ -= size;
  std::uint64_t address = kNativeHeapBase;
  if (!blocks_.empty()) {
    const NativeBlock& last = blocks_.back();
    address = (last.address + last.bytes.size() + 2 * kNativeBlockGap) & ~(kNativeBlockGap - 1);
  }
  blocks_.push_back({address, std::vector<std::uint8_t>(static_cast<std::size_t>(size)), 0});
  return address;
}

std::uint64_t NativeMemory::add(ByteSpan bytes) {
  const std::uint64_t address = allocate(bytes.size());
  if (address != 0) std::copy(bytes.begin(), bytes.end(), blocks_.back().bytes.begin());
  return address;
}

NativeBlock* NativeMemory::find_block(std::uint64_t address) {
  const auto holds = [&](const NativeBlock& block) {
    return address >= block.address && address - block.address <= block.bytes.size();
  };
  if (last_ < blocks_.size() && holds(blocks_[last_])) return &blocks_[last_];
  const auto next =
      std::upper_bound(blocks_.begin(), blocks_.end(), address,
                       [](std::uint64_t a, const NativeBlock& block) { return a < block.address; });
  if (next == blocks_.begin()) return nullptr;
  last_ = static_cast<std::size_t>(next - blocks_.begin()) - 1;
  return holds(blocks_[last_]) ? &blocks_[last_] : nullptr;
}

const NativeBlock* NativeMemory::block_at(std::uint64_t address) const {
  for (const NativeBlock& block : blocks_) {
    if (address >= block.address && address - block.address < block.bytes.size()) return &block;
  }
  return nullptr;
}

const NativeMemory::Segment* NativeMemory::segment_of(std::uint64_t address) const {
  const auto holds = [&](const Segment& segment) {
    return address >= segment.begin && address < segment.end;
  };
  if (last_segment_ < segments_.size() && holds(segments_[last_segment_]))
    return &segments_[last_segment_];
  const auto found = std::find_if(segments_.begin(), segments_.end(), holds);
  if (found == segments_.end()) return nullptr;
  last_segment_ = static_cast<std::size_t>(found - segments_.begin());
  return &*found;
}

// The copy of the page at `address`, with what the file has there and the linker would write.
NativeMemory::Page* NativeMemory::page_at(const Segment& segment, std::uint64_t address) {
  const std::uint64_t begin = address & ~(kPage - 1);
  const auto known = pages_.find(begin);
  if (known != pages_.end()) return &known->second;
  if (left_ < kPage) return nullptr;
  left_ -= kPage;
  Page& page = pages_[begin];
  page.fill(0);
  const std::uint64_t first = std::max(begin, segment.begin);
  const std::uint64_t last =
      std::min(begin + kPage, segment.begin + std::uint64_t{segment.bytes.size()});
  if (first < last) {
    const ByteSpan part = segment.bytes.subspan(static_cast<std::size_t>(first - segment.begin),
                                                static_cast<std::size_t>(last - first));
    std::copy(part.begin(), part.end(), page.begin() + static_cast<std::ptrdiff_t>(first - begin));
  }
  for (const NativePointer& pointer : code_.pointers().between(begin, begin + kPage)) {
    const std::uint64_t at = pointer.slot - begin;
    if (at + sizeof(std::uint64_t) > kPage) continue;
    const std::uint64_t value = pointer.imported
                                    ? kNativeImportBase + std::uint64_t{pointer.symbol} * 16
                                    : kNativeImageBase + pointer.target;
    std::memcpy(page.data() + at, &value, sizeof value);
  }
  return &page;
}

bool NativeMemory::access_image(std::uint64_t address, std::uint8_t* bytes, std::size_t size,
                                bool writes) {
  std::uint64_t at = address - kNativeImageBase;
  while (size > 0) {
    const Segment* const segment = segment_of(at);
    if (segment == nullptr || (writes && !segment->writable)) return false;
    std::uint64_t room = std::min(segment->end - at, kPage - at % kPage);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room, size));
    if (segment->writable) {
      Page* const page = page_at(*segment, at);
      if (page == nullptr) return false;
      std::uint8_t* const there = page->data() + at % kPage;
      std::memcpy(writes ? there : bytes, writes ? bytes : there, count);
    } else {
      const auto part = subspan_checked(segment->bytes, at - segment->begin, count);
      if (!part) return false;
      std::memcpy(bytes, part->data(), count);
    }
    at += count;
    bytes += count;
    size -= count;
  }
  return true;
}

bool NativeMemory::read(std::uint64_t address, void* to, std::size_t size) {
  if (address >= kNativeHeapBase) {
    const NativeBlock* const block = find_block(address);
    if (block == nullptr || size > block->bytes.size() - (address - block->address)) return false;
    std::memcpy(to, block->bytes.data() + (address - block->address), size);
    return true;
  }
  if (address >= kNativeImportBase && address < kNativeServiceBase) {
    std::memset(to, 0, size);  // data of other libraries: what a guard of the stack needs
    return true;
  }
  if (address < kNativeImageBase || address >= kNativeImportBase) return false;
  return access_image(address, static_cast<std::uint8_t*>(to), size, false);
}

bool NativeMemory::write(std::uint64_t address, const void* from, std::size_t size) {
  if (address >= kNativeHeapBase) {
    NativeBlock* const block = find_block(address);
    if (block == nullptr || size > block->bytes.size() - (address - block->address)) return false;
    std::memcpy(block->bytes.data() + (address - block->address), from, size);
    block->writer = writer_;
    return true;
  }
  if (address < kNativeImageBase || address >= kNativeImportBase) return false;
  std::array<std::uint8_t, 256> copy;
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  while (size > 0) {
    const std::size_t count = std::min(size, copy.size());
    std::memcpy(copy.data(), bytes, count);
    if (!access_image(address, copy.data(), count, true)) return false;
    address += count;
    bytes += count;
    size -= count;
  }
  return true;
}

ByteSpan NativeMemory::code_at(std::uint64_t address) const {
  if (address < kNativeImageBase || address >= kNativeImportBase) return {};
  const std::uint64_t at = address - kNativeImageBase;
  const Segment* const segment = segment_of(at);
  if (segment == nullptr || !segment->executable) return {};
  const std::uint64_t offset = at - segment->begin;
  if (offset >= segment->bytes.size()) return {};
  return segment->bytes.subspan(static_cast<std::size_t>(offset));
}

}  // namespace dl::program
