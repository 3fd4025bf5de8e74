// SPDX-License-Identifier: Apache-2.0
// What only the arm64 engine promises.
#include <cstring>

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

}  // namespace
}  // namespace dl::guest
