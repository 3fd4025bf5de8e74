// SPDX-License-Identifier: Apache-2.0
// A guest that takes memory away while functions of ours use it: what they had locked works on.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "daylight/guest/libc/app_folders.h"
#include "daylight/guest/memory/memory_escape.h"
#include "guest_program.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

// Whether a thread other than the one that calls can take the mutex.
template <typename Mutex>
bool is_free(Mutex& mutex) {
  return std::async(std::launch::async,
                    [&] {
                      if (!mutex.try_lock()) return false;
                      mutex.unlock();
                      return true;
                    })
      .get();
}

TEST(EscapeLockTest, IsGivenBackByTheBodyThatTookIt) {
  std::recursive_mutex outer;
  std::mutex inner;
  {
    const EscapeLock held(outer);
    const auto left = with_memory_escape([&] {
      const EscapeLock again(outer);
      const EscapeLock other(inner);
      const auto deepest = with_memory_escape([] { leave_by_memory_escape(1); });
      EXPECT_EQ(deepest, 1U);
      EXPECT_FALSE(is_free(inner));  // only the innermost body was left
      leave_by_memory_escape(2);
    });
    EXPECT_EQ(left, 2U);
    EXPECT_TRUE(is_free(inner));
    EXPECT_FALSE(is_free(outer));
  }
  EXPECT_TRUE(is_free(outer));
}

TEST(EscapeOwnedTest, GoesWithTheBody) {
  const auto value = std::make_shared<int>(1);
  const auto left = with_memory_escape([&] {
    const EscapeOwned held(value);
    EXPECT_EQ(value.use_count(), 2);
    leave_by_memory_escape(3);
  });
  EXPECT_EQ(left, 3U);
  EXPECT_EQ(value.use_count(), 1);
  with_memory_escape([&] { const EscapeOwned held(value); });
  EXPECT_EQ(value.use_count(), 1);
}

constexpr const char* kText = R"(
int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
void* mmap(void*, size_t, int, int, int, long); int munmap(void*, size_t); int mprotect(void*, size_t, int);
void* fopen(const char*, const char*); int fclose(void*); size_t fread(void*, size_t, size_t, void*); size_t fwrite(const void*, size_t, size_t, void*);
char* fgets(char*, int, void*); int fseek(void*, long, int); void arc4random_buf(void*, size_t);
struct zstream { const void* in; unsigned left; unsigned long total; void* out; unsigned room; unsigned long made; const char* message; void* state; void* a; void* f; void* o; int type; unsigned long adler, r; };
int deflateInit_(zstream*, int, const char*, int); int deflate(zstream*, int); int deflateEnd(zstream*);
ssize_t write(int, const void*, size_t);
static char* block; static volatile int stop; static const size_t kSize = 1 << 20;
// The memory comes and goes.
static void* flicker(void*) { while (!stop) { mprotect(block, kSize, 0); for (volatile int i = 0; i < 2000; ++i) {} mprotect(block, kSize, 3); for (volatile int i = 0; i < 2000; ++i) {} } return 0; }
static unsigned long thread;
static void* file; static zstream z; static char made[4096];
int begin(const char* path) { block = (char*)mmap(0, kSize, 3, 0x22, -1, 0); file = fopen(path, "w+"); if (!file) return 1;
  for (int i = 0; i < 64; ++i) fwrite(block, 1, 16384, file);
  stop = 0; return pthread_create(&thread, 0, flicker, 0); }
int end() { stop = 1; pthread_join(thread, 0); mprotect(block, kSize, 3); return 0; }
// Each may end with a fault.
long reads() { fseek(file, 0, 0); return (long)fread(block, 1, kSize, file); }
long writes() { fseek(file, 0, 0); return (long)fwrite(block, 1, kSize, file); }
long lines() { fseek(file, 0, 0); return fgets(block, kSize, file) != 0; }
long draws() { arc4random_buf(block, kSize); return 0; }
long logs() { return write(1, block, kSize); }
long packs() { z = zstream(); if (deflateInit_(&z, 1, "1.2.11", sizeof(z))) return -1; z.in = block; z.left = kSize; z.out = made; z.room = sizeof(made);
  int result = 0; for (int i = 0; i < 1000 && result == 0; ++i) { z.out = made; z.room = sizeof(made); result = deflate(&z, 4); } deflateEnd(&z); return result; }
)";

// As a call that hangs would be noticed: by a thread that does not come back.
class Watchdog {
 public:
  explicit Watchdog(GuestEngine& engine)
      : thread_([this, &engine] {
          if (done_.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready)
            return;
          hung_ = true;
          engine.stop("hangs");
        }) {}
  ~Watchdog() {
    done_.set_value();
    thread_.join();
    EXPECT_FALSE(hung_);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::promise<void> done_;
  bool hung_ = false;
  std::thread thread_;
};

TEST(LockEscapeTest, FunctionsGoOnAfterTheirMemoryWasTakenAway) {
  dl::testing::TemporaryFolder folder;
  DAYLIGHT_GUEST_PROGRAM(program, kText);
  mount_app_folders(program->guest->machine(), {{}, {}, {}, folder.path() / "changes"},
                    "org.example");
  const Watchdog watchdog(program->guest->machine().engine);
  ASSERT_EQ(program->number("begin", {program->put("/data/user/0/org.example/cache/x")}), 0);
  std::size_t faults = 0;
  for (int round = 0; round < 60; ++round) {
    for (const char* const name : {"reads", "writes", "lines", "draws", "logs", "packs"}) {
      const auto done = program->call(name);
      if (done) continue;
      ++faults;
      EXPECT_TRUE(done.error().kind == GuestFault::Kind::kMemory ||
                  done.error().kind == GuestFault::Kind::kArgument)
          << done.error().what;
    }
  }
  EXPECT_GT(faults, 0U);
  ASSERT_EQ(program->number("end"), 0);
  // Everything works as if nothing had been.
  EXPECT_GT(program->number("writes"), 0) << program->last_fault;
  EXPECT_GT(program->number("reads"), 0) << program->last_fault;
  EXPECT_EQ(program->number("draws"), 0) << program->last_fault;
  EXPECT_GT(program->number("logs"), 0) << program->last_fault;
  EXPECT_EQ(program->number("packs"), 1) << program->last_fault;
}

constexpr const char* kLoads = R"(
int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
void* mmap(void*, size_t, int, int, int, long); int munmap(void*, size_t); void* dlopen(const char*, int); void* dlsym(void*, const char*);
static const size_t kSize = (16 << 20) + (1 << 18);
static char* volatile place; static volatile int stop; static unsigned long thread;
// Takes away, page by page, what lies where the next library will.
static void* take(void*) { for (unsigned i = 0; !stop; ++i) if (place) munmap(place + (i * 37u % 4096u) * 4096, 4096); return 0; }
int begin() { return pthread_create(&thread, 0, take, 0); }
int end() { stop = 1; return pthread_join(thread, 0); }
long attempt(const char* name) { char* next = (char*)mmap(0, kSize, 3, 0x22, -1, 0); munmap(next, kSize); place = next; return (long)dlopen(name, 2); }
long again(const char* name) { place = 0; return (long)dlopen(name, 2); }
static void* load_good(void*) { void* good = dlopen("libgood.so", 2); return good ? dlsym(good, "good") : 0; }
int elsewhere() { unsigned long other; void* found = 0; place = 0; if (pthread_create(&other, 0, load_good, 0)) return -1; pthread_join(other, &found); return found ? ((int (*)())found)() : -2; }
)";

// Two libraries of one guest: the loader is told to make them by its own code.
class LoaderEscapeTest : public ::testing::Test {
 protected:
  static constexpr int kAttempts = 8;
  static Content library(const std::string& text) {
    const auto bytes = dl::testing::build_native_library(
        "extern \"C\" {\ntypedef unsigned long size_t;\n" + text + "\n}\n",
        dl::testing::kArm64Android, "-fno-builtin -Wno-incompatible-library-redeclaration");
    EXPECT_TRUE(bytes);
    if (!bytes) return {};
    return Content::owned(std::vector<std::uint8_t>(bytes->begin(), bytes->end()));
  }
  void SetUp() override {
    if (!dl::testing::can_build_native_libraries()) GTEST_SKIP() << "no clang-14 and lld";
    GuestOptions options;
    options.libraries = [main = library(kLoads), good = library("int good() { return 9; }"),
                         big = library("char big[16 << 20] = {1}; int* volatile where[64] = "
                                       "{(int*)big, (int*)(big + 8)}; int fine() { return 1; }")](
                            const std::string& name) -> std::optional<LibraryFile> {
      const Content& content = name == "libmain.so" ? main : name == "libgood.so" ? good : big;
      return LibraryFile{content, {name}, "/data/app/lib/arm64/" + name};
    };
    auto made = Guest::create(options);
    ASSERT_TRUE(made);
    guest = std::move(*made);
    ASSERT_TRUE(guest->load("libmain.so"));
  }
  GuestResult<GuestValue> attempt(const char* function, const std::string& name) {
    return guest->call(function, {guest->machine().new_text(name)});
  }
  std::int64_t number(const char* function) {
    const auto done = guest->call(function, {});
    return done ? static_cast<std::int32_t>(done->integer) : -987'654'321;
  }
  std::unique_ptr<Guest> guest;
};

TEST_F(LoaderEscapeTest, LibrariesWhoseMemoryIsTakenAwayAreNotHandedOut) {
  const Watchdog watchdog(guest->machine().engine);
  ASSERT_EQ(number("begin"), 0);
  std::size_t taken = 0;
  for (int i = 0; i < kAttempts; ++i) {
    const std::string name = "libbig" + std::to_string(i) + ".so";
    const auto done = attempt("attempt", name);
    if (done && done->integer != 0) continue;
    if (!done) {
      EXPECT_EQ(done.error().kind, GuestFault::Kind::kMemory);
      EXPECT_NE(done.error().what.find(name), std::string::npos) << done.error().what;
      ++taken;
    }
    // It is not there, and it stays away.
    EXPECT_EQ(guest->loader().loaded(name), nullptr);
    const auto again = attempt("again", name);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->integer, 0U);
  }
  EXPECT_GT(taken, 0U);
  // Other threads still load libraries.
  EXPECT_EQ(number("elsewhere"), 9);
  EXPECT_EQ(number("end"), 0);
  ASSERT_TRUE(guest->load("libbig.so"));
  EXPECT_EQ(number("fine"), 1);
}

}  // namespace
}  // namespace dl::guest
