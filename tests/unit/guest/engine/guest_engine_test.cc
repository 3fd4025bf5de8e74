// SPDX-License-Identifier: Apache-2.0
// Calls in both directions, and every way in which a guest can go wrong: an error each, and the
// next call works.
#include <cmath>
#include <cstring>
#include <thread>

#include "each_engine.h"

namespace dl::guest {
namespace {

using Kind = GuestFault::Kind;

constexpr const char* kFine = "int fine() { return 7; }\n";

EACH_ENGINE(PassesArgumentsAndResults) {
  load(std::string(kFine) + R"(
    long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
      return a + 2*b + 3*c + 4*d + 5*e + 6*f + 7*g + 8*h + 9*i + 10*j;
    }
    double mixed(int a, double x, long b, double y) { return a * x + b * y; }
    float halved(float x) { return x / 2; }
  )");
  EXPECT_EQ(value("many", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), 385U);
  const auto bits = [](double number) {
    Vector128 out{};
    std::memcpy(out.data(), &number, 8);
    return out;
  };
  const std::uint64_t integers[] = {3, 5};
  const Vector128 vectors[] = {bits(1.5), bits(2.25)};
  const auto done = guest->call(*guest->loader().find("mixed"), integers, vectors);
  ASSERT_TRUE(done);
  double result = 0;
  std::memcpy(&result, done->vector.data(), 8);
  EXPECT_EQ(result, 3 * 1.5 + 5 * 2.25);
}

EACH_ENGINE(WildPointersAreFaultsThatNameThePlace) {
  load(std::string(kFine) + R"(
    int read_at(int* p) { return *p; }
    void write_at(int* p) { *p = 1; }
    int outer(int* p) { return read_at(p) + 1; }
    static const int kConstant = 5;
    const int* constant() { return &kConstant; }
    void* itself() { return (void*)&itself; }
  )",
       "-O0");
  expect_fault("read_at", {0}, Kind::kMemory, "reads 0x0");
  expect_fault("read_at", {0x10}, Kind::kMemory, "reads 0x10");
  expect_fault("write_at", {0}, Kind::kMemory, "writes 0x0");
  expect_fault("write_at", {value("constant")}, Kind::kMemory, "writes");
  expect_fault("write_at", {value("itself")}, Kind::kMemory, "writes");
  const auto done = call("outer", {0});
  ASSERT_FALSE(done);
  std::string trace;
  for (const std::string& frame : done.error().backtrace) trace += frame + "\n";
  EXPECT_NE(trace.find("libt.so+0x"), std::string::npos) << trace;
  EXPECT_NE(trace.find("(read_at"), std::string::npos) << trace;
  EXPECT_NE(trace.find("(outer"), std::string::npos) << trace;
}

EACH_ENGINE(CodeThatIsNoneIsAFault) {
  load(std::string(kFine) + R"(
    typedef void (*F)();
    int data[4] = {1, 2, 3, 4};
    void jump(F f) { f(); }
    int* place() { return data; }
    #ifdef __x86_64__
    void undefined() { __asm__ volatile(".byte 0x06"); }
    #else
    void undefined() { __asm__ volatile(".word 0x00000000"); }
    #endif
    void breakpoint() { __builtin_trap(); }
  )");
  expect_fault("jump", {0}, Kind::kInstruction, "where no code is");
  expect_fault("jump", {value("place")}, Kind::kInstruction, "where no code is");
  expect_fault("undefined", {}, Kind::kInstruction, native() ? "0x06" : "0x00000000");
  expect_fault("breakpoint", {}, Kind::kAbort, "breakpoint");
}

EACH_ENGINE(EndsByItself) {
  load(std::string(kFine) + R"(
    void abort(); void exit(int); void android_set_abort_message(const char*);
    void* malloc(unsigned long); void free(void*);
    int nobody_has_this(int);
    void give_up() { android_set_abort_message("no model"); abort(); }
    void leave() { exit(3); }
    void twice() { void* p = malloc(10); free(p); free(p); }
    int missing() { return nobody_has_this(1); }
  )");
  expect_fault("give_up", {}, Kind::kAbort, "no model");
  expect_fault("leave", {}, Kind::kExit, "code 3");
  expect_fault("twice", {}, Kind::kAbort, "no block in use");
  expect_fault("missing", {}, Kind::kImport, "nobody_has_this");
  ASSERT_EQ(guest->loader().missing().size(), 1U);
  EXPECT_EQ(guest->loader().missing()[0].name, "nobody_has_this");
}

EACH_ENGINE(EndlessRecursionIsAStackOverflow) {
  load(std::string(kFine) + R"(
    int deep(int n) { volatile char room[256]; room[n & 255] = 1; return deep(n + 1) + room[0]; }
  )",
       "-O0");
  expect_fault("deep", {0}, Kind::kStackOverflow, "stack");
}

EACH_ENGINE(EndlessLoopsAreStopped) {
  load(std::string(kFine) + R"(
    volatile int go = 1;
    void forever() { while (go) {} }
    int usleep(unsigned);
    void sleeper() { while (go) usleep(1000000); }
  )");
  for (const char* const name : {"forever", "sleeper"}) {
    std::thread watchdog([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      guest->machine().engine.stop("it takes too long");
    });
    const auto done = call(name);
    watchdog.join();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, Kind::kStopped);
    EXPECT_EQ(done.error().what, "it takes too long");
    EXPECT_FALSE(call("fine"));
    guest->machine().engine.resume();
    EXPECT_EQ(value("fine"), 7U);
  }
}

EACH_ENGINE(CallsBackFromHostFunctions) {
  load(std::string(kFine) + R"(
    void qsort(void*, unsigned long, unsigned long, int (*)(const void*, const void*));
    int calls;
    int compare(const void* a, const void* b) { ++calls; return *(const int*)a - *(const int*)b; }
    int wrong(const void* a, const void* b) { return *(volatile int*)0; }
    int sorted() {
      int v[6] = {5, -3, 9, 0, 2, 2};
      qsort(v, 6, 4, compare);
      for (int i = 0; i + 1 < 6; ++i) if (v[i] > v[i + 1]) return 0;
      return calls > 0;
    }
    void broken() { int v[2] = {2, 1}; qsort(v, 2, 4, wrong); }
  )");
  EXPECT_EQ(value("sorted"), 1U);
  expect_fault("broken", {}, Kind::kMemory, "reads 0x0");
}

EACH_ENGINE(ThreadsShareMemoryAndLocks) {
  load(std::string(kFine) + R"(
    typedef struct { int w[10]; } M;
    int pthread_mutex_lock(M*); int pthread_mutex_unlock(M*);
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*);
    int pthread_join(unsigned long, void**);
    M lock; long locked; long atomic;
    void* work(void* n) {
      for (long i = 0; i < (long)n; ++i) {
        pthread_mutex_lock(&lock); ++locked; pthread_mutex_unlock(&lock);
        __atomic_add_fetch(&atomic, 1, __ATOMIC_SEQ_CST);
      }
      return n;
    }
    long run(long n) {
      unsigned long t[4]; void* r; long sum = 0;
      for (int i = 0; i < 4; ++i) if (pthread_create(&t[i], 0, work, (void*)n)) return -1;
      for (int i = 0; i < 4; ++i) { pthread_join(t[i], &r); sum += (long)r; }
      return locked == 4 * n && atomic == 4 * n ? sum : -2;
    }
  )",
       native() ? "" : "-mno-outline-atomics");
  EXPECT_EQ(value("run", {5000}), 20000U);
}

EACH_ENGINE(RepeatsToTheAddress) {
  const std::string source = std::string(kFine) + R"(
    void* malloc(unsigned long);
    long trail() { long sum = 0; for (int i = 1; i < 50; ++i) sum = sum * 31 + (long)malloc(i * 40); return sum; }
  )";
  load(source);
  const std::uint64_t first = value("trail");
  guest.reset();
  load(source);
  EXPECT_EQ(value("trail"), first);
}

}  // namespace
}  // namespace dl::guest
