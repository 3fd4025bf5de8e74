// SPDX-License-Identifier: Apache-2.0
// Reserves, maps and checks pages.
#include "daylight/guest/memory/guest_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kSize = std::uint64_t{1} << kArenaBits;
// Ends in guard pages of the same size: no access that begins inside leaves it.
constexpr std::uint64_t kBehind = std::uint64_t{4} << 30;
// Places that are tried: between a program's heap and the libraries of a 64-bit Linux process, and
// with bit 46 set, as every other address of such a process has.
constexpr std::uint64_t kPlaces[] = {0x500000000000, 0x580000000000, 0x600000000000,
                                     0x4c0000000000, 0x680000000000, 0x440000000000};

int host_protection(std::uint8_t access, bool native) {
  int out = PROT_NONE;
  if ((access & kPageRead) != 0) out |= PROT_READ;
  if ((access & kPageWrite) != 0) out |= PROT_READ | PROT_WRITE;
  if ((access & kPageExecute) != 0) out |= PROT_READ;
  if (native && (access & kPageExecute) != 0) out |= PROT_EXEC;
  return out;
}

void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

std::uint64_t whole_pages(std::uint64_t size) {
  if (size > kSize) return 0;
  return (size + kGuestPage - 1) / kGuestPage * kGuestPage;
}

Result<std::unique_ptr<GuestArena>> GuestArena::reserve(bool native, bool shared) {
  std::unique_ptr<GuestArena> arena(new GuestArena());
  for (const std::uint64_t place : kPlaces) {
    void* const got =
        mmap(pointer(place), kSize + kBehind, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) continue;
    if (got != pointer(place)) {  // a kernel that does not know the flag
      munmap(got, kSize + kBehind);
      continue;
    }
    arena->base_ = place;
    break;
  }
  if (arena->base_ == 0)
    return fail(ErrorCode::kLimit, "no free range of addresses for a guest's memory", "guest");
  void* const pages = mmap(nullptr, kSize / kGuestPage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    return fail(ErrorCode::kLimit, "no memory for a guest's page table", "guest");
  arena->pages_ = static_cast<std::uint8_t*>(pages);
  arena->native_ = native;
  arena->shared_ = shared;
  arena->free_.emplace(arena->base_ + kArenaNullGuard, kSize - kArenaNullGuard);
  return arena;
}

GuestArena::~GuestArena() {
  if (base_ != 0) munmap(pointer(base_), kSize + kBehind);
  if (pages_ != nullptr) munmap(pages_, kSize / kGuestPage);
}

std::uint64_t GuestArena::mapped() const {
  const std::scoped_lock lock(mutex_);
  return mapped_;
}

Result<std::uint64_t> GuestArena::take(std::uint64_t size, std::uint64_t align) {
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    const auto [begin, length] = *range;
    const std::uint64_t at = (begin + align - 1) / align * align;
    if (at < begin || at - begin > length || length - (at - begin) < size) continue;
    free_.erase(range);
    if (at > begin) free_.emplace(begin, at - begin);
    if (at + size < begin + length) free_.emplace(at + size, begin + length - at - size);
    return at;
  }
  return fail(ErrorCode::kLimit, "the guest's addresses are used up", "guest");
}

void GuestArena::take_at(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t end = address + size;
  for (auto range = free_.begin(); range != free_.end();) {
    const std::uint64_t begin = range->first;
    const std::uint64_t stop = begin + range->second;
    if (stop <= address || begin >= end) {
      ++range;
      continue;
    }
    range = free_.erase(range);
    if (begin < address) free_.emplace(begin, address - begin);
    if (stop > end) free_.emplace(end, stop - end);
  }
}

void GuestArena::give_back(std::uint64_t address, std::uint64_t size) {
  take_at(address, size);  // parts of it may be free already
  auto next = free_.lower_bound(address);
  if (next != free_.end() && next->first == address + size) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == address) {
      before->second += size;
      return;
    }
  }
  free_.emplace(address, size);
}

Result<void> GuestArena::set_pages(std::uint64_t address, std::uint64_t size, std::uint8_t access,
                                   bool fresh) {
  const int protection = host_protection(access, native_);
  if (fresh) {
    void* const got = mmap(pointer(address), size, protection,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (got == MAP_FAILED)
      return fail(ErrorCode::kLimit, "no memory for a guest's mapping", "guest");
  } else if (mprotect(pointer(address), size, protection) != 0) {
    return fail(ErrorCode::kLimit, "a guest's pages cannot be protected", "guest");
  }
  // Mapped without any access is not the same as not mapped.
  const auto mark = static_cast<std::uint8_t>(access | 0x80U);
  std::memset(pages_ + (address - base_) / kGuestPage, mark, size / kGuestPage);
  return {};
}

Result<std::uint64_t> GuestArena::map(std::uint64_t size, std::uint8_t access,
                                      std::uint64_t align) {
  const std::uint64_t pages = whole_pages(size);
  if (pages == 0) return fail(ErrorCode::kInvalidArgument, "a mapping of no size", "guest");
  const std::scoped_lock lock(mutex_);
  if (mapped_ + pages > kMaxArenaMapped)
    return fail(ErrorCode::kLimit, "the guest maps more memory than the limit", "guest");
  const std::uint64_t address = TRY(take(pages, std::max(align, kGuestPage)));
  TRY_VOID(set_pages(address, pages, access, true));
  mapped_ += pages;
  return address;
}

Result<std::uint64_t> GuestArena::reserve_range(std::uint64_t size, std::uint64_t align) {
  const std::uint64_t pages = whole_pages(size);
  if (pages == 0) return fail(ErrorCode::kInvalidArgument, "a range of no size", "guest");
  const std::scoped_lock lock(mutex_);
  return take(pages, std::max(align, kGuestPage));
}

Result<void> GuestArena::map_at(std::uint64_t address, std::uint64_t size, std::uint8_t access) {
  const std::uint64_t pages = whole_pages(size);
  if (pages == 0 || address % kGuestPage != 0 || !contains(address) ||
      address - base_ < kArenaNullGuard || kSize - (address - base_) < pages)
    return fail(ErrorCode::kInvalidArgument, "a mapping outside of the guest's memory", "guest");
  const std::scoped_lock lock(mutex_);
  std::uint64_t before = 0;
  for (std::uint64_t at = address; at < address + pages; at += kGuestPage)
    before += pages_[(at - base_) / kGuestPage] != 0 ? kGuestPage : 0;
  if (mapped_ + pages - before > kMaxArenaMapped)
    return fail(ErrorCode::kLimit, "the guest maps more memory than the limit", "guest");
  take_at(address, pages);
  TRY_VOID(set_pages(address, pages, access, true));
  mapped_ += pages - before;
  return {};
}

Result<void> GuestArena::protect(std::uint64_t address, std::uint64_t size, std::uint8_t access) {
  const std::uint64_t pages = whole_pages(size);
  if (address % kGuestPage != 0 || !contains(address) || kSize - (address - base_) < pages)
    return fail(ErrorCode::kInvalidArgument, "pages outside of the guest's memory", "guest");
  if (pages == 0) return {};
  const std::scoped_lock lock(mutex_);
  for (std::uint64_t at = address; at < address + pages; at += kGuestPage) {
    if (pages_[(at - base_) / kGuestPage] == 0)
      return fail(ErrorCode::kInvalidArgument, "a page that is not mapped", "guest");
  }
  return set_pages(address, pages, access, false);
}

void GuestArena::unmap(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t pages = whole_pages(size);
  if (pages == 0 || address % kGuestPage != 0 || !contains(address) ||
      address - base_ < kArenaNullGuard || kSize - (address - base_) < pages)
    return;
  const std::scoped_lock lock(mutex_);
  // Otherwise the pages would hold what was there when they are given away again.
  if (mmap(pointer(address), pages, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return;
  for (std::uint64_t at = address; at < address + pages; at += kGuestPage)
    mapped_ -= pages_[(at - base_) / kGuestPage] != 0 ? kGuestPage : 0;
  std::memset(pages_ + (address - base_) / kGuestPage, 0, pages / kGuestPage);
  give_back(address, pages);
}

bool GuestArena::shares(std::uint64_t address, std::uint64_t size) const {
  if (!shared_ || address < kLowestShared || address >= kSharedEnd || kSharedEnd - address < size)
    return false;
  return address + size <= base_ || address >= base_ + kSize + kBehind;
}

bool GuestArena::allows(std::uint64_t address, std::uint64_t size, std::uint8_t access) const {
  if (size == 0) return true;
  if (!contains(address)) return (access & kPageExecute) == 0 && shares(address, size);
  if (kSize - (address - base_) < size) return false;
  const std::uint64_t last = (address - base_ + size - 1) / kGuestPage;
  for (std::uint64_t page = (address - base_) / kGuestPage; page <= last; ++page) {
    if ((pages_[page] & access) != access) return false;
  }
  return true;
}

std::optional<ByteSpan> GuestArena::bytes(std::uint64_t address, std::uint64_t size) const {
  if (!allows(address, size, kPageRead)) return std::nullopt;
  return ByteSpan(reinterpret_cast<const std::uint8_t*>(address), size);
}

std::optional<std::vector<std::uint8_t>> GuestArena::copy(std::uint64_t address,
                                                          std::uint64_t size) const {
  if (!allows(address, size, kPageRead)) return std::nullopt;
  std::vector<std::uint8_t> out(size);
  const auto bad = with_memory_escape([&] { std::memcpy(out.data(), pointer(address), size); });
  if (bad) return std::nullopt;
  return out;
}

std::optional<std::string_view> GuestArena::text(std::uint64_t address, std::uint64_t limit) const {
  std::uint64_t size = 0;
  while (size < limit) {
    const std::uint64_t at = address + size;
    if ((access_at(at) & kPageRead) == 0) return std::nullopt;
    const std::uint64_t rest = std::min(kGuestPage - at % kGuestPage, limit - size);
    const void* const zero = std::memchr(pointer(at), 0, rest);
    if (zero != nullptr) {
      size += reinterpret_cast<std::uint64_t>(zero) - at;
      return std::string_view(reinterpret_cast<const char*>(address), size);
    }
    size += rest;
  }
  return std::nullopt;
}

std::optional<GuestArena::Run> GuestArena::next_run(std::uint64_t address) const {
  const std::uint64_t count = kSize / kGuestPage;
  std::uint64_t page = contains(address) ? (address - base_) / kGuestPage : 0;
  const std::scoped_lock lock(mutex_);
  // Over free ranges at once: most of the arena is empty.
  while (page < count && pages_[page] == 0) {
    const std::uint64_t at = base_ + page * kGuestPage;
    const auto behind = free_.upper_bound(at);
    if (behind != free_.begin()) {
      const auto range = std::prev(behind);
      if (at < range->first + range->second) {
        page = (range->first + range->second - base_) / kGuestPage;
        continue;
      }
    }
    ++page;
  }
  if (page >= count) return std::nullopt;
  std::uint64_t end = page + 1;
  while (end < count && pages_[end] == pages_[page]) ++end;
  return Run{base_ + page * kGuestPage, (end - page) * kGuestPage,
             static_cast<std::uint8_t>(pages_[page] & 0x7fU)};
}

}  // namespace dl::guest
