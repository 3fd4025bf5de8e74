// SPDX-License-Identifier: Apache-2.0
// A guest's memory as it was when it was looked at: what parsers read does not change under them.
#pragma once

#include <cstdint>

#include "daylight/base/bytes.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// One copy at a time; pages of zeros, of which a guest maps many, cost addresses only. Not thread
// safe.
class MemoryCopy {
 public:
  MemoryCopy() = default;
  ~MemoryCopy();
  MemoryCopy(const MemoryCopy&) = delete;
  MemoryCopy& operator=(const MemoryCopy&) = delete;

  // Copies [address, address + size), page by page: another thread of the guest may take any of
  // them away meanwhile. Such pages are zeros in the copy, and whole() is false. The bytes are
  // there until the next call; none where this process has no addresses for them.
  ByteSpan take(const GuestArena& arena, std::uint64_t address, std::uint64_t size);
  bool whole() const { return whole_; }

 private:
  bool make_room(std::uint64_t size);

  std::uint8_t* memory_ = nullptr;
  std::uint64_t room_ = 0;
  bool whole_ = true;
};

}  // namespace dl::guest
