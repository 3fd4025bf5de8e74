// SPDX-License-Identifier: Apache-2.0
// malloc and free of a guest. What the allocator knows lies outside of the guest's memory, so that
// a guest cannot damage it.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Larger blocks are mapped by themselves.
inline constexpr std::uint64_t kMaxSmallBlock = 32'768;
// Address ranges of small blocks are mapped in runs of this size, each for one size of block.
inline constexpr std::uint64_t kHeapRun = 65'536;
// Unused mappings of large blocks that are kept for the next one of the same size.
inline constexpr std::uint64_t kMaxKeptLarge = std::uint64_t{128} << 20;

// Thread safe. Blocks are aligned to 16 bytes at least. The same calls in the same order give the
// same addresses.
class GuestHeap {
 public:
  explicit GuestHeap(GuestArena& arena);

  // 0 when there is no more memory. Blocks of size 0 have an address of their own. The bytes are
  // what an earlier block left there; `zero` clears them.
  std::uint64_t allocate(std::uint64_t size, std::uint64_t align = 16, bool zero = false);
  // False for what is no block in use: the guest frees twice, or what it never had.
  bool release(std::uint64_t address);
  // 0 when there is no more memory, then the old block stays. `address` 0 allocates. Nothing for
  // what is no block in use.
  std::optional<std::uint64_t> reallocate(std::uint64_t address, std::uint64_t size);
  // Usable bytes of a block; nothing for what is none.
  std::optional<std::uint64_t> size_of(std::uint64_t address) const;
  // The bytes that were asked for; nothing for what is no block, or a small one.
  std::optional<std::uint64_t> asked_of(std::uint64_t address) const;
  std::uint64_t blocks() const;  // in use

 private:
  static constexpr std::size_t kClasses = 48;
  struct SizeClass {
    std::vector<std::uint64_t> free;
  };
  std::uint64_t allocate_small(std::size_t which);
  std::uint64_t allocate_large(std::uint64_t size, std::uint64_t align, bool& fresh);
  std::optional<std::uint64_t> size_of_locked(std::uint64_t address) const;

  GuestArena& arena_;
  mutable std::mutex mutex_;  // guards what follows
  std::array<SizeClass, kClasses> classes_;
  // A run: the class of its blocks, and which of them are in use.
  struct Run {
    std::uint8_t which = 0;
    std::vector<bool> used;
  };
  std::unordered_map<std::uint64_t, Run> runs_;  // by address / kHeapRun
  struct Large {
    std::uint64_t pages = 0;  // bytes of the mapping
    std::uint64_t asked = 0;
  };
  std::unordered_map<std::uint64_t, Large> large_;                      // by address
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> kept_;  // by size
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t blocks_ = 0;
};

}  // namespace dl::guest
