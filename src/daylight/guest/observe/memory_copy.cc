// SPDX-License-Identifier: Apache-2.0
// Page by page, with a way out at each.
#include "daylight/guest/observe/memory_copy.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

constexpr std::array<std::uint8_t, kGuestPage> kZeros{};

// A page that is written to costs memory: zeros are there already.
void copy_part(std::uint8_t* to, std::uint64_t from, std::uint64_t size) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(from);
  if (std::memcmp(bytes, kZeros.data(), size) != 0) std::memcpy(to, bytes, size);
}

}  // namespace

MemoryCopy::~MemoryCopy() {
  if (memory_ != nullptr) munmap(memory_, room_);
}

// Fresh pages each time: the last copy's are given back.
bool MemoryCopy::make_room(std::uint64_t size) {
  if (memory_ != nullptr) munmap(memory_, room_);
  memory_ = nullptr;
  room_ = whole_pages(size);
  if (room_ == 0) return false;
  void* const got = mmap(nullptr, room_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) return false;
  memory_ = static_cast<std::uint8_t*>(got);
  return true;
}

ByteSpan MemoryCopy::take(const GuestArena& arena, std::uint64_t address, std::uint64_t size) {
  whole_ = make_room(size);
  if (!whole_) return {};
  bool whole = true;
  // Volatile: what was copied must be known after the jump.
  volatile std::uint64_t done = 0;
  const auto part_at = [&](std::uint64_t at) {
    return std::min(kGuestPage - (address + at) % kGuestPage, size - at);
  };
  while (done < size) {
    const auto gone = with_memory_escape([&] {
      while (done < size) {
        const std::uint64_t at = done;
        if ((arena.access_at(address + at) & kPageRead) != 0) {
          copy_part(memory_ + at, address + at, part_at(at));
        } else {
          whole = false;
        }
        done = at + part_at(at);
      }
    });
    if (!gone) break;
    whole = false;
    const std::uint64_t at = done;
    done = at + part_at(at);
  }
  whole_ = whole;
  return {memory_, size};
}

}  // namespace dl::guest
