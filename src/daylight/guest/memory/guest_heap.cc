// SPDX-License-Identifier: Apache-2.0
// Small blocks by size class, large ones as mappings.
#include "daylight/guest/memory/guest_heap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dl::guest {
namespace {

constexpr std::uint64_t kStep = 16;

// 16, 32, ... 128, then four sizes for each power of two: at most a quarter is lost.
std::size_t class_of(std::uint64_t size) {
  const std::uint64_t steps = std::max<std::uint64_t>((size + kStep - 1) / kStep, 1);
  if (steps <= 8) return static_cast<std::size_t>(steps - 1);
  const auto power = static_cast<std::uint64_t>(std::bit_width(steps - 1) - 1);  // >= 3
  const std::uint64_t quarter = (steps - 1) >> (power - 2);                      // 4..7
  return static_cast<std::size_t>(8 + (power - 3) * 4 + (quarter - 4));
}

std::uint64_t size_of_class(std::size_t which) {
  if (which < 8) return (which + 1) * kStep;
  const std::uint64_t power = (which - 8) / 4 + 3;
  const std::uint64_t quarter = (which - 8) % 4 + 4;
  return ((quarter + 1) << (power - 2)) * kStep;
}

void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

GuestHeap::GuestHeap(GuestArena& arena) : arena_(arena) {}

std::uint64_t GuestHeap::allocate_small(std::size_t which) {
  std::vector<std::uint64_t>& free = classes_[which].free;
  const std::uint64_t size = size_of_class(which);
  if (free.empty()) {
    const auto run = arena_.map(kHeapRun, kPageRead | kPageWrite, kHeapRun);
    if (!run) return 0;
    const std::uint64_t count = kHeapRun / size;
    runs_[*run / kHeapRun] = {static_cast<std::uint8_t>(which), std::vector<bool>(count)};
    free.reserve(count);
    for (std::uint64_t i = count; i-- > 0;) free.push_back(*run + i * size);
  }
  const std::uint64_t address = free.back();
  free.pop_back();
  runs_[address / kHeapRun].used[address % kHeapRun / size] = true;
  return address;
}

std::uint64_t GuestHeap::allocate_large(std::uint64_t size, std::uint64_t align, bool& fresh) {
  const std::uint64_t pages = whole_pages(size);
  if (pages == 0) return 0;
  fresh = true;
  const auto kept = kept_.find(pages);
  if (align <= kGuestPage && kept != kept_.end() && !kept->second.empty()) {
    const std::uint64_t address = kept->second.back();
    kept->second.pop_back();
    kept_bytes_ -= pages;
    large_[address] = {pages, size};
    fresh = false;
    return address;
  }
  const auto address = arena_.map(pages, kPageRead | kPageWrite, align);
  if (!address) return 0;
  large_[*address] = {pages, size};
  return *address;
}

std::uint64_t GuestHeap::allocate(std::uint64_t size, std::uint64_t align, bool zero) {
  if (size > arena_.size() || !std::has_single_bit(align)) return 0;
  std::uint64_t address = 0;
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    // Blocks of a power of two lie at multiples of it.
    const std::uint64_t wanted = align <= kStep ? size : std::bit_ceil(std::max(size, align));
    address = wanted <= kMaxSmallBlock ? allocate_small(class_of(wanted))
                                       : allocate_large(size, align, fresh);
    if (address != 0) ++blocks_;
  }
  // Without the lock: a guest may have unmapped the block's pages by itself.
  if (zero && address != 0 && !fresh)
    std::memset(pointer(address), 0, std::max<std::uint64_t>(size, 1));
  return address;
}

bool GuestHeap::release(std::uint64_t address) {
  const std::scoped_lock lock(mutex_);
  const auto run = runs_.find(address / kHeapRun);
  if (run != runs_.end()) {
    const std::uint64_t size = size_of_class(run->second.which);
    const std::uint64_t within = address % kHeapRun;
    if (within % size != 0 || within / size >= run->second.used.size() ||
        !run->second.used[within / size])
      return false;
    run->second.used[within / size] = false;
    classes_[run->second.which].free.push_back(address);
    --blocks_;
    return true;
  }
  const auto large = large_.find(address);
  if (large == large_.end()) return false;
  const std::uint64_t pages = large->second.pages;
  large_.erase(large);
  --blocks_;
  if (kept_bytes_ + pages <= kMaxKeptLarge) {
    kept_[pages].push_back(address);
    kept_bytes_ += pages;
  } else {
    arena_.unmap(address, pages);
  }
  return true;
}

std::optional<std::uint64_t> GuestHeap::size_of_locked(std::uint64_t address) const {
  const auto run = runs_.find(address / kHeapRun);
  if (run != runs_.end()) {
    const std::uint64_t size = size_of_class(run->second.which);
    const std::uint64_t within = address % kHeapRun;
    if (within % size != 0 || within / size >= run->second.used.size() ||
        !run->second.used[within / size])
      return std::nullopt;
    return size;
  }
  const auto large = large_.find(address);
  if (large == large_.end()) return std::nullopt;
  return large->second.pages;
}

std::optional<std::uint64_t> GuestHeap::size_of(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  return size_of_locked(address);
}

std::optional<std::uint64_t> GuestHeap::asked_of(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  const auto large = large_.find(address);
  if (large == large_.end()) return std::nullopt;
  return large->second.asked;
}

std::optional<std::uint64_t> GuestHeap::reallocate(std::uint64_t address, std::uint64_t size) {
  if (address == 0) return allocate(size);
  const auto old = size_of(address);
  if (!old) return std::nullopt;
  // In place where it fits and not too much would be left over.
  if (size <= *old && size >= *old / 2) {
    const std::scoped_lock lock(mutex_);
    const auto large = large_.find(address);
    if (large != large_.end()) large->second.asked = size;
    return address;
  }
  const std::uint64_t fresh = allocate(size);
  if (fresh == 0) return 0;
  std::memcpy(pointer(fresh), pointer(address), std::min(size, *old));
  release(address);
  return fresh;
}

std::uint64_t GuestHeap::blocks() const {
  const std::scoped_lock lock(mutex_);
  return blocks_;
}

}  // namespace dl::guest
