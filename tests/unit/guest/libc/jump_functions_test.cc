// SPDX-License-Identifier: Apache-2.0
// setjmp and longjmp, and the floating-point environment.
#include <gtest/gtest.h>

#include "guest_program.h"

namespace dl::guest {
namespace {

TEST(GuestJump, ComesBackWithEverything) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int setjmp(long*) __attribute__((returns_twice));
void longjmp(long*, int) __attribute__((noreturn));
int sigsetjmp(long*, int) __attribute__((returns_twice));
void siglongjmp(long*, int) __attribute__((noreturn));
static long outer[32], inner[32];
static void deep(int n, long* where, int value) {
  volatile char room[64]; room[n % 64] = (char)n;
  if (n > 0) deep(n - 1, where, value);
  longjmp(where, value);
}
long once(int value) {
  long a = value * 3; double b = value * 0.5;  // kept in registers across the call
  int got = setjmp(outer);
  if (got == 0) deep(20, outer, value);
  return got * 1000 + a + (long)(b * 2);
}
long nested() {
  volatile int steps = 0;
  int got = setjmp(outer);
  if (got != 0) return got * 100 + steps;
  if (sigsetjmp(inner, 1) == 0) { ++steps; siglongjmp(inner, 5); }
  ++steps;
  deep(5, outer, 7);
  return -1;
}
long again() {
  volatile int count = 0;
  setjmp(outer);
  count = count + 1;
  if (count < 1000) longjmp(outer, 1);
  return count;
}
)");
  EXPECT_EQ(program->number("once", {4}), 4000 + 12 + 4);
  EXPECT_EQ(program->number("once", {0}), 1000);  // a longjmp with 0 gives 1
  EXPECT_EQ(program->number("nested"), 702);
  EXPECT_EQ(program->number("again"), 1000);
}

TEST(GuestJump, HasAFloatingPointEnvironment) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int fegetround(); int fesetround(int); int feclearexcept(int); int fetestexcept(int); int feraiseexcept(int);
struct Env { unsigned control, status; };
int fegetenv(Env*); int fesetenv(const Env*); int feholdexcept(Env*); int feupdateenv(const Env*);
static volatile double one = 1, three = 3;
long mode(int m) { int r = fesetround(m); long got = fegetround(); double q = one / three; fesetround(0);
  double near = one / three; return r * 100 + got * 10 + (q != near); }
long flags() { feclearexcept(31); feraiseexcept(1 | 4); long a = fetestexcept(31); feclearexcept(4);
  return a * 100 + fetestexcept(31); }
long kept() { Env env; fesetround(1); fegetenv(&env); fesetround(2); fesetenv(&env); long m = fegetround();
  fesetenv((Env*)-1); return m * 10 + fegetround(); }
long held() { Env env; feclearexcept(31); feraiseexcept(1); feholdexcept(&env); long a = fetestexcept(31);
  feraiseexcept(2); feupdateenv(&env); return a * 100 + fetestexcept(31); }
)");
  EXPECT_EQ(program->number("mode", {0}), 0);
  EXPECT_EQ(program->number("mode", {1}), 11);  // upwards gives another third
  EXPECT_EQ(program->number("mode", {9}), 100);
  EXPECT_EQ(program->number("flags"), 501);
  EXPECT_EQ(program->number("kept"), 10);
  EXPECT_EQ(program->number("held"), 3);
}

}  // namespace
}  // namespace dl::guest
