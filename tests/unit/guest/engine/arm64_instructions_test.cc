// SPDX-License-Identifier: Apache-2.0
// Instructions that the engine supplies, and those that run at another place.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>

#include "daylight/guest/engine/arm64_hot_sites.h"
#include "daylight/guest/engine/arm64_missing_instructions.h"
#include "daylight/guest/engine/arm64_watches.h"

namespace dl::guest {
namespace {

class Registers : public Arm64Registers {
 public:
  void set_integer(std::size_t i, std::uint64_t value) override { x[i] = value; }
  Vector128 vector(std::size_t i) const override { return v[i]; }
  void set_vector(std::size_t i, const Vector128& value) override { v[i] = value; }
  void set_saturated() override { saturated = true; }
  std::uint64_t counter() override { return 12'345; }

  template <typename T, std::size_t N>
  void put(std::size_t i, const std::array<T, N>& lanes) {
    v[i] = {};
    std::memcpy(v[i].data(), lanes.data(), sizeof(lanes));
  }
  template <typename T, std::size_t N>
  std::array<T, N> get(std::size_t i) const {
    std::array<T, N> out;
    std::memcpy(out.data(), v[i].data(), sizeof(out));
    return out;
  }

  std::array<std::uint64_t, 31> x{};
  std::array<Vector128, 32> v{};
  bool saturated = false;
};

// sqrshl v0.T, v1.T, v2.T
constexpr std::uint32_t kSqrshl8h = 0x4e625c20;
constexpr std::uint32_t kSqrshl2d = 0x4ee25c20;
constexpr std::uint32_t kSqrshl8b = 0x0e225c20;
constexpr std::uint32_t kUqrshl4s = 0x6ea25c20;
constexpr std::uint32_t kSqrshlScalarS = 0x5ea25c20;

TEST(MissingInstructions, ShiftsRoundAndSaturate) {
  Registers r;
  r.put<std::int16_t, 8>(1, {1000, -1000, 32767, -32768, 5, -5, 7, 1});
  r.put<std::int16_t, 8>(2, {1, 2, 1, 1, -1, -1, -20, -1});
  ASSERT_TRUE(run_missing_instruction(kSqrshl8h, r));
  // 5 / 2 = 2.5 and -5 / 2 = -2.5 round up; what is shifted out entirely is 0.
  EXPECT_EQ((r.get<std::int16_t, 8>(0)),
            (std::array<std::int16_t, 8>{2000, -4000, 32767, -32768, 3, -2, 0, 1}));
  EXPECT_TRUE(r.saturated);
}

TEST(MissingInstructions, WideAndNarrowElements) {
  Registers r;
  r.put<std::int64_t, 2>(1, {std::int64_t{1} << 62, -1});
  r.put<std::int64_t, 2>(2, {1, -1});
  ASSERT_TRUE(run_missing_instruction(kSqrshl2d, r));
  EXPECT_EQ((r.get<std::int64_t, 2>(0)), (std::array<std::int64_t, 2>{INT64_MAX, 0}));
  r.put<std::int8_t, 16>(1, {100, 3, -128, 1, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9});
  r.put<std::int8_t, 16>(2, {1, 4, 1, 100, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  ASSERT_TRUE(run_missing_instruction(kSqrshl8b, r));
  // The upper half of a 64-bit form is cleared.
  EXPECT_EQ((r.get<std::int8_t, 16>(0)),
            (std::array<std::int8_t, 16>{127, 48, -128, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(MissingInstructions, UnsignedAndScalarForms) {
  Registers r;
  r.put<std::uint32_t, 4>(1, {0xf0000000U, 3, 5, 1});
  r.put<std::int32_t, 4>(2, {1, 30, -1, -32});
  ASSERT_TRUE(run_missing_instruction(kUqrshl4s, r));
  EXPECT_EQ((r.get<std::uint32_t, 4>(0)),
            (std::array<std::uint32_t, 4>{0xffffffffU, 0xc0000000U, 3, 0}));
  r.put<std::int32_t, 4>(1, {-7, 9, 9, 9});
  r.put<std::int32_t, 4>(2, {-1, 0, 0, 0});
  ASSERT_TRUE(run_missing_instruction(kSqrshlScalarS, r));
  EXPECT_EQ((r.get<std::int32_t, 4>(0)), (std::array<std::int32_t, 4>{-3, 0, 0, 0}));
}

TEST(MissingInstructions, CounterHintsAndOthers) {
  Registers r;
  ASSERT_TRUE(run_missing_instruction(0xd53be045, r));  // mrs x5, cntvct_el0
  EXPECT_EQ(r.x[5], 12'345U);
  EXPECT_TRUE(run_missing_instruction(0xd503203f, r));  // yield
  EXPECT_FALSE(run_missing_instruction(0x00000000, r));
  EXPECT_FALSE(run_missing_instruction(0x8b020020, r));  // add
  EXPECT_FALSE(run_missing_instruction(0x0ee25c20, r));  // reserved: one 64-bit lane
}

class Core : public Arm64Core {
 public:
  std::uint64_t x(std::size_t i) const override { return i == 31 ? 0 : registers.at(i); }
  void set_x(std::size_t i, std::uint64_t value) override {
    if (i != 31) registers[i] = value;
  }
  void set_v(std::size_t, const std::uint8_t*, std::size_t) override {}
  std::uint32_t pstate() const override { return flags; }
  void set_pc(std::uint64_t value) override { pc = value; }
  std::map<std::size_t, std::uint64_t> registers = {{0, 0}, {1, 8}, {30, 0}};
  std::uint32_t flags = 0;
  std::uint64_t pc = 0;
};

class MovedInstructions : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = GuestArena::reserve();
    ASSERT_TRUE(made);
    arena = std::move(*made);
  }
  std::uint64_t pc_after(std::uint32_t word, std::uint64_t pc) {
    EXPECT_FALSE(is_place_independent(word)) << std::hex << word;
    EXPECT_TRUE(run_at(word, pc, *arena, core)) << std::hex << word;
    return core.pc;
  }
  std::unique_ptr<GuestArena> arena;
  Core core;
};

TEST_F(MovedInstructions, HotSitesAreBranchesToKnownInstructions) {
  Arm64HotSites sites(*arena);
  const std::uint64_t code = *arena->map(kGuestPage, kPageRead | kPageExecute);
  EXPECT_FALSE(sites.branch_for(code, 0x8b020020));  // add
  EXPECT_FALSE(sites.branch_for(code, 0x0ee25c20));  // reserved: one 64-bit lane
  EXPECT_EQ(sites.size(), 0U);
  const auto branch = sites.branch_for(code, kSqrshl8h);
  ASSERT_TRUE(branch);
  EXPECT_EQ(*branch >> 26U, 5U);
  EXPECT_EQ(sites.branch_for(code, kSqrshl8h), branch);
  const std::uint64_t there = pc_after(*branch, code);
  ASSERT_TRUE(arena->allows(there, 32, kPageRead | kPageExecute));
  EXPECT_FALSE(arena->allows(there, 32, kPageWrite));
  std::array<std::uint32_t, 8> words{};
  std::memcpy(words.data(), reinterpret_cast<const void*>(there), sizeof(words));
  EXPECT_EQ(words[3], 0x4e624c31U);  // sqshl v17.8h, v1.8h, v2.8h
  EXPECT_EQ(words[4], 0x4e625420U);  // srshl v0.8h, v1.8h, v2.8h
  EXPECT_EQ(pc_after(words[7], there + 28), code + 4);
  // Code that was changed there, and code that no branch reaches.
  EXPECT_NE(sites.branch_for(code, kUqrshl4s), branch);
  EXPECT_FALSE(sites.branch_for(code + (std::uint64_t{1} << 30U), kSqrshl8h));
}

TEST_F(MovedInstructions, BranchesGoWhereTheyWent) {
  EXPECT_EQ(pc_after(0x14000002, 0x1000), 0x1008U);  // b +8
  EXPECT_EQ(pc_after(0x17ffffff, 0x1000), 0x0ffcU);  // b -4
  EXPECT_EQ(pc_after(0x94000004, 0x1000), 0x1010U);  // bl +16
  EXPECT_EQ(core.registers[30], 0x1004U);
  EXPECT_EQ(pc_after(0xb4000040, 0x1000), 0x1008U);  // cbz x0, +8
  EXPECT_EQ(pc_after(0xb5000040, 0x1000), 0x1004U);  // cbnz x0
  EXPECT_EQ(pc_after(0x37180041, 0x1000), 0x1008U);  // tbnz w1, #3
  EXPECT_EQ(pc_after(0x36180041, 0x1000), 0x1004U);  // tbz w1, #3
}

TEST_F(MovedInstructions, ConditionsReadTheFlags) {
  const auto taken = [&](std::uint32_t condition, std::uint32_t nzcv) {
    core.flags = nzcv << 28U;
    return pc_after(0x54000040U | condition, 0x1000) == 0x1008;
  };
  EXPECT_TRUE(taken(0, 0b0100));   // eq
  EXPECT_FALSE(taken(1, 0b0100));  // ne
  EXPECT_TRUE(taken(8, 0b0010));   // hi
  EXPECT_FALSE(taken(8, 0b0110));
  EXPECT_TRUE(taken(10, 0b1001));  // ge
  EXPECT_TRUE(taken(11, 0b1000));  // lt
  EXPECT_TRUE(taken(12, 0b0000));  // gt
  EXPECT_TRUE(taken(13, 0b0100));  // le
  EXPECT_TRUE(taken(14, 0b0000));  // al
}

TEST_F(MovedInstructions, AddressesAndLiteralsAreThoseOfTheOldPlace) {
  pc_after(0x10000040, 0x1000);  // adr x0, +8
  EXPECT_EQ(core.registers[0], 0x1008U);
  pc_after(0xb0000000, 0x12345678);  // adrp x0, +1 page
  EXPECT_EQ(core.registers[0], 0x12346000U);
  pc_after(0x70ffffe0, 0x1000);  // adr x0, -1
  EXPECT_EQ(core.registers[0], 0x0fffU);
  const std::uint64_t page = *arena->map(kGuestPage, kPageRead | kPageWrite);
  const std::uint64_t literal = 0x8899aabbccddeeff;
  std::memcpy(reinterpret_cast<void*>(page + 16), &literal, 8);
  pc_after(0x58000080, page);  // ldr x0, +16
  EXPECT_EQ(core.registers[0], literal);
  pc_after(0x98000080, page);  // ldrsw x0, +16
  EXPECT_EQ(core.registers[0], 0xffffffffccddeeffU);
  EXPECT_FALSE(run_at(0x58000080, page + kGuestPage, *arena, core));
  EXPECT_TRUE(is_place_independent(0xd10083ff));  // sub sp, sp, #32
  EXPECT_TRUE(is_place_independent(0xa9be7bfd));  // stp x29, x30, [sp, #-32]!
  EXPECT_TRUE(is_place_independent(0xd65f03c0));  // ret
  EXPECT_FALSE(run_at(0xd65f03c0, 0x1000, *arena, core));
}

}  // namespace
}  // namespace dl::guest
