// SPDX-License-Identifier: Apache-2.0
// The arena's checks and the heap's promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "daylight/guest/memory/guest_arena.h"
#include "daylight/guest/memory/guest_heap.h"

namespace dl::guest {
namespace {

class GuestMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = GuestArena::reserve();
    ASSERT_TRUE(made) << made.error().what;
    arena = std::move(*made);
  }
  std::unique_ptr<GuestArena> arena;
};

TEST_F(GuestMemory, AddressesCutToTheArenaAreThemselves) {
  const std::uint64_t mask = arena->size() - 1;
  EXPECT_EQ(arena->base() & mask, 0U);
  const auto page = arena->map(100, kPageRead | kPageWrite);
  ASSERT_TRUE(page);
  EXPECT_EQ(arena->base() + (*page & mask), *page);
  std::memset(reinterpret_cast<void*>(*page), 7, 100);
  EXPECT_EQ(arena->bytes(*page, 100)->back(), 7);
}

TEST_F(GuestMemory, ChecksAreExactToThePage) {
  const std::uint64_t two = *arena->map(2 * kGuestPage, kPageRead | kPageWrite);
  EXPECT_TRUE(arena->allows(two, 2 * kGuestPage, kPageWrite));
  EXPECT_FALSE(arena->allows(two, 2 * kGuestPage + 1, kPageRead));
  EXPECT_FALSE(arena->allows(two - 1, 2, kPageRead));
  EXPECT_TRUE(arena->allows(0, 0, kPageRead));
  EXPECT_FALSE(arena->allows(0, 1, kPageRead));
  EXPECT_FALSE(arena->allows(~std::uint64_t{0}, 2, kPageRead));
  EXPECT_FALSE(arena->allows(two, ~std::uint64_t{0}, kPageRead));
  ASSERT_TRUE(arena->protect(two + kGuestPage, kGuestPage, kPageRead));
  EXPECT_FALSE(arena->allows(two, 2 * kGuestPage, kPageWrite));
  EXPECT_TRUE(arena->allows(two, 2 * kGuestPage, kPageRead));
  arena->unmap(two, kGuestPage);
  EXPECT_FALSE(arena->allows(two, 1, kPageRead));
  EXPECT_FALSE(arena->protect(two, kGuestPage, kPageRead));
  EXPECT_EQ(arena->mapped(), kGuestPage);
}

TEST_F(GuestMemory, NothingOutsideIsMapped) {
  EXPECT_FALSE(arena->map_at(arena->base(), kGuestPage, kPageRead));  // where null points
  EXPECT_FALSE(arena->map_at(arena->base() + arena->size(), kGuestPage, kPageRead));
  EXPECT_FALSE(arena->map_at(0x10000, kGuestPage, kPageRead));
  EXPECT_FALSE(arena->map_at(arena->base() + kArenaNullGuard + 1, kGuestPage, kPageRead));
  EXPECT_FALSE(arena->map(0, kPageRead));
  EXPECT_FALSE(arena->map(kMaxArenaMapped + 1, kPageRead));
  EXPECT_FALSE(arena->map(~std::uint64_t{0}, kPageRead));
}

TEST_F(GuestMemory, TextsEndInsideOrAreNone) {
  const std::uint64_t page = *arena->map(kGuestPage, kPageRead | kPageWrite);
  char* const text = reinterpret_cast<char*>(page);
  std::memset(text, 'x', kGuestPage);
  EXPECT_FALSE(arena->text(page));
  text[kGuestPage - 1] = '\0';
  EXPECT_EQ(arena->text(page)->size(), kGuestPage - 1);
  EXPECT_EQ(arena->text(page + kGuestPage - 1), "");
  EXPECT_FALSE(arena->text(page, 10));
}

TEST_F(GuestMemory, RunsAreFoundInOrder) {
  const std::uint64_t a = *arena->map(kGuestPage, kPageRead);
  const std::uint64_t b = *arena->map(2 * kGuestPage, kPageRead | kPageWrite);
  std::map<std::uint64_t, std::uint64_t> found;
  std::uint64_t at = 0;
  while (const auto run = arena->next_run(at)) {
    found.emplace(run->address, run->size);
    at = run->address + run->size;
  }
  EXPECT_EQ(found, (std::map<std::uint64_t, std::uint64_t>{{a, kGuestPage}, {b, 2 * kGuestPage}}));
}

TEST_F(GuestMemory, BlocksNeitherOverlapNorLoseTheirBytes) {
  GuestHeap heap(*arena);
  std::mt19937_64 random(7);
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint8_t>> live;  // size, fill
  for (int step = 0; step < 20'000; ++step) {
    if (live.size() > 300 || (!live.empty() && random() % 3 == 0)) {
      auto victim = live.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random() % live.size()));
      const auto& [size, fill] = victim->second;
      const auto* const bytes = reinterpret_cast<const std::uint8_t*>(victim->first);
      for (std::uint64_t i = 0; i < size; i += 97) ASSERT_EQ(bytes[i], fill);
      ASSERT_TRUE(heap.release(victim->first));
      ASSERT_FALSE(heap.release(victim->first));
      live.erase(victim);
      continue;
    }
    const std::uint64_t size = 1 + random() % (random() % 20 == 0 ? 200'000 : 900);
    const std::uint64_t align = std::uint64_t{16} << (random() % 5);
    const std::uint64_t block = heap.allocate(size, align);
    ASSERT_NE(block, 0U);
    ASSERT_EQ(block % align, 0U);
    ASSERT_GE(heap.size_of(block).value_or(0), size);
    const auto next = live.lower_bound(block);
    if (next != live.end()) {
      ASSERT_LE(block + size, next->first);
    }
    if (next != live.begin()) {
      const auto before = std::prev(next);
      ASSERT_LE(before->first + before->second.first, block);
    }
    const auto fill = static_cast<std::uint8_t>(random());
    std::memset(reinterpret_cast<void*>(block), fill, size);
    live.emplace(block, std::pair(size, fill));
  }
  EXPECT_EQ(heap.blocks(), live.size());
}

TEST_F(GuestMemory, HeapRefusesWhatIsNoBlock) {
  GuestHeap heap(*arena);
  const std::uint64_t block = heap.allocate(100);
  EXPECT_FALSE(heap.release(block + 1));
  EXPECT_FALSE(heap.release(0x1234));
  EXPECT_FALSE(heap.size_of(block + 16));
  EXPECT_FALSE(heap.reallocate(block + 1, 10));
  EXPECT_EQ(heap.allocate(~std::uint64_t{0}), 0U);
  EXPECT_EQ(heap.allocate(16, 3), 0U);
  const auto grown = heap.reallocate(block, 100'000);
  ASSERT_TRUE(grown);
  EXPECT_FALSE(heap.size_of(block));
  EXPECT_EQ(heap.blocks(), 1U);
}

TEST_F(GuestMemory, ClearedBlocksAreClearAlsoWhenUsedBefore) {
  GuestHeap heap(*arena);
  for (const std::uint64_t size : {std::uint64_t{40}, std::uint64_t{100'000}}) {
    const std::uint64_t first = heap.allocate(size);
    std::memset(reinterpret_cast<void*>(first), 0xff, size);
    ASSERT_TRUE(heap.release(first));
    const std::uint64_t second = heap.allocate(size, 16, true);
    EXPECT_EQ(second, first);
    const auto bytes = *arena->bytes(second, size);
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; }));
  }
}

TEST_F(GuestMemory, TheSameCallsGiveTheSameAddresses) {
  const auto run = [this] {
    GuestHeap heap(*arena);
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < 100; ++i) out.push_back(heap.allocate(i * 37) - arena->base());
    return out;
  };
  const auto first = run();
  arena.reset();
  arena = std::move(*GuestArena::reserve());
  EXPECT_EQ(run(), first);
}

}  // namespace
}  // namespace dl::guest
