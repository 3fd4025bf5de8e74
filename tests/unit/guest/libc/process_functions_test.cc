// SPDX-License-Identifier: Apache-2.0
// Sorting, searching, signals, chance and time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "guest_program.h"

namespace dl::guest {
namespace {

TEST(GuestProcess, SortsAndSearches) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
void qsort(void*, size_t, size_t, int (*)(const void*, const void*));
void* bsearch(const void*, const void*, size_t, size_t, int (*)(const void*, const void*));
void* tsearch(const void*, void**, int (*)(const void*, const void*)); void* tfind(const void*, void* const*, int (*)(const void*, const void*));
void* tdelete(const void*, void**, int (*)(const void*, const void*)); void twalk(const void*, void (*)(const void*, int, int));
void* lfind(const void*, const void*, size_t*, size_t, int (*)(const void*, const void*));
int hcreate(size_t); struct entry { char* key; void* data; }; entry* hsearch(entry, int);
static int order(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }
static int liar(const void*, const void*) { return 1; }
static int numbers[500];
static void fill() { unsigned x = 7; for (int i = 0; i < 500; ++i) { x = x * 1103515245u + 12345u; numbers[i] = (int)(x >> 20); } }
long sorted() { fill(); qsort(numbers, 500, 4, order); for (int i = 1; i < 500; ++i) if (numbers[i - 1] > numbers[i]) return i;
  int key = numbers[123]; int* hit = (int*)bsearch(&key, numbers, 500, 4, order); if (!hit || *hit != key) return 1000;
  key = -1; if (bsearch(&key, numbers, 500, 4, order)) return 2000; size_t n = 500; if (lfind(&key, numbers, &n, 4, order)) return 3000; return 0; }
long lied() { fill(); qsort(numbers, 500, 4, liar); return 1; }
void outside() { qsort((void*)0x1000, 1000, 8, order); }
static void* root; static int last = -1000000, visited, wrong;
static void visit(const void* node, int when, int) { if (when != 1 && when != 3) return; ++visited; int v = **(int* const*)node; if (v < last) ++wrong; last = v; }
long tree() { fill(); int different = 0;
  for (int i = 0; i < 500; ++i) if (*(int**)tsearch(&numbers[i], &root, order) == &numbers[i]) ++different;
  twalk(root, visit); if (wrong || visited != different) return 1;
  for (int i = 0; i < 500; i += 2) tdelete(&numbers[i], &root, order);
  for (int i = 0; i < 500; i += 2) if (tfind(&numbers[i], &root, order)) return 2;
  return 0; }
long hashed() { hcreate(10); entry e = {(char*) "one", (void*)11}; hsearch(e, 1); entry f = {(char*) "one", 0}; entry g = {(char*) "two", 0};
  return (long)hsearch(f, 0)->data + (hsearch(g, 0) != 0);
}
)");
  EXPECT_EQ(program->number("sorted"), 0);
  EXPECT_EQ(program->number("lied"), 1);
  EXPECT_EQ(program->call("outside").error().kind, GuestFault::Kind::kMemory);
  EXPECT_EQ(program->number("tree"), 0);
  EXPECT_EQ(program->number("hashed"), 11);
}

TEST(GuestProcess, DeliversItsOwnSignals) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
struct sigaction_ { int flags; void (*handler)(int, void*, void*); unsigned long mask; void* restorer; };
int sigaction(int, const sigaction_*, sigaction_*); int raise(int); int kill(int, int); int getpid(); void (*signal(int, void (*)(int)))(int);
int sigprocmask(int, const unsigned long*, unsigned long*); int sigaddset(unsigned long*, int);
static int got, code;
static void info(int n, void* i, void*) { got = n; code = *(int*)i; }
static void plain(int n) { got = n + 100; }
long handled() { sigaction_ a = {4, info, 0, 0}, old = {}; sigaction(4, &a, 0); sigaction(4, 0, &old); raise(4); return got * 100 + code + (old.handler == info) * 10000; }
long simple() { signal(10, plain); kill(getpid(), 10); return got; }
long masked() { unsigned long set = 0, old = 5; sigaddset(&set, 3); sigprocmask(0, &set, &old); sigprocmask(2, &old, &set); return set * 10 + old; }
long ignored() { return raise(17) + 1; }
void fatal() { raise(11); }
long other() { return kill(4711, 9); }
)");
  EXPECT_EQ(program->number("handled"), 10404);
  EXPECT_EQ(program->number("simple"), 110);
  EXPECT_EQ(program->number("masked"), 40);
  EXPECT_EQ(program->number("ignored"), 1);
  const auto fatal = program->call("fatal");
  ASSERT_FALSE(fatal);
  EXPECT_EQ(fatal.error().kind, GuestFault::Kind::kAbort);
  EXPECT_EQ(program->number("other"), -1);
}

constexpr const char* kDraws = R"(
double drand48(); long lrand48(); void srand48(long); long random(); void srandom(unsigned); unsigned arc4random(); long time(long*);
int open(const char*, int, ...); ssize_t read(int, void*, size_t); struct timespec { long s, n; }; int clock_gettime(int, timespec*);
int usleep(unsigned);
double real48() { srand48(42); drand48(); return drand48(); }
long long48() { srand48(42); return lrand48(); }
long plain() { srandom(42); random(); return random(); }
long drawn() { return arc4random(); }
long device() { int fd = open("/dev/urandom", 0); long out = 0; read(fd, &out, 8); return out; }
long now() { return time(0); }
long passed() { timespec a, b; clock_gettime(1, &a); clock_gettime(1, &b); return (b.s - a.s) * 1000000000 + b.n - a.n; }
)";

TEST(GuestProcess, DrawsAsTheLibraryDoes) {
  DAYLIGHT_GUEST_PROGRAM(program, kDraws);
  srand48(42);
  drand48();
  EXPECT_EQ(program->real("real48"), drand48());
  srand48(42);
  EXPECT_EQ(program->number("long48"), lrand48());
  srandom(42);
  random();
  EXPECT_EQ(program->number("plain"), random());
}

TEST(GuestProcess, RepeatsWhatIsFixed) {
  DeviceProfile profile = DeviceProfile::builtin(true);
  profile.seed = 7;
  profile.clock_start_ns = 1'600'000'000'000'000'000;
  profile.clock_step_ns = 500;
  if (!dl::testing::can_build_native_libraries()) GTEST_SKIP() << "no clang-14 and lld";
  std::string why;
  const auto one = testing::GuestProgram::build(kDraws, why, &profile);
  const auto two = testing::GuestProgram::build(kDraws, why, &profile);
  ASSERT_TRUE(one != nullptr && two != nullptr) << why;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one->number("drawn"), two->number("drawn"));
    EXPECT_EQ(one->number("device"), two->number("device"));
  }
  EXPECT_NE(one->number("drawn"), one->number("drawn"));
  EXPECT_EQ(one->number("now"), 1'600'000'000);
  EXPECT_EQ(one->number("passed"), 500);
}

}  // namespace
}  // namespace dl::guest
