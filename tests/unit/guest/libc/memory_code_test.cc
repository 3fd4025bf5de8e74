// SPDX-License-Identifier: Apache-2.0
// Copies and fills of all small sizes, overlapping in all ways, against a loop.
#include <gtest/gtest.h>

#include "guest_program.h"

namespace dl::guest::testing {
namespace {

TEST(GuestMemoryCode, CopiesAndFillsEverySize) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
void* memcpy(void*, const void*, size_t); void* memmove(void*, const void*, size_t); void* memset(void*, int, size_t);
static unsigned char a[1024], b[1024];
static void start() { for (volatile int i = 0; i < 1024; ++i) a[i] = b[i] = (unsigned char)(i * 37 + (i >> 3)); }
static long differ() { for (int i = 0; i < 1024; ++i) if (a[i] != b[i]) return i + 1; return 0; }
// Bytes move through a third place: no order of copying matters.
static unsigned char c[1024];
static void plain(unsigned char* to, const unsigned char* from, size_t n) {
  for (volatile size_t i = 0; i < n; ++i) c[i] = from[i];
  for (volatile size_t i = 0; i < n; ++i) to[i] = c[i];
}
long copies() {
  for (size_t n = 0; n <= 300; ++n) {
    start();
    if (memcpy(a + 400, a + 11, n) != a + 400) return -1;
    plain(b + 400, b + 11, n);
    if (differ()) return n * 10000 + differ();
  }
  return 0;
}
long moves() {
  for (size_t n = 0; n <= 200; n += 3)
    for (int by = -40; by <= 40; ++by) {
      start();
      if (memmove(a + 300 + by, a + 300, n) != a + 300 + by) return -1;
      plain(b + 300 + by, b + 300, n);
      if (differ()) return n * 10000 + differ();
    }
  return 0;
}
long fills() {
  for (size_t n = 0; n <= 300; ++n) {
    start();
    if (memset(a + 13, 0x1c5, n) != a + 13) return -1;
    for (volatile size_t i = 0; i < n; ++i) b[13 + i] = 0xc5;
    if (differ()) return n * 10000 + differ();
  }
  return 0;
}
void* wild(size_t n) { return memcpy(a, (void*)16, n); }
)");
  EXPECT_EQ(program->number("copies"), 0);
  EXPECT_EQ(program->number("moves"), 0);
  EXPECT_EQ(program->number("fills"), 0);
  for (const std::uint64_t size : {std::uint64_t{8}, std::uint64_t{100'000}}) {
    const auto wild = program->call("wild", {size});
    ASSERT_FALSE(wild);
    bool named = false;
    for (const std::string& frame : wild.error().backtrace)
      named = named || frame.find(".so+0x") != std::string::npos;
    EXPECT_TRUE(named) << "no place in the library: " << wild.error().what;
  }
  EXPECT_EQ(program->number("copies"), 0);
}

}  // namespace
}  // namespace dl::guest::testing
