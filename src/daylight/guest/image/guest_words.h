// SPDX-License-Identifier: Apache-2.0
// Words and pages of a guest's memory that the loader has checked before.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

inline void write_word(std::uint64_t address, std::uint64_t word) {
  std::memcpy(reinterpret_cast<void*>(address), &word, 8);
}

inline std::uint64_t read_word(std::uint64_t address) {
  std::uint64_t word = 0;
  std::memcpy(&word, reinterpret_cast<const void*>(address), 8);
  return word;
}

// A word of memory that the guest runs in: nothing where it is not readable, or goes while it is
// read.
inline std::optional<std::uint64_t> copy_word(const GuestArena& arena, std::uint64_t address) {
  const auto bytes = arena.copy(address, 8);
  if (!bytes) return std::nullopt;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes->data(), sizeof(word));
  return word;
}

inline std::uint64_t page_of(std::uint64_t address) { return address / kGuestPage * kGuestPage; }

}  // namespace dl::guest
