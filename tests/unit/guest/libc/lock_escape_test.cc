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
  mount_app_folders(program->guest->machine(), {{}, {}, folder.path() / "changes"}, "org.example");
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

}  // namespace
}  // namespace dl::guest
