// SPDX-License-Identifier: Apache-2.0
// What only the arm64 engine promises.
#include <sys/mman.h>

#include <array>
#include <cstring>
#include <random>

#include "daylight/guest/engine/arm64_missing_instructions.h"
#include "guest_fixture.h"

namespace dl::guest {
namespace {

using Arm64Engine = GuestFixture;

constexpr const char* kFine = "int fine() { return 7; }\n";

TEST_F(Arm64Engine, TheHostsMemoryCannotBeReached) {
  load(std::string(kFine) + R"(
    unsigned long strlen(const char*);
    void* memcpy(void*, const void*, unsigned long);
    long get(long* p) { return *p; }
    void put(long* p, long v) { *p = v; }
    unsigned long length(const char* p) { return strlen(p); }
    void copy(void* to, const void* from, unsigned long n) { memcpy(to, from, n); }
    long room[32];
    long* place() { return room; }
  )");
  const auto expect_fault = [&](const char* name, std::initializer_list<std::uint64_t> arguments,
                                GuestFault::Kind kind, const char* words) {
    const auto done = call(name, arguments);
    ASSERT_FALSE(done) << name << " returns";
    EXPECT_EQ(done.error().kind, kind) << done.error().what;
    EXPECT_NE(done.error().what.find(words), std::string::npos) << done.error().what;
    EXPECT_EQ(value("fine"), 7U);
  };
  // A secret on this program's own stack and heap, and its address.
  std::uint64_t secret = 0x5ec2e75ec2e75ec2;
  const auto here = reinterpret_cast<std::uint64_t>(&secret);
  const auto read = call("get", {here});
  if (read) {
    EXPECT_NE(read->integer, secret);
  }
  (void)call("put", {here, 1});
  EXPECT_EQ(secret, 0x5ec2e75ec2e75ec2U);
  expect_fault("length", {here}, GuestFault::Kind::kArgument, "not readable");
  // Few bytes are copied by the guest's own code, more by the host.
  for (const auto& [size, words] : {std::pair(8, "not mapped for that"), {200, "200 bytes"}}) {
    const auto bytes = static_cast<std::uint64_t>(size);
    expect_fault("copy", {value("place"), here, bytes}, GuestFault::Kind::kMemory, words);
    expect_fault("copy", {here, value("place"), bytes}, GuestFault::Kind::kMemory, words);
  }
  EXPECT_EQ(secret, 0x5ec2e75ec2e75ec2U);
}

TEST_F(Arm64Engine, SharedMemoryReachesTheProcessAndFaultsWhereNothingIs) {
  engine.shared_memory = true;
  load(std::string(kFine) + R"(
    unsigned long strlen(const char*);
    void* memcpy(void*, const void*, unsigned long);
    long get(long* p) { return *p; }
    void put(long* p, long v) { *p = v; }
    unsigned long length(const char* p) { return strlen(p); }
    void copy(void* to, const void* from, unsigned long n) { memcpy(to, from, n); }
    long room[32];
    long* place() { return room; }
  )");
  if (HasFatalFailure()) return;
  // On this program's heap.
  std::vector<std::uint64_t> numbers(64, 7);
  const auto here = reinterpret_cast<std::uint64_t>(numbers.data());
  EXPECT_EQ(value("get", {here}), 7U);
  ASSERT_TRUE(call("put", {here, 9}));
  EXPECT_EQ(numbers[0], 9U);
  const std::string text = "seen by the guest";
  EXPECT_EQ(value("length", {reinterpret_cast<std::uint64_t>(text.c_str())}), text.size());
  const std::uint64_t room = value("place");
  for (const std::uint64_t size : {64, 256}) {
    ASSERT_TRUE(call("copy", {room, here, size}));
    EXPECT_EQ(std::memcmp(reinterpret_cast<const void*>(room), numbers.data(), size), 0);
  }
  // Nothing is mapped at null, in the kernel's half, nor here.
  void* const page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (const std::uint64_t bad :
       {std::uint64_t{8}, std::uint64_t{1} << 47U, reinterpret_cast<std::uint64_t>(page)}) {
    for (const char* name : {"get", "length"}) {
      const auto done = call(name, {bad});
      ASSERT_FALSE(done) << name << " reads " << bad;
      EXPECT_TRUE(done.error().kind == GuestFault::Kind::kMemory ||
                  done.error().kind == GuestFault::Kind::kArgument)
          << done.error().what;
    }
    EXPECT_FALSE(call("copy", {bad, here, 200}));
    EXPECT_EQ(value("fine"), 7U);
  }
  munmap(page, 4096);
}

// The same instruction, run one by one.
class OneByOne : public Arm64Registers {
 public:
  void set_integer(std::size_t, std::uint64_t) override {}
  Vector128 vector(std::size_t i) const override { return v.at(i); }
  void set_vector(std::size_t i, const Vector128& value) override { v.at(i) = value; }
  void set_saturated() override { saturated = true; }
  std::uint64_t counter() override { return 0; }
  std::array<Vector128, 32> v{};
  bool saturated = false;
};

// Values at the edges of elements and others, shifts of every sign and size, and bytes above the
// lowest of a shift, which do not count.
Vector128 drawn(std::mt19937_64& random, bool shifts) {
  constexpr std::array<std::uint8_t, 10> kBytes = {0,    1, 0x7f, 0x80, 0xff,
                                                   0xfe, 8, 0xf8, 0x10, 0xe0};
  std::array<std::uint8_t, 16> bytes{};
  for (std::uint8_t& each : bytes) {
    each =
        random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : kBytes[random() % kBytes.size()];
    if (shifts && random() % 2 == 0) each = static_cast<std::uint8_t>(random() % 132 - 66);
  }
  Vector128 out;
  std::memcpy(out.data(), bytes.data(), 16);
  return out;
}

TEST_F(Arm64Engine, HotSitesComputeWhatTheInstructionDoes) {
  struct Form {
    const char* text;
    std::uint32_t word;
  };
  // Registers that are the same, every size of element, both widths.
  const std::array<Form, 9> forms = {{{"sqrshl v0.8h, v1.8h, v2.8h", 0x4e625c20},
                                      {"sqrshl v1.4s, v1.4s, v2.4s", 0x4ea25c21},
                                      {"sqrshl v2.16b, v1.16b, v2.16b", 0x4e225c22},
                                      {"sqrshl v2.2d, v2.2d, v2.2d", 0x4ee25c42},
                                      {"sqrshl v0.8b, v1.8b, v2.8b", 0x0e225c20},
                                      {"uqrshl v0.4s, v1.4s, v2.4s", 0x6ea25c20},
                                      {"uqrshl v0.2d, v2.2d, v1.2d", 0x6ee15c40},
                                      {"uqrshl v1.4h, v1.4h, v1.4h", 0x2e615c21},
                                      {"sqrshl v31.2s, v16.2s, v17.2s", 0x0eb15e1f}}};
  std::string text = "typedef unsigned char u;\n";
  for (std::size_t i = 0; i < forms.size(); ++i)
    text += "__attribute__((naked)) void run" + std::to_string(i) + "(u* registers) { asm(" +
            "\"msr fpsr, xzr\\n ldp q0, q1, [x0]\\n ldr q2, [x0, #32]\\n ldp q16, q17, [x0, "
            "#256]\\n\"" +
            "\"ldr q31, [x0, #496]\\n place" + std::to_string(i) + ": " + forms[i].text +
            "\\n stp q0, q1, [x0]\\n str q2, [x0, #32]\\n stp q16, q17, [x0, #256]\\n\"" +
            "\"str q31, [x0, #496]\\n mrs x0, fpsr\\n ret\"); }\n" + "unsigned word" +
            std::to_string(i) + "() { unsigned* p; asm(\"adr %0, place" + std::to_string(i) +
            "\" : \"=r\"(p)); return *p; }\n";
  load(text + "u room[512]; u* place() { return room; }");
  if (HasFatalFailure()) return;
  const std::uint64_t room = value("place");
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < forms.size(); ++i) {
    int saturated = 0;
    for (int round = 0; round < 400; ++round) {
      OneByOne expected;
      for (const std::size_t each : {0, 1, 2, 16, 17, 31})
        expected.v.at(each) = drawn(random, each == 2 || each == 17);
      std::memcpy(reinterpret_cast<void*>(room), expected.v.data(), sizeof(expected.v));
      ASSERT_TRUE(run_missing_instruction(forms[i].word, expected));
      const std::uint64_t status = value("run" + std::to_string(i), {room});
      const int differs =
          std::memcmp(reinterpret_cast<void*>(room), expected.v.data(), sizeof(expected.v));
      ASSERT_EQ(differs, 0) << forms[i].text << " in round " << round;
      EXPECT_EQ((status >> 27U) & 1U, expected.saturated ? 1U : 0U) << forms[i].text;
      saturated += expected.saturated ? 1 : 0;
    }
    EXPECT_GT(saturated, 0) << forms[i].text;
    // The guest's own text is as it was.
    EXPECT_EQ(value("word" + std::to_string(i)), forms[i].word);
  }
}

TEST_F(Arm64Engine, WhatIsNoNumberIsToldOrExact) {
  const char* const kText = R"(
    unsigned divide(float a, float b) { float q = a / b; unsigned u; __builtin_memcpy(&u, &q, 4); return u; }
    unsigned bits(unsigned a, unsigned b) { float x, y; __builtin_memcpy(&x, &a, 4); __builtin_memcpy(&y, &b, 4); return divide(x, y); }
  )";
  load(kText);
  if (HasFatalFailure()) return;
  constexpr std::uint64_t kOne = 0x3f800000;
  EXPECT_EQ(value("bits", {kOne, 0}), 0x7f800000U);  // infinity is a number here
  EXPECT_FALSE(guest->machine().engine.nans_may_differ());
  EXPECT_EQ(value("bits", {0, 0}) & 0x7fc00000U, 0x7fc00000U);
  EXPECT_TRUE(guest->machine().engine.nans_may_differ());
  guest.reset();
  engine.exact_nans = true;
  load(kText);
  EXPECT_EQ(value("bits", {0, 0}), 0x7fc00000U);           // arm64's default, without a sign
  EXPECT_EQ(value("bits", {0x7f800001, 0}), 0x7fc00001U);  // and its payload
  EXPECT_FALSE(guest->machine().engine.nans_may_differ());
}

}  // namespace
}  // namespace dl::guest
