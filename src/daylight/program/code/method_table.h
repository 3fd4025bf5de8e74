// SPDX-License-Identifier: Apache-2.0
// Finds a method by its class, name and prototype.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace dl::program {

// A hash table with open addressing: a virtual call asks it once for each class above the receiver,
// and a table that allocates for each of a hundred thousand methods costs more than reading them.
// The hash differs from run to run, so that no app can be made whose methods collide; the answers
// do not depend on it. Const methods are thread safe.
class MethodTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  // For so many methods; more slow it down, and then it grows.
  void reserve(std::size_t methods) { grow(std::bit_ceil(methods * 2 + 16)); }

  // The id of the key, or kNone.
  std::uint32_t find(std::uint32_t owner, std::uint32_t name, std::uint32_t proto) const {
    if (slots_.empty()) return kNone;
    return slots_[place(owner, name, proto)].id;
  }

  // The id that the key has; `id` if it is new.
  std::uint32_t insert(std::uint32_t owner, std::uint32_t name, std::uint32_t proto,
                       std::uint32_t id) {
    if (slots_.size() < (used_ + 1) * 2) grow(std::bit_ceil((used_ + 8) * 4));
    Slot& slot = slots_[place(owner, name, proto)];
    if (slot.id != kNone) return slot.id;
    slot = {owner, name, proto, id};
    ++used_;
    return id;
  }

 private:
  struct Slot {
    std::uint32_t owner = 0;
    std::uint32_t name = 0;
    std::uint32_t proto = 0;
    std::uint32_t id = kNone;
  };

  // Where the key stands, or the free slot in which it belongs. At least half of all are free.
  std::size_t place(std::uint32_t owner, std::uint32_t name, std::uint32_t proto) const {
    std::uint64_t hash = ((std::uint64_t{owner} << 32U) | name) * seed_;
    hash = (hash ^ (hash >> 32U) ^ proto) * seed_;
    std::size_t at = static_cast<std::size_t>(hash >> 32U) & (slots_.size() - 1);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      const bool same = slot.owner == owner && slot.name == name && slot.proto == proto;
      if (slot.id == kNone || same) return at;
    }
  }

  void grow(std::size_t size) {
    if (size <= slots_.size()) return;
    std::vector<Slot> old(size);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != kNone) slots_[place(slot.owner, slot.name, slot.proto)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two of them
  std::size_t used_ = 0;
  std::uint64_t seed_ =
      (std::uint64_t{std::random_device()()} << 32U) | std::random_device()() | 1U;
};

}  // namespace dl::program
