// SPDX-License-Identifier: Apache-2.0
// Watched functions of a guest tell of their calls, and do what they did.
#include <gmock/gmock.h>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "each_engine.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// Beginnings ("f(1,2)" by their first two arguments) and ends ("f=3") of each thread.
class Seen : public CallObserver {
 public:
  void enter(const HostFunction&, CallFrame&) override {}
  void leave(const HostFunction&, CallFrame&) override {}
  void enter_code(std::uint64_t address, CallFrame& frame) override {
    CallArguments arguments(frame);
    const auto first = static_cast<std::int64_t>(arguments.next_integer());
    const auto second = static_cast<std::int64_t>(arguments.next_integer());
    const std::string& name = names.at(address);
    add(name, "(" + std::to_string(first) + "," + std::to_string(second) + ")",
        arguments.next_double());
  }
  void leave_code(std::uint64_t address, CallFrame& frame) override {
    const Vector128 bits = frame.vector_result();
    double number = 0;
    std::memcpy(&number, bits.data(), sizeof(number));
    add(names.at(address), "=" + std::to_string(static_cast<std::int64_t>(frame.result())), number);
  }
  std::vector<std::string> take() { return std::exchange(lines[std::this_thread::get_id()], {}); }

  std::map<std::uint64_t, std::string> names;  // not changed while a guest runs
  std::map<std::thread::id, std::vector<std::string>> lines;
  std::map<std::string, std::vector<double>> doubles;  // arguments and results in turns

 private:
  void add(const std::string& name, const std::string& what, double number) {
    const std::scoped_lock lock(mutex_);
    lines[std::this_thread::get_id()].push_back(name + what);
    doubles[name].push_back(number);
  }
  std::mutex mutex_;
};

class Watching : public EachEngine {
 protected:
  // The library's functions of these names are watched.
  void load_watched(const std::string& text, const std::vector<std::string>& functions,
                    const std::string& options = "") {
    load(text, options);
    if (HasFatalFailure()) return;
    guest->machine().engine.observe(&seen);
    for (const std::string& name : functions) watch(name);
  }
  void watch(const std::string& name) {
    const auto address = guest->loader().find(name);
    ASSERT_TRUE(address) << name;
    seen.names[*address] = name;
    const auto done = guest->machine().engine.watch(*address);
    EXPECT_TRUE(done) << describe(done.error());
  }
  void TearDown() override {
    if (guest) guest->machine().engine.observe(nullptr);
    guest.reset();
  }
  Seen seen;
};

#define WATCHING(Name) EACH_ENGINE_OF(Watching, Name)

WATCHING(TellsOfArgumentsAndResults) {
  load_watched(R"(
    #define KEEP __attribute__((noinline))
    KEEP long add(long a, long b, double c) { asm volatile(""); return a + b + (long)c; }
    KEEP double mix(long a, long b, double c) { asm volatile(""); return (double)(a - b) * c; }
    long work() { return add(3, 4, 0.5) + (long)mix(-2, -6, 1.25); }
  )",
               {"add", "mix", "work"});
  EXPECT_EQ(value("work"), 12U);
  const auto lines = seen.take();
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_EQ(lines[1], "add(3,4)");
  EXPECT_EQ(lines[2], "add=7");
  EXPECT_EQ(lines[3], "mix(-2,-6)");
  EXPECT_EQ(lines[5], "work=12");
  EXPECT_EQ(seen.doubles["add"].at(0), 0.5);
  EXPECT_THAT(seen.doubles["mix"], ElementsAre(1.25, 5.0));
  // Called by the host itself, with arguments behind the registers.
  const std::uint64_t integers[] = {40, 2};
  const Vector128 zero{};
  const auto done = guest->call(*guest->loader().find("add"), integers, std::span(&zero, 1));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->integer, 42U);
  EXPECT_THAT(seen.take(), ElementsAre("add(40,2)", "add=42"));
}

WATCHING(NestedRecursiveAndTailCallsEndInOrder) {
  load_watched(R"(
    #define KEEP __attribute__((noinline))
    KEEP long leaf(long x, long) { asm volatile(""); return x * 2; }
    KEEP long tail(long x, long y) { asm volatile(""); return leaf(x + 1, y); }
    KEEP long down(long n, long y) { if (n == 0) return tail(0, y); long r = down(n - 1, y); asm volatile("" : "+r"(r)); return n + r; }
    long work() { return down(2, 9); }
  )",
               {"leaf", "tail", "down"}, "-O2");
  EXPECT_EQ(value("work"), 5U);
  EXPECT_THAT(seen.take(),
              ElementsAre("down(2,9)", "down(1,9)", "down(0,9)", "tail(0,9)", "leaf(1,9)", "leaf=2",
                          "tail=2", "down=2", "down=3", "down=5"));
}

WATCHING(CallsBackFromTheHostAreSeen) {
  load_watched(R"(
    void qsort(void*, unsigned long, unsigned long, int (*)(const void*, const void*));
    int compare(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }
    long sorted() {
      int v[6] = {5, -3, 9, 0, 2, 2};
      qsort(v, 6, 4, compare);
      for (int i = 0; i + 1 < 6; ++i) if (v[i] > v[i + 1]) return 0;
      return 1;
    }
  )",
               {"compare", "sorted"});
  EXPECT_EQ(value("sorted"), 1U);
  const auto lines = seen.take();
  const auto begins = [](const std::string& line) { return line.find('(') != std::string::npos; };
  EXPECT_GT(lines.size(), 10U);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), begins) * 2,
            static_cast<std::ptrdiff_t>(lines.size()));
  EXPECT_EQ(lines.back(), "sorted=1");
}

WATCHING(JumpsOutOfACallEndIt) {
  load_watched(R"(
    int sigsetjmp(long*, int); void siglongjmp(long*, int);
    #define KEEP __attribute__((noinline))
    long buffer[64];
    KEEP long leap(long x, long) { asm volatile(""); if (x) siglongjmp(buffer, (int)x); return 1; }
    KEEP long middle(long x, long) { asm volatile(""); return leap(x, 0) + 1; }
    KEEP long outer(long x, long) { asm volatile(""); long got = sigsetjmp(buffer, 1); return got ? got * 10 : middle(x, 0); }
    long work(long x) { return outer(x, 0) + 1; }
  )",
               {"leap", "middle", "outer"}, "-O0");
  EXPECT_EQ(value("work", {4}), 41U);
  EXPECT_THAT(seen.take(), ElementsAre("outer(4,0)", "middle(4,0)", "leap(4,0)", "outer=40"));
  EXPECT_EQ(value("work", {0}), 3U);
  EXPECT_THAT(seen.take(), ElementsAre("outer(0,0)", "middle(0,0)", "leap(0,0)", "leap=1",
                                       "middle=2", "outer=2"));
}

WATCHING(ThreadsAreSeenApart) {
  load_watched(R"(
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*);
    int pthread_join(unsigned long, void**);
    #define KEEP __attribute__((noinline))
    KEEP long sum(long n, long who) { if (n == 0) return who; long r = sum(n - 1, who); asm volatile("" : "+r"(r)); return n + r; }
    void* work(void* who) { long all = 0; for (int i = 0; i < 100; ++i) all += sum(5, (long)who); return (void*)all; }
    long run() {
      unsigned long t[4]; void* r; long all = 0;
      for (long i = 0; i < 4; ++i) if (pthread_create(&t[i], 0, work, (void*)i)) return -1;
      for (int i = 0; i < 4; ++i) { pthread_join(t[i], &r); all += (long)r; }
      return all;
    }
  )",
               {"sum"});
  EXPECT_EQ(value("run"), 100U * (4 * 15 + 0 + 1 + 2 + 3));
  ASSERT_EQ(seen.lines.size(), 4U);
  for (const auto& [thread, lines] : seen.lines) {
    ASSERT_EQ(lines.size(), 1200U);
    const std::string who = lines[0].substr(lines[0].find(','));
    for (std::size_t i = 0; i < lines.size(); i += 12) {
      EXPECT_EQ(lines[i], "sum(5" + who);
      EXPECT_EQ(lines[i + 5], "sum(0" + who);
      EXPECT_EQ(lines[i + 11].substr(0, 4), "sum=");
    }
  }
}

WATCHING(AFunctionThatRunsCanBeWatched) {
  load_watched(R"(
    volatile long go = 1, turns;
    __attribute__((noinline)) long step(long x, long) { asm volatile(""); return x + 1; }
    long forever(long n) { while (go) turns = step(n, 0); return turns; }
    void stop() { go = 0; }
    long counted() { return turns; }
  )",
               {});
  std::uint64_t result = 0;
  std::thread runner([&] {
    result = value("forever", {6});
    guest->machine().engine.leave_thread();
  });
  while (value("counted") == 0) std::this_thread::yield();
  const auto step = *guest->loader().find("step");
  const auto forever = *guest->loader().find("forever");
  seen.names = {{step, "step"}, {forever, "forever"}};
  EXPECT_TRUE(guest->machine().engine.watch(forever));
  EXPECT_TRUE(guest->machine().engine.watch(step));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  value("stop");
  runner.join();
  EXPECT_EQ(result, 7U);
  ASSERT_EQ(seen.lines.size(), 1U);
  const auto& lines = seen.lines.begin()->second;
  ASSERT_FALSE(lines.empty());
  ASSERT_EQ(lines.size() % 2, 0U);
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    EXPECT_EQ(lines[i], "step(6,0)");
    EXPECT_EQ(lines[i + 1], "step=7");
  }
}

WATCHING(FaultsEndWatchedCalls) {
  load_watched(R"(
    long fine() { return 7; }
    __attribute__((noinline)) long bad(long* p, long) { return *p; }
    __attribute__((noinline)) long outer(long* p, long) { return bad(p, 0) + 1; }
  )",
               {"bad", "outer"}, "-O0");
  const auto done = call("outer", {16});
  ASSERT_FALSE(done);
  std::string trace;
  for (const std::string& frame : done.error().backtrace) trace += frame + "\n";
  EXPECT_NE(trace.find("(bad"), std::string::npos) << trace;
  EXPECT_NE(trace.find("(outer"), std::string::npos) << trace;
  EXPECT_THAT(seen.take(), ElementsAre("outer(16,0)", "bad(16,0)"));
  expect_fault("bad", {8}, GuestFault::Kind::kMemory, "reads 0x8");
  EXPECT_THAT(seen.take(), ElementsAre("bad(8,0)"));
}

WATCHING(AFaultOfTheWatchedInstructionHasItsPlace) {
  load_watched(R"(
    long fine() { return 7; }
    __attribute__((naked)) long bad(long*) {
    #ifdef __x86_64__
      asm("movq (%rdi), %rax; ret");
    #else
      asm("ldr x0, [x0]; ret");
    #endif
    }
    __attribute__((naked)) void trap() { asm(
    #ifdef __x86_64__
      "ud2"
    #else
      "brk 1"
    #endif
    ); }
  )",
               {"bad", "trap"});
  for (const char* const name : {"bad", "trap"}) {
    const auto done = call(name, {8});
    ASSERT_FALSE(done);
    const std::uint64_t place = *guest->loader().find(name);
    if (native()) {
      EXPECT_EQ(done.error().pc, place) << name;
    }
    ASSERT_FALSE(done.error().backtrace.empty());
    EXPECT_EQ(value("fine"), 7U);
  }
  expect_fault("trap", {}, GuestFault::Kind::kAbort, "breakpoint");
}

WATCHING(TheGuestsOwnBreakpointsStayItsOwn) {
  load_watched(R"(
    struct Action { int flags; void (*handler)(int, char*, char*); unsigned long mask; void* restorer; };
    int sigaction(int, const Action*, Action*);
    long number, caught;
    #if defined(__aarch64__)
      #define STOP "brk 1"
      #define PC(context) (*(long*)(context + 440))
      #define BEHIND 4
    #else
      #define STOP "int3"
      #define PC(context) (*(long*)(context + 168))
      #define BEHIND 0
    #endif
    void skip(int n, char*, char* context) { number = n; ++caught; PC(context) += BEHIND; }
    __attribute__((noinline)) long stops(long x, long) { asm volatile(STOP ::: "memory"); return x + caught; }
    __attribute__((noinline)) long leaf(long x, long) { asm volatile(""); return x; }
    long work(long x) { Action a = {4, skip, 0, 0}; sigaction(5, &a, 0); return stops(x, 0) + leaf(x, 1) + number; }
  )",
               {"stops", "leaf"}, "-O0");
  EXPECT_EQ(value("work", {100}), 206U);
  EXPECT_EQ(value("work", {100}), 207U);
  EXPECT_THAT(seen.take(), ElementsAre("stops(100,0)", "stops=101", "leaf(100,1)", "leaf=100",
                                       "stops(100,0)", "stops=102", "leaf(100,1)", "leaf=100"));
}

WATCHING(StopsEndWatchedCalls) {
  load_watched(R"(
    long fine() { return 7; }
    volatile long go = 1;
    __attribute__((noinline)) long leaf(long x, long) { asm volatile(""); return x; }
    long forever() { while (go) leaf(1, 2); return 0; }
  )",
               {"leaf"});
  for (int round = 0; round < 5; ++round) {
    std::thread watchdog([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      guest->machine().engine.stop("enough");
    });
    const auto done = call("forever");
    watchdog.join();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, GuestFault::Kind::kStopped);
    guest->machine().engine.resume();
    EXPECT_EQ(value("fine"), 7U);
  }
}

WATCHING(RefusesWhereNoCodeIs) {
  load_watched("long data[4] = {1}; long* place() { return data; }", {});
  EXPECT_EQ(guest->machine().engine.watch(value("place")).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(guest->machine().engine.watch(0x10).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(guest->machine().engine.watch(~std::uint64_t{0}).error().code,
            ErrorCode::kInvalidArgument);
}

// C++'s own library for phones, as a published archive has it; nothing where it is not here.
std::optional<Content> cxx_library(const std::string& abi) {
  const auto file = MappedFile::open(std::filesystem::path(DAYLIGHT_PROJECT_DIR) /
                                     "third/download/opencv-4.9.0.aar");
  if (!file) return std::nullopt;
  const auto archive = ZipArchive::open(file->bytes(), "aar");
  if (!archive) return std::nullopt;
  const ZipEntry* const entry = archive->find("jni/" + abi + "/libc++_shared.so");
  if (entry == nullptr) return std::nullopt;
  const auto bytes = archive->read(*entry);
  if (!bytes) return std::nullopt;
  return Content::owned(std::vector<std::uint8_t>(bytes->bytes().begin(), bytes->bytes().end()));
}

WATCHING(ExceptionsUnwindThroughWatchedCalls) {
  const auto runtime = cxx_library(native() ? "x86_64" : "arm64-v8a");
  if (!runtime) GTEST_SKIP() << "the published C++ library is not here";
  const testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "libc++_shared.so").string();
  ASSERT_TRUE(
      write_file_atomic(path, std::string_view(reinterpret_cast<const char*>(runtime->bytes.data()),
                                               runtime->bytes.size())));
  files["libc++_shared.so"] = *runtime;
  load_watched(R"(
    #define KEEP __attribute__((noinline))
    KEEP long thrower(long x, long) { if (x) throw x; return 1; }
    KEEP long middle(long x, long) { return thrower(x, 0) + 1; }
    KEEP long outer(long x, long) { try { return middle(x, 0); } catch (long y) { return y * 10; } }
    long work(long x) { return outer(x, 0) + 1; }
  )",
               {"thrower", "middle", "outer"},
               "-O0 -fexceptions -funwind-tables '-Wl," + path + "'");
  EXPECT_EQ(value("work", {4}), 41U);
  EXPECT_THAT(seen.take(), ElementsAre("outer(4,0)", "middle(4,0)", "thrower(4,0)", "outer=40"));
  EXPECT_EQ(value("work", {0}), 3U);
  EXPECT_THAT(seen.take(), ElementsAre("outer(0,0)", "middle(0,0)", "thrower(0,0)", "thrower=1",
                                       "middle=2", "outer=2"));
}

}  // namespace
}  // namespace dl::guest
