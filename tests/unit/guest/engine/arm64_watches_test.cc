// SPDX-License-Identifier: Apache-2.0
// Places that are watched while another thread takes their code away.
#include "daylight/guest/engine/arm64_watches.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "daylight/guest/engine/arm64_engine.h"

namespace dl::guest {
namespace {

constexpr std::uint32_t kAsk = 0xd4000001;     // svc #0
constexpr std::uint32_t kResume = 0xd4000021;  // svc #1
constexpr std::uint32_t kNop = 0xd503201f;
constexpr std::uint32_t kRet = 0xd65f03c0;

class Arm64WatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto reserved = GuestArena::reserve();
    ASSERT_TRUE(reserved);
    arena = std::move(*reserved);
    auto made = make_arm64_engine(*arena, {});
    ASSERT_TRUE(made);
    engine = std::move(*made);
    // The way out is there from the first call on.
    const auto code = put(kRet);
    ASSERT_TRUE(code);
    ASSERT_TRUE(engine->call(*code, {}));
    watches = std::make_unique<Arm64Watches>(*arena, kAsk, kResume);
  }
  Result<std::uint64_t> put(std::uint32_t word) {
    const std::uint64_t at = TRY(arena->map(kGuestPage, kPageRead | kPageWrite | kPageExecute));
    std::memcpy(reinterpret_cast<void*>(at), &word, sizeof(word));
    return at;
  }
  std::unique_ptr<GuestArena> arena;
  std::unique_ptr<GuestEngine> engine;
  std::unique_ptr<Arm64Watches> watches;
};

TEST_F(Arm64WatchesTest, CodeThatGoesAwayIsNotWatched) {
  constexpr std::uint64_t kSize = 4 * kGuestPage;
  const auto code = arena->map(kSize, kPageRead | kPageExecute);
  ASSERT_TRUE(code);
  std::atomic<bool> stop = false;
  std::thread flicker([&] {
    while (!stop) {
      arena->unmap(*code, kSize);
      (void)arena->map_at(*code, kSize, kPageRead | kPageExecute);
    }
  });
  std::size_t refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    const std::uint64_t address = *code + 4 * static_cast<std::uint64_t>(round % 4'096);
    const auto added = watches->add(address, Arm64Watches::Purpose::kEntry);
    if (added) continue;
    ++refused;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(watches->at(address));
  }
  stop = true;
  flicker.join();
  EXPECT_GT(refused, 0U);
  // Nothing is locked for ever.
  const auto other = put(kNop);
  ASSERT_TRUE(other);
  EXPECT_EQ(watches->add(*other, Arm64Watches::Purpose::kEntry), true);
  EXPECT_EQ(watches->add(*other, Arm64Watches::Purpose::kReturn), false);
  const auto watch = watches->at(*other);
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->word, kNop);
  EXPECT_TRUE(watch->entry && watch->is_return);
}

}  // namespace
}  // namespace dl::guest
