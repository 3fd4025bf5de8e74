// SPDX-License-Identifier: Apache-2.0
// What only native code can do wrong, and where it runs at all.
#include <cstring>
#include <thread>

#include "daylight/guest/guest_process.h"
#include "each_engine.h"

namespace dl::guest {
namespace {

using Kind = GuestFault::Kind;

constexpr const char* kFine = "int fine() { return 7; }\n";

// HOST_ENGINE(Name) { ... }
#define HOST_ENGINE(Name)                                                                         \
  class Name : public EachEngine {                                                                \
   protected:                                                                                     \
    void body() override;                                                                         \
  };                                                                                              \
  TEST_P(Name, Holds) { run(); }                                                                  \
  INSTANTIATE_TEST_SUITE_P(Engine, Name, ::testing::Values(ElfMachine::kX86_64), name_of_engine); \
  void Name::body()

HOST_ENGINE(ItsProcessorsOwnFaults) {
  load(std::string(kFine) + R"(
    int divide(int a, int b) { return a / b; }
    int strange() { return *(volatile int*)0x1234567812345678; }
    void halt() { __asm__ volatile("hlt"); }
    void stop() { __asm__ volatile("int3"); }
    void backwards(char* p) { __asm__ volatile("std"); *(volatile char*)0; }
    void* memcpy(void*, const void*, unsigned long);
    int leave_it() { __asm__ volatile("std"); char a[8] = {1}; char b[8]; memcpy(b, a, 8); return b[0]; }
    void lost() { __asm__ volatile("xor %rsp, %rsp\n\tpush %rax"); }
    void crooked() { __asm__ volatile("mov $8, %rsp\n\tmov %rsp, %rbp\n\tjmp *%rsp"); }
  )");
  expect_fault("divide", {1, 0}, Kind::kInstruction, "divides");
  EXPECT_EQ(value("divide", {6, 3}), 2U);
  expect_fault("strange", {}, Kind::kMemory, "no memory can have");
  expect_fault("halt", {}, Kind::kInstruction, "not allowed");
  expect_fault("stop", {}, Kind::kAbort, "breakpoint");
  expect_fault("backwards", {}, Kind::kMemory, "0x0");
  EXPECT_EQ(value("leave_it"), 1U);
  const auto lost = call("lost");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, Kind::kMemory) << lost.error().what;
  expect_fault("crooked", {}, Kind::kInstruction, "where no code is");
}

HOST_ENGINE(KeepsTheHostsFloatingPointMode) {
  load(std::string(kFine) + R"(
    void flush() { unsigned m = 0x9fc0; __asm__ volatile("ldmxcsr %0" : : "m"(m)); }
    void flush_and_die() { flush(); *(volatile int*)0 = 1; }
  )");
  volatile double tiny = 1e-308;
  value("flush");
  EXPECT_GT(tiny / 16, 0.0);
  EXPECT_FALSE(call("flush_and_die"));
  EXPECT_GT(tiny / 16, 0.0);
}

HOST_ENGINE(StopsThreadsWhereverTheyAre) {
  load(std::string(kFine) + R"(
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*);
    int pthread_join(unsigned long, void**);
    int usleep(unsigned);
    volatile int go = 1;
    void* spins(void*) { while (go) {} return 0; }
    void* sleeps(void*) { while (go) usleep(1000); return 0; }
    int run() {
      unsigned long t[4];
      for (int i = 0; i < 4; ++i) if (pthread_create(&t[i], 0, i % 2 ? spins : sleeps, 0)) return -1;
      for (int i = 0; i < 4; ++i) pthread_join(t[i], 0);
      return 0;
    }
  )");
  for (int round = 0; round < 3; ++round) {
    std::thread watchdog([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      guest->machine().engine.stop("enough");
    });
    const auto done = call("run");
    watchdog.join();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, Kind::kStopped);
    guest->machine().engine.resume();
    EXPECT_EQ(value("fine"), 7U);
  }
}

class HostEngine : public GuestFixture {
 protected:
  HostEngine() { machine = ElfMachine::kX86_64; }
  GuestOptions options() {
    GuestOptions out;
    out.machine = machine;
    out.libraries = [this](const std::string& name) -> std::optional<LibraryFile> {
      const auto found = files.find(name);
      if (found == files.end()) return std::nullopt;
      return LibraryFile{found->second, {name}, "/data/app/lib/x86_64/" + name};
    };
    return out;
  }
};

TEST_F(HostEngine, RefusesToRunOutsideOfAJail) {
  const auto made = Guest::create(options());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
}

// The whole way: a jailed child with system calls filtered, in which faults, stacks of signals and
// threads must work too.
TEST_F(HostEngine, RunsInTheJail) {
  add("libt.so", std::string(kFine) + R"(
    int deep(int n) { volatile char room[256]; room[n & 255] = 1; return deep(n + 1) + room[0]; }
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*);
    int pthread_join(unsigned long, void**);
    void* work(void* n) { return n; }
    long run() { unsigned long t; void* r; pthread_create(&t, 0, work, (void*)42); pthread_join(t, &r); return (long)r; }
    volatile int go = 1;
    void forever() { while (go) {} }
    int open_raw() {
      long r;
      __asm__ volatile("syscall" : "=a"(r) : "a"(2L), "D"("/etc/passwd"), "S"(0L), "d"(0L) : "rcx", "r11", "memory");
      return (int)r;
    }
  )",
      "-O0");
  ASSERT_FALSE(HasFatalFailure());
  GuestProcessOptions process;
  process.wall_time = std::chrono::seconds(60);
  const auto answer =
      run_in_guest_process(process, options(), [](Guest& guest_in) -> Result<std::string> {
        TRY(guest_in.load("libt.so"));
        std::string out;
        const auto say = [&](const GuestResult<GuestValue>& done) {
          out +=
              done ? std::to_string(static_cast<int>(done->integer)) : name_of(done.error().kind);
          out += " ";
        };
        say(guest_in.call("fine", {}));
        say(guest_in.call("deep", {0}));
        say(guest_in.call("run", {}));
        std::thread watchdog([&] {
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          guest_in.machine().engine.stop("enough");
        });
        say(guest_in.call("forever", {}));
        watchdog.join();
        guest_in.machine().engine.resume();
        say(guest_in.call("open_raw", {}));
        say(guest_in.call("fine", {}));
        return out;
      });
  if (!answer && answer.error().code == ErrorCode::kUnsupported)
    GTEST_SKIP() << "this machine has no sandbox: " << answer.error().what;
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "7 stack-overflow 42 stopped -2 7 ");
}

}  // namespace
}  // namespace dl::guest
