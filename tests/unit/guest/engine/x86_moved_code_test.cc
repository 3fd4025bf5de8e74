// SPDX-License-Identifier: Apache-2.0
// Instructions do the same where they were moved to: run by this processor, in both places.
#include "daylight/guest/engine/x86_moved_code.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace dl::guest {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

Bytes word32(std::uint32_t value) {
  Bytes out(4);
  std::memcpy(out.data(), &value, 4);
  return out;
}

#if defined(__x86_64__)

// Where things lie in the page that a case runs in.
constexpr std::size_t kPlace = 0x100;   // the instruction, what follows it behind
constexpr std::size_t kTarget = 0x140;  // where branches and calls lead
constexpr std::size_t kData = 0x1c0;    // three words: kTarget's address, and two numbers
constexpr std::size_t kSlot = 0x800;

// A distance of 32 bits from behind an instruction of `length` bytes.
Bytes to(std::size_t place, std::size_t length) {
  return word32(static_cast<std::uint32_t>(place - (kPlace + length)));
}

class Page {
 public:
  Page() {
    void* const got =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(got, MAP_FAILED);
    bytes_ = static_cast<std::uint8_t*>(got);
  }
  ~Page() { munmap(bytes_, 4096); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  std::uint64_t address(std::size_t at) const {
    return reinterpret_cast<std::uint64_t>(bytes_ + at);
  }
  void put(std::size_t at, const Bytes& bytes) {
    std::copy(bytes.begin(), bytes.end(), bytes_ + at);
  }
  void put(std::size_t at, std::uint64_t value) { std::memcpy(bytes_ + at, &value, 8); }

  // The number that the page's code gives for `argument`, with the flags `flags`.
  std::uint64_t run(const Bytes& instruction, const Bytes& behind, const Bytes& target,
                    const Bytes& setup, std::uint64_t argument, std::uint64_t flags, bool moved) {
    // mov r10, rsp; mov rcx, rdi; push rsi; popfq, and what the case sets up; jmp [rip]
    const Bytes begin = Bytes{0x49, 0x89, 0xe2, 0x48, 0x89, 0xf9, 0x56, 0x9d} + setup +
                        Bytes{0xff, 0x25, 0, 0, 0, 0};
    put(0, begin);
    put(begin.size(), address(moved ? kSlot : kPlace));
    put(kPlace, instruction + behind);
    put(kTarget, target);
    put(kData, address(kTarget));
    put(kData + 8, 0x1122334455667788);
    put(kData + 16, 5);
    if (moved) {
      const auto code = move_x86_code(instruction + behind, address(kPlace), address(kSlot));
      EXPECT_TRUE(code) << (code ? "" : code.error().what);
      if (!code) return 0;
      EXPECT_EQ(code->length, instruction.size());
      put(kSlot, Bytes(code->code.begin(), code->code.end()));
    }
    const auto function =
        reinterpret_cast<std::uint64_t (*)(std::uint64_t, std::uint64_t)>(address(0));
    return function(argument, flags);
  }

 private:
  std::uint8_t* bytes_ = nullptr;
};

// mov rsp, r10; ret
const Bytes kReturn = {0x4c, 0x89, 0xd4, 0xc3};
// lea rax, [rcx * 4 + n]; pushfq; pop rdx; shl rdx, 16; add rax, rdx; and back
Bytes tells(std::uint8_t n) {
  return Bytes{0x48, 0x8d, 0x04, 0x8d, n, 0, 0, 0, 0x9c, 0x5a} +
         Bytes{0x48, 0xc1, 0xe2, 0x10, 0x48, 0x01, 0xd0} + kReturn;
}
// What a function that is called finds: its return address and how far the stack went.
const Bytes kCalled =
    Bytes{0x48, 0x8b, 0x04, 0x24, 0x4c, 0x89, 0xd2, 0x48, 0x29, 0xe2, 0x48, 0x01, 0xd0} + kReturn;

// Runs in both places: the same answer, which is handed on.
std::uint64_t both(const Bytes& instruction, const Bytes& behind, const Bytes& target,
                   const Bytes& setup = {}, std::uint64_t argument = 0,
                   std::uint64_t flags = 0x202) {
  Page page;
  const std::uint64_t there = page.run(instruction, behind, target, setup, argument, flags, false);
  const std::uint64_t here = page.run(instruction, behind, target, setup, argument, flags, true);
  EXPECT_EQ(here, there) << "argument " << argument << ", flags " << flags;
  return here;
}

TEST(X86MovedCode, BranchesLeadToTheSamePlacesUnderEveryFlag) {
  int taken = 0;
  for (unsigned condition = 0; condition < 16; ++condition) {
    const auto low = static_cast<std::uint8_t>(condition);
    const Bytes near = Bytes{0x0f, static_cast<std::uint8_t>(0x80 | low)} + to(kTarget, 6);
    const Bytes brief = {static_cast<std::uint8_t>(0x70 | low), kTarget - kPlace - 2};
    for (unsigned bits = 0; bits < 32; ++bits) {
      const std::uint64_t flags = 0x202U | (bits & 1U) | ((bits >> 1U & 1U) << 2U) |
                                  ((bits >> 2U & 1U) << 6U) | ((bits >> 3U & 1U) << 7U) |
                                  ((bits >> 4U & 1U) << 11U);
      const std::uint64_t one = both(near, tells(1), tells(2), {}, 0, flags);
      EXPECT_EQ(both(brief, tells(1), tells(2), {}, 0, flags), one);
      EXPECT_EQ(one >> 16U, flags);
      taken += (one & 3U) == 2 ? 1 : 0;
    }
  }
  EXPECT_EQ(taken, 16 * 32 / 2);
}

TEST(X86MovedCode, LoopsCountAsTheyDid) {
  for (const std::uint8_t opcode : Bytes{0xe0, 0xe1, 0xe2, 0xe3}) {
    for (const std::uint64_t count : {0ULL, 1ULL, 2ULL, 0x100000000ULL}) {
      for (const std::uint64_t flags : {0x202U, 0x242U}) {
        const Bytes plain = {opcode, kTarget - kPlace - 2};
        const Bytes half = {0x67, opcode, kTarget - kPlace - 3};
        const std::uint64_t one = both(plain, tells(1), tells(2), {}, count, flags);
        const std::uint64_t other = both(half, tells(1), tells(2), {}, count, flags);
        if (opcode == 0xe3 && count == 0x100000000ULL) {
          EXPECT_NE(one, other);  // ecx is zero where rcx is not
        }
      }
    }
  }
}

TEST(X86MovedCode, JumpsAndCallsPushWhatTheyPushed) {
  EXPECT_EQ(both({0xeb, kTarget - kPlace - 2}, tells(1), tells(2)) & 3U, 2U);
  EXPECT_EQ(both(Bytes{0xe9} + to(kTarget, 5), tells(1), tells(2)) & 3U, 2U);
  EXPECT_EQ(both(Bytes{0xff, 0x25} + to(kData, 6), tells(1), tells(2)) & 3U, 2U);
  const Bytes load = Bytes{0x48, 0x8d, 0x05} + word32(kTarget - 15);  // lea rax, target
  const std::pair<Bytes, Bytes> calls[] = {
      {Bytes{0xe8} + to(kTarget, 5), {}},                               // call target
      {Bytes{0xff, 0x15} + to(kData, 6), {}},                           // call [rip + data]
      {Bytes{0x2e, 0xff, 0x15} + to(kData, 7), {}},                     // an idle prefix in front
      {Bytes{0xff, 0xd0}, load},                                        // call rax
      {Bytes{0x3e, 0xff, 0xd0}, load},                                  // notrack
      {Bytes{0x48, 0xff, 0xd0}, load},                                  //
      {Bytes{0x41, 0xff, 0xd1}, load + Bytes{0x49, 0x89, 0xc1}},        // call r9
      {Bytes{0xff, 0x14, 0x24}, load + Bytes{0x50}},                    // call [rsp]
      {Bytes{0xff, 0x54, 0x24, 0x08}, load + Bytes{0x50, 0x6a, 0x00}},  // call [rsp + 8]
      {Bytes{0xff, 0x94, 0x24, 0x08, 0, 0, 0}, load + Bytes{0x50, 0x6a, 0x00}},
  };
  for (const auto& [call, setup] : calls) {
    EXPECT_NE(both(call, tells(1), kCalled, setup), 0U);
  }
}

TEST(X86MovedCode, DataStaysWhereItIs) {
  const Bytes back = kReturn;
  EXPECT_EQ(both(Bytes{0x48, 0x8b, 0x05} + to(kData + 8, 7), back, {}), 0x1122334455667788U);
  EXPECT_NE(both(Bytes{0x48, 0x8d, 0x05} + to(kData, 7), back, {}), 0U);  // lea
  // With numbers behind the distance: mov dword, add byte, imul.
  const Bytes read = Bytes{0x48, 0x8b, 0x05};
  EXPECT_EQ(both(Bytes{0xc7, 0x05} + to(kData + 16, 10) + word32(77),
                 read + to(kData + 16, 10 + 7) + back, {}),
            77U);
  EXPECT_EQ(both(Bytes{0x80, 0x05} + to(kData + 16, 7) + Bytes{3},
                 read + to(kData + 16, 7 + 7) + back, {}),
            8U);
  EXPECT_EQ(both(Bytes{0x48, 0x69, 0x05} + to(kData + 16, 11) + word32(9), back, {}), 45U);
  // Vectors: movsd xmm0; vmovq xmm0; movq rax, xmm0 behind both.
  const Bytes take = Bytes{0x66, 0x48, 0x0f, 0x7e, 0xc0} + back;
  EXPECT_EQ(both(Bytes{0xf2, 0x0f, 0x10, 0x05} + to(kData + 8, 8), take, {}), 0x1122334455667788U);
  if (__builtin_cpu_supports("avx")) {
    EXPECT_EQ(both(Bytes{0xc5, 0xfa, 0x7e, 0x05} + to(kData + 8, 8), take, {}),
              0x1122334455667788U);
  }
}

TEST(X86MovedCode, OthersRunAsTheyAre) {
  EXPECT_EQ(both({0xb8, 7, 0, 0, 0}, kReturn, {}), 7U);              // mov eax, 7
  EXPECT_EQ(both({0xf3, 0x0f, 0x1e, 0xfa}, tells(1), {}) & 3U, 1U);  // endbr64
  EXPECT_EQ(both({0x48, 0x8d, 0x44, 0x24, 0x10}, Bytes{0x4c, 0x29, 0xd0} + kReturn, {}), 16U);
  EXPECT_EQ(both({0xc3}, {0x90}, {}, {0x31, 0xc0}), 0U);  // ret
}

#endif

TEST(X86MovedCode, RefusesWhatCannotBeMoved) {
  const std::pair<Bytes, ErrorCode> cases[] = {
      {{0x06}, ErrorCode::kInvalidArgument},
      {{}, ErrorCode::kInvalidArgument},
      {{0x48, 0x8b}, ErrorCode::kInvalidArgument},                   // cut off
      {{0xff, 0x1c, 0x24}, ErrorCode::kUnsupported},                 // far call
      {{0xc7, 0xf8, 0, 0, 0, 0}, ErrorCode::kUnsupported},           // xbegin
      {{0x66, 0xff, 0xd0}, ErrorCode::kUnsupported},                 // call ax, or not
      {{0x66, 0xe9, 0, 0, 0, 0}, ErrorCode::kUnsupported},           //
      {{0x67, 0x8b, 0x05, 0, 0, 0, 0}, ErrorCode::kUnsupported},     // [eip]
      {{0x48, 0x8b, 0x05, 0, 0, 0, 0x80}, ErrorCode::kUnsupported},  // 2 GiB below
  };
  for (const auto& [bytes, code] : cases) {
    const auto moved = move_x86_code(bytes, 0x10000, 0x20000);
    ASSERT_FALSE(moved) << bytes.size();
    EXPECT_EQ(moved.error().code, code) << moved.error().what;
  }
}

TEST(X86MovedCode, TakesAnyBytes) {
  std::mt19937 random(5);
  std::size_t moved = 0;
  std::size_t whole = 0;
  for (int i = 0; i < 300'000; ++i) {
    Bytes bytes(kLongestX86Instruction);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    // Many prefixes and groups of opcodes are rare among random bytes.
    if (i % 3 == 0) bytes[0] = 0xff;
    if (i % 3 == 1) bytes[0] = static_cast<std::uint8_t>(0x40 | (random() & 15U));
    const auto done = move_x86_code(bytes, 0x500000000000, 0x500000100000);
    if (!done) continue;
    ++moved;
    ASSERT_GE(done->length, 1U);
    ASSERT_LE(done->length, kLongestX86Instruction);
    if (!done->whole) continue;
    ++whole;
    EXPECT_EQ(done->code[0], bytes[0]);
    EXPECT_EQ(done->code[done->length], 0xff);  // the way back
  }
  EXPECT_GT(moved, 100'000U);
  EXPECT_GT(whole, 50'000U);
}

}  // namespace
}  // namespace dl::guest
