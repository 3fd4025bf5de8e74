// SPDX-License-Identifier: Apache-2.0
// Code that fills the machine, never ends, or stays behind: it is ended, told why, and nothing of
// it is left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <vector>

#include "sandbox_fixture.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using dl::testing::kMegabyte;
using dl::testing::Lifeline;
using dl::testing::SandboxTest;
using dl::testing::TemporaryFolder;
using std::chrono::milliseconds;

class SandboxLimitsTest : public SandboxTest {};

TEST_F(SandboxLimitsTest, AMemoryHogIsKilledWithTheReason) {
  options_.resident_bytes = 200 * kMegabyte;
  const SandboxEnd end = end_of([](int) {
    for (int i = 0; i < 400; ++i) {
      void* piece = ::mmap(nullptr, 4 * kMegabyte, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      std::memset(piece, 1, 4 * kMegabyte);
      ::usleep(2000);
    }
  });
  EXPECT_EQ(end.how, "killed: more than 200 MB resident");
  EXPECT_EQ(end.cause, SandboxCause::kResident);
  EXPECT_GT(end.peak_resident_bytes, 200 * kMegabyte);
}

TEST_F(SandboxLimitsTest, ManySmallHogsAreOne) {
  options_.resident_bytes = 200 * kMegabyte;
  const SandboxEnd end = end_of([](int) {
    for (int i = 0; i < 8; ++i) {
      if (::fork() != 0) continue;
      void* piece = ::mmap(nullptr, 60 * kMegabyte, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      std::memset(piece, 1, 60 * kMegabyte);
      while (true) ::pause();
    }
    while (true) ::pause();
  });
  EXPECT_EQ(end.cause, SandboxCause::kResident) << end.how;
}

// Memory in files that no process maps would be nobody's.
TEST_F(SandboxLimitsTest, MemoryCannotHideInFiles) {
  EXPECT_EQ(outcome([] { return ::memfd_create("hidden", 0); }), "EPERM");
  EXPECT_EQ(outcome([] { return ::syscall(SYS_shmget, 0, kMegabyte, 01600); }), "EPERM");
}

TEST_F(SandboxLimitsTest, DataIsBounded) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "not limited under AddressSanitizer, whose shadow memory would count";
#endif
  options_.data_bytes = 256 * kMegabyte;
  EXPECT_EQ(outcome([] {
              void* memory = ::mmap(nullptr, 512 * kMegabyte, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return memory == MAP_FAILED ? -1L : 0L;
            }),
            "ENOMEM");
  // Addresses alone cost nothing: arenas reserve them.
  EXPECT_EQ(outcome([] {
              void* memory = ::mmap(nullptr, std::size_t{64} << 30, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
              return memory == MAP_FAILED ? -1L : 0L;
            }),
            "allowed");
}

TEST_F(SandboxLimitsTest, TheScratchFolderIsBounded) {
  const TemporaryFolder scratch;
  options_.scratch = scratch.path();
  options_.scratch_bytes = 8 * kMegabyte;
  const std::string base = scratch.path().string();
  const SandboxEnd end = end_of([&base](int) {
    const std::string piece(kMegabyte, 'x');
    ::mkdir((base + "/deep").c_str(), 0700);
    for (int i = 0; i < 16; ++i) {
      const std::string path = base + "/deep/" + std::to_string(i);
      const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY, 0600);
      static_cast<void>(::write(fd, piece.data(), piece.size()));
      ::close(fd);
    }
    while (true) ::pause();
  });
  EXPECT_EQ(end.how, "killed: more than 8 MB in its scratch folder");
  EXPECT_EQ(end.cause, SandboxCause::kScratch);
}

TEST_F(SandboxLimitsTest, AnEndlessLoopIsKilled) {
  options_.wall_time = milliseconds(300);
  const SandboxEnd end = end_of([](int socket) {
    ::close(socket);
    while (true) asm volatile("");
  });
  EXPECT_EQ(end.how, "killed: longer than 0.3 s");
  EXPECT_EQ(end.cause, SandboxCause::kWallTime);
}

TEST_F(SandboxLimitsTest, ProcessorTimeIsBounded) {
  options_.processor_time = milliseconds(1000);
  const SandboxEnd end = end_of([](int) {
    std::signal(SIGXCPU, SIG_IGN);
    while (true) asm volatile("");
  });
  EXPECT_EQ(end.how, "killed: more than 1 s of processor time");
  EXPECT_EQ(end.cause, SandboxCause::kProcessorTime);
}

TEST_F(SandboxLimitsTest, AForkBombIsBoundedAndGoneAfterwards) {
  options_.processes = 40;
  options_.wall_time = std::chrono::seconds(3);
  const Lifeline lifeline;
  options_.descriptors = {{lifeline.ends[1], 6}};
  // The bomb ends by itself, should the sandbox ever fail to hold it.
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* forks = new (shared) std::atomic<int>(0);
  auto sandbox = Sandbox::start(options_, [forks](int socket) {
    ::close(socket);
    while (forks->load() < 3000) {
      if (::fork() < 0) {
        ::usleep(1000);
      } else {
        ++*forks;
      }
    }
    ::sleep(20);
  });
  ASSERT_TRUE(sandbox) << describe(sandbox.error());
  lifeline.give_away();
  EXPECT_FALSE(lifeline.everyone_is_gone());
  wait_for_close(sandbox->socket());
  const SandboxEnd end = sandbox->reap();
  EXPECT_TRUE(lifeline.everyone_is_gone());
  EXPECT_TRUE(end.cause == SandboxCause::kProcesses || end.cause == SandboxCause::kWallTime)
      << end.how;
  // At the worst, what can be forked between two looks, and what the kernel's own limit allows.
  EXPECT_LE(end.peak_processes, 360U);
}

TEST_F(SandboxLimitsTest, WhoStaysBehindDiesWithTheBody) {
  const Lifeline lifeline;
  options_.descriptors = {{lifeline.ends[1], 6}};
  auto sandbox = Sandbox::start(options_, [](int) {
    if (::fork() != 0) return;
    ::setsid();
    std::signal(SIGHUP, SIG_IGN);
    if (::fork() != 0) ::_exit(0);
    while (true) ::pause();
  });
  ASSERT_TRUE(sandbox) << describe(sandbox.error());
  lifeline.give_away();
  wait_for_close(sandbox->socket());
  EXPECT_TRUE(sandbox->reap().ok);
  EXPECT_TRUE(lifeline.everyone_is_gone());
}

TEST_F(SandboxLimitsTest, ItDiesWithItsOwnerAndWithItsParent) {
  const Lifeline lifeline;
  options_.descriptors = {{lifeline.ends[1], 6}};
  const auto forever = [](int) {
    while (true) ::pause();
  };
  {
    auto sandbox = Sandbox::start(options_, forever);
    ASSERT_TRUE(sandbox) << describe(sandbox.error());
    const SandboxEnd end = sandbox->reap();
    EXPECT_EQ(end.cause, SandboxCause::kDismissed) << end.how;
  }
  // A parent that is killed cannot clean up.
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto sandbox = Sandbox::start(options_, forever);
    ::raise(SIGKILL);
    ::_exit(sandbox ? 0 : 1);
  }
  lifeline.give_away();
  int status = 0;
  ::waitpid(owner, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  for (int i = 0; i < 500 && !lifeline.everyone_is_gone(); ++i) ::usleep(10'000);
  EXPECT_TRUE(lifeline.everyone_is_gone());
}

TEST_F(SandboxLimitsTest, ManyAtOnce) {
  std::vector<Sandbox> sandboxes;
  for (int i = 0; i < 8; ++i) {
    auto sandbox = Sandbox::start(
        options_, [i](int socket) { static_cast<void>(send_frame(socket, std::to_string(i))); });
    ASSERT_TRUE(sandbox) << describe(sandbox.error());
    sandboxes.push_back(std::move(*sandbox));
  }
  for (int i = 0; i < 8; ++i) {
    Sandbox& sandbox = sandboxes[static_cast<std::size_t>(i)];
    EXPECT_EQ(receive_frame(sandbox.socket()).value_or(""), std::to_string(i));
    wait_for_close(sandbox.socket());
    EXPECT_TRUE(sandbox.reap().ok);
  }
}

}  // namespace
}  // namespace dl
