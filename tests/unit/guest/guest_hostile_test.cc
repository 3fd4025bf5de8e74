// SPDX-License-Identifier: Apache-2.0
// Libraries that attack what runs them, in the jail that users have: an answer or an error each,
// and nothing outside changes.
#include <dirent.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/native_call.h"
#include "support/native_library.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

std::size_t processes() {
  std::size_t out = 0;
  for (const auto& each : fs::directory_iterator("/proc"))
    out += std::isdigit(static_cast<unsigned char>(each.path().filename().string()[0])) != 0;
  return out;
}

class Hostile : public ::testing::TestWithParam<ElfMachine> {
 protected:
  // Builds the library and calls its function `attack` in a jailed child; its answer as a number.
  Result<std::string> attack(const std::string& text, double seconds = 20) {
    const bool arm64 = GetParam() == ElfMachine::kArm64;
    const auto bytes = testing::build_native_library(
        "extern \"C\" {\ntypedef unsigned long size_t;\n" + text + "\n}\n",
        arm64 ? testing::kArm64Android : testing::kX86_64Android,
        "-Wl,-soname,libhostile.so -fno-builtin");
    if (!bytes) return fail(ErrorCode::kUnsupported, "no compiler", "clang");
    GuestOptions options;
    options.machine = GetParam();
    options.libraries = [&](const std::string& name) -> std::optional<LibraryFile> {
      if (name != "libhostile.so") return std::nullopt;
      return LibraryFile{Content::owned(std::vector<std::uint8_t>(bytes->begin(), bytes->end())),
                         {name},
                         "/data/app/lib/" + name};
    };
    GuestProcessOptions process;
    process.wall_time = std::chrono::milliseconds(static_cast<int>(seconds * 1000));
    return run_in_guest_process(process, options, [](Guest& guest) -> Result<std::string> {
      TRY_VOID(guest.load("libhostile.so"));
      const auto done = guest.call("attack", {});
      if (!done) return fail(ErrorCode::kCorrupt, words_of(done.error()), "attack");
      return std::to_string(static_cast<std::int64_t>(done->integer));
    });
  }
  static bool cannot_run(const Result<std::string>& answer) {
    return !answer && (answer.error().where == "clang" || answer.error().where == "sandbox");
  }
};

#define RUN_ATTACK(answer, ...)            \
  const auto answer = attack(__VA_ARGS__); \
  if (cannot_run(answer)) GTEST_SKIP() << answer.error().what

TEST_P(Hostile, ForkBombsHaveNoFuse) {
  const std::size_t before = processes();
  RUN_ATTACK(answer, R"(
    int fork(void); int vfork(void); long syscall(long, ...);
#if defined(__aarch64__)
    const long kClone = 220;
#else
    const long kClone = 56;
#endif
    long attack() { long born = 0; for (int i = 0; i < 10000; ++i) born += (fork() >= 0) + (vfork() >= 0) + (syscall(kClone, 17, 0, 0, 0, 0) >= 0); return born; }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "0");
  EXPECT_LT(processes(), before + 50);
}

TEST_P(Hostile, SystemCallsByTheInstructionMakeNoProcess) {
  const std::size_t before = processes();
  RUN_ATTACK(answer, R"(
    long attack() {
#if defined(__aarch64__)
      register long number asm("x8") = 220; register long flags asm("x0") = 17;
      register long a asm("x1") = 0, b asm("x2") = 0, c asm("x3") = 0, d asm("x4") = 0;
      asm volatile("svc #0" : "+r"(flags) : "r"(number), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
      return flags;
#else
      long answer;
      asm volatile("syscall" : "=a"(answer) : "a"(57) : "rcx", "r11", "memory");
      return answer;
#endif
    }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  // The engine knows no such call (ENOSYS); to the processor itself the jail says no (EPERM).
  EXPECT_EQ(*answer, GetParam() == ElfMachine::kArm64 ? "-38" : "-1");
  EXPECT_LT(processes(), before + 50);
}

// How libraries look for hooks that libc would hide.
TEST_P(Hostile, FilesOfTheProcessAreReadByTheInstruction) {
  if (GetParam() != ElfMachine::kArm64)
    GTEST_SKIP() << "the processor asks the kernel, whose files are the jail's";
  RUN_ATTACK(answer, R"(
    static long call(long n, long a, long b, long c) {
      register long number asm("x8") = n; register long x0 asm("x0") = a;
      register long x1 asm("x1") = b; register long x2 asm("x2") = c; register long x3 asm("x3") = 0;
      asm volatile("svc #0" : "+r"(x0) : "r"(number), "r"(x1), "r"(x2), "r"(x3) : "memory");
      return x0;
    }
    static char text[65536];
    long attack() {
      const char* maps = "/proc/self/maps";
      long file = call(56, -100, (long)maps, 0);
      if (file < 0) return file;
      long size = call(63, file, (long)text, sizeof(text) - 1);
      long closed = call(57, file, 0, 0), again = call(57, file, 0, 0), bad = call(63, file, 16, 8);
      for (long i = 0; i + 13 < size; ++i) {
    const char* name = "libhostile.so";
    long k = 0;
    while (k < 13 && text[i + k] == name[k]) ++k;
    if (k == 13) return closed == 0 && again == -9 && bad < 0;
      }
      return -1000;
}
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "1");
}

TEST_P(Hostile, CodeThatWritesItselfRuns) {
  RUN_ATTACK(answer, R"(
    void* mmap(void*, size_t, int, int, int, long); int mprotect(void*, size_t, int);
    typedef int (*Code)(void);
    long attack() {
      unsigned* page = (unsigned*)mmap(0, 4096, 3, 0x22, -1, 0);
      long sum = 0;
      for (int i = 1; i <= 50; ++i) {
        mprotect(page, 4096, 3);
#if defined(__aarch64__)
        page[0] = 0x52800000u | (unsigned)i << 5; page[1] = 0xd65f03c0u;  // mov w0, #i; ret
        asm volatile("dsb ish\n ic ivau, %0\n dsb ish\n isb" :: "r"(page) : "memory");
#else
        unsigned char* at = (unsigned char*)page;
        at[0] = 0xb8; at[1] = (unsigned char)i; at[2] = at[3] = at[4] = 0; at[5] = 0xc3;  // mov eax, i; ret
#endif
        mprotect(page, 4096, 5);
        sum += ((Code)page)();
      }
      return sum;
    }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "1275");
}

TEST_P(Hostile, EndlessLoopsEnd) {
  const auto begin = std::chrono::steady_clock::now();
  RUN_ATTACK(answer, "long attack() { for (volatile long i = 0;; ++i) {} }", 2);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().what.find("longer than 2 s"), std::string::npos) << answer.error().what;
  EXPECT_NE(answer.error().what.find("libhostile.so+0x"), std::string::npos) << answer.error().what;
  // A bound on the test, not a measurement: it would otherwise run for ever.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST_P(Hostile, CrashesOfThreadsEndTheRunAndSayWhere) {
  RUN_ATTACK(answer, R"(
    int pthread_create(unsigned long*, const void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
    static void* crash(void*) { *(volatile long*)0x123456789abc = 1; return 0; }
    long attack() { unsigned long thread; pthread_create(&thread, 0, crash, 0); pthread_join(thread, 0); return 7; }
  )");
  ASSERT_FALSE(answer) << *answer;
  EXPECT_NE(answer.error().what.find("a thread of the guest"), std::string::npos)
      << answer.error().what;
  EXPECT_NE(answer.error().what.find("libhostile.so+0x"), std::string::npos) << answer.error().what;
}

TEST_P(Hostile, ThreadsWithoutEndAreRefused) {
  RUN_ATTACK(answer, R"(
    int pthread_create(unsigned long*, const void*, void* (*)(void*), void*); int usleep(unsigned);
    static volatile int go_on = 1;
    static void* wait(void*) { while (go_on) usleep(20000); return 0; }
    long attack() { long made = 0; unsigned long thread; while (made < 5000 && pthread_create(&thread, 0, wait, 0) == 0) ++made; go_on = 0; return made; }
  )",
             120);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_GE(std::stol(*answer), 50);
  EXPECT_LT(std::stol(*answer), 5000);
}

TEST_P(Hostile, CallsThatNestTooDeepAreAFault) {
  RUN_ATTACK(answer, R"(
    void qsort(void*, size_t, size_t, int (*)(const void*, const void*));
    static long depth;
    static int order(const void*, const void*) { int two[2] = {2, 1}; ++depth; qsort(two, 2, 4, order); return 0; }
    long attack() { int two[2] = {2, 1}; qsort(two, 2, 4, order); return depth; }
  )",
             120);
  ASSERT_FALSE(answer) << *answer;
  EXPECT_NE(answer.error().what.find("nest too deep"), std::string::npos) << answer.error().what;
}

// Linux does not look at the number of an svc instruction: nor may it name a function of ours.
TEST_P(Hostile, NumbersOfTrapsReachNoFunctionOfTheHost) {
  if (GetParam() != ElfMachine::kArm64) GTEST_SKIP() << "an instruction of arm64";
  RUN_ATTACK(answer, R"(
    #define TRAP(n) ({ register long number asm("x8") = 172; register long out asm("x0") = 0; asm volatile("svc #" #n : "+r"(out) : "r"(number) : "memory"); out; })
    int getpid(void);
    long attack() {
      long pid = getpid();
      return (TRAP(0) == pid) + (TRAP(1) == pid) + (TRAP(5) == pid) + (TRAP(100) == pid) + (TRAP(300) == pid) + (TRAP(0xfffc) == pid) + (TRAP(0xfffd) == pid) +
             (TRAP(0xfffe) == pid) + (TRAP(0xffff) == pid);
    }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "9");
}

// Bad memory is an answer of the kernel's.
TEST_P(Hostile, SystemCallsWithBadMemoryFail) {
  if (GetParam() != ElfMachine::kArm64) GTEST_SKIP() << "the processor makes them itself";
  RUN_ATTACK(answer, R"(
    long syscall(long, ...); int* __errno();
    long attack() { return syscall(63, 0, 0, 1L << 40) == -1 ? *__errno() : 0; }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_TRUE(*answer == "14" || *answer == "9") << *answer;
}

TEST_P(Hostile, StacksAndPointersAreFaultsWithAPlace) {
  RUN_ATTACK(deep, R"(
    long deeper(volatile char* p) { volatile char room[4096]; room[0] = *p; return deeper(room) + room[4095]; }
    long attack() { volatile char c = 1; return deeper(&c); }
  )");
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().what.find("libhostile.so+0x"), std::string::npos) << deep.error().what;
  RUN_ATTACK(wild, "long attack() { return *(volatile long*)0x123456789abc; }");
  ASSERT_FALSE(wild);
  EXPECT_NE(wild.error().what.find("libhostile.so+0x"), std::string::npos) << wild.error().what;
}

TEST_P(Hostile, FilesOutsideStayAsTheyAre) {
  const testing::TemporaryFolder folder;
  const fs::path secret = folder.path() / "secret";
  std::ofstream(secret) << "kept";
  RUN_ATTACK(answer, R"(
    int open(const char*, int, ...); long write(int, const void*, size_t); int unlink(const char*); long read(int, void*, size_t);
    long attack() {
      const char* path = ")" +
                         secret.string() +
                         R"(";
      int file = open(path, 2);
      long got = file >= 0 ? write(file, "gone", 4) : -1;
      return (got == 4) + 2 * (unlink(path) == 0) + 4 * (open("/etc/passwd", 0) >= 0) + 8 * (open("/etc/shadow", 0) >= 0);
    }
  )");
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(*answer, "0");
  std::string text;
  std::ifstream(secret) >> text;
  EXPECT_EQ(text, "kept");
}

INSTANTIATE_TEST_SUITE_P(Engines, Hostile, ::testing::Values(ElfMachine::kArm64, kHostMachine),
                         [](const auto& each) {
                           return std::string(each.param == ElfMachine::kArm64 ? "arm64" : "host");
                         });

}  // namespace
}  // namespace dl::guest
