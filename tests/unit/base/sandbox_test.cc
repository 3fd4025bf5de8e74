// SPDX-License-Identifier: Apache-2.0
// Code that tries to get out of a sandbox, to fill the machine, or to stay: what it reaches, how
// its end is told, and that nothing is left.
#include "daylight/base/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "daylight/base/file.h"
#include "daylight/base/sandbox_landlock.h"
#include "daylight/base/sandbox_support.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using dl::testing::TemporaryFolder;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint64_t kMegabyte = 1 << 20;

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const SandboxSupport support = probe_sandbox();
    if (!support.complete()) GTEST_SKIP() << "this machine lacks: " << support.missing();
    options_.wall_time = std::chrono::seconds(60);
  }

  // Runs a body that says one thing; its answer and its end.
  std::string answer(const std::function<std::string()>& question) {
    auto sandbox = Sandbox::start(
        options_, [&question](int socket) { static_cast<void>(send_frame(socket, question())); });
    if (!sandbox) return "not started: " + describe(sandbox.error());
    const auto said = receive_frame(sandbox->socket());
    wait_for_close(sandbox->socket());
    end_ = sandbox->reap();
    return said ? *said : "no answer: " + end_.how + " " + end_.last_words;
  }

  // errno of a call inside, in words; "" when it succeeds.
  std::string outcome(const std::function<long()>& call) {
    return answer([&call] {
      errno = 0;
      return std::string(call() >= 0 ? "allowed" : ::strerrorname_np(errno));
    });
  }

  // How a body ends that never says anything.
  SandboxEnd end_of(const std::function<void(int)>& body) {
    auto sandbox = Sandbox::start(options_, body);
    if (!sandbox) {
      ADD_FAILURE() << describe(sandbox.error());
      return {};
    }
    wait_for_close(sandbox->socket());
    return sandbox->reap();
  }

  static void wait_for_close(int socket) {
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
  }

  SandboxOptions options_;
  SandboxEnd end_;
};

// A pipe whose writing end is given to a sandbox: it reads as closed once nobody inside is left.
struct Lifeline {
  Lifeline() { static_cast<void>(::pipe2(ends.data(), O_CLOEXEC)); }
  ~Lifeline() { ::close(ends[0]); }
  void give_away() const { ::close(ends[1]); }
  bool everyone_is_gone() const {
    pollfd waiting = {ends[0], POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLHUP) != 0;
  }
  std::array<int, 2> ends{};
};

// --- A quiet life.

TEST_F(SandboxTest, HonestCodeWorks) {
  EXPECT_EQ(answer([] {
              std::vector<int> numbers(100'000, 2);
              std::atomic<int> sum = 0;
              std::thread other([&] {
                for (const int n : numbers) sum += n;
              });
              other.join();
              return std::to_string(sum.load());
            }),
            "200000");
  EXPECT_TRUE(end_.ok) << end_.how;
  EXPECT_EQ(end_.cause, SandboxCause::kOwn);
}

TEST_F(SandboxTest, EndsAreTold) {
  EXPECT_EQ(end_of([](int) { ::_exit(7); }).how, "exit code 7");
  const SandboxEnd fault = end_of([](int) {
    std::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  });
  EXPECT_EQ(fault.how, "SIGSEGV");
  EXPECT_FALSE(fault.ok);
  const SandboxEnd words = end_of([](int) { throw std::runtime_error("no such model"); });
  EXPECT_THAT(words.last_words, HasSubstr("no such model"));
}

TEST_F(SandboxTest, IsTheFirstUserOfItsOwnMachine) {
  EXPECT_EQ(answer([] {
              std::array<char, 64> name{};
              ::gethostname(name.data(), name.size());
              return std::string(name.data()) + " " + std::to_string(::getuid());
            }),
            "sandbox 10000");
}

// --- Files.

TEST_F(SandboxTest, UnlistedFilesDoNotExist) {
  EXPECT_EQ(outcome([] { return ::open("/etc/passwd", O_RDONLY); }), "ENOENT");
  const char* home = std::getenv("HOME");
  const std::string folder = home != nullptr ? home : "/root";
  EXPECT_EQ(outcome([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY); }), "ENOENT");
  EXPECT_EQ(outcome([] { return ::open("/proc/self/maps", O_RDONLY); }), "ENOENT");
  EXPECT_EQ(outcome([] { return ::open("/../../etc/passwd", O_RDONLY); }), "ENOENT");
}

TEST_F(SandboxTest, ListedFilesAreReadOnly) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "model";
  std::ofstream(file) << "weights";
  ::chmod(file.c_str(), 0666);
  const auto unlisted = folder.path() / "unlisted";
  std::ofstream(unlisted) << "other";
  options_.read_only = {file};
  EXPECT_EQ(answer([&] { return read_file(file).value_or("unreadable"); }), "weights");
  EXPECT_EQ(outcome([&] { return ::open(unlisted.c_str(), O_RDONLY); }), "ENOENT");
  EXPECT_NE(outcome([&] { return ::open(file.c_str(), O_WRONLY); }), "allowed");
  EXPECT_NE(outcome([&] { return ::truncate(file.c_str(), 0); }), "allowed");
  EXPECT_NE(outcome([&] { return ::chmod(file.c_str(), 0777); }), "allowed");
  EXPECT_NE(outcome([&] { return ::unlink(file.c_str()); }), "allowed");
  EXPECT_NE(outcome([&] { return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0); }), "allowed");
  EXPECT_EQ(read_file(file).value_or(""), "weights");
  struct stat status {};
  ::stat(file.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0666U);
}

// As root, too: neither a new file, nor one that is there and belongs to who started it.
TEST_F(SandboxTest, NothingOutsideCanBeWritten) {
  const TemporaryFolder folder;
  const auto mine = folder.path() / "mine";
  std::ofstream(mine) << "before";
  for (const std::string& place :
       {folder.path().string() + "/new", mine.string(), std::string("/tmp/daylight-escape"),
        std::string("/daylight-escape"), std::string("/dev/daylight-escape")}) {
    EXPECT_NE(outcome([&] { return ::open(place.c_str(), O_CREAT | O_WRONLY, 0600); }), "allowed")
        << place;
  }
  EXPECT_EQ(read_file(mine).value_or(""), "before");
  std::error_code error;
  EXPECT_FALSE(std::filesystem::exists("/tmp/daylight-escape", error));
  EXPECT_FALSE(std::filesystem::exists("/daylight-escape", error));
}

TEST_F(SandboxTest, ScratchIsWritableAndStaysInside) {
  const TemporaryFolder folder;
  const auto scratch = folder.path() / "scratch";
  std::filesystem::create_directory(scratch);
  const auto outside = folder.path() / "outside";
  std::ofstream(outside) << "untouched";
  options_.scratch = scratch;
  const std::string base = scratch.string();
  EXPECT_EQ(outcome([&] {
              ::mkdir((base + "/deep").c_str(), 0700);
              const int fd = ::open((base + "/deep/file").c_str(), O_CREAT | O_RDWR, 0600);
              return ::write(fd, "kept", 4);
            }),
            "allowed");
  EXPECT_EQ(read_file(scratch / "deep" / "file").value_or(""), "kept");
  // Ways out: a link, the parent folder, a program, a device.
  EXPECT_EQ(outcome([&] {
              static_cast<void>(::symlink(outside.c_str(), (base + "/link").c_str()));
              return ::open((base + "/link").c_str(), O_WRONLY);
            }),
            "ENOENT");
  EXPECT_EQ(outcome([&] { return ::open((base + "/../outside").c_str(), O_WRONLY); }), "ENOENT");
  EXPECT_NE(outcome([&] { return ::mknod((base + "/disk").c_str(), S_IFBLK | 0600, 0x800); }),
            "allowed");
  EXPECT_EQ(read_file(outside).value_or(""), "untouched");
}

TEST_F(SandboxTest, AbsentPathsAreRefusedByName) {
  options_.read_only = {"/no/such/file"};
  const auto sandbox = Sandbox::start(options_, [](int) {});
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(sandbox.error().where, "/no/such/file");
}

TEST_F(SandboxTest, FilesAreBounded) {
  const TemporaryFolder scratch;
  options_.scratch = scratch.path();
  options_.file_bytes = kMegabyte;
  const std::string path = (scratch.path() / "large").string();
  EXPECT_EQ(outcome([&] {
              const int fd = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);
              return ::ftruncate(fd, 2 * kMegabyte);
            }),
            "EFBIG");
}

TEST_F(SandboxTest, DescriptorsOfTheParentAreClosed) {
  const int file = ::fcntl(0, F_DUPFD, 30);
  EXPECT_EQ(outcome([&] { return ::fcntl(file, F_GETFD); }), "EBADF");
  ::close(file);
  EXPECT_EQ(answer([] {
              int open = 0;
              for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
              return std::to_string(open);
            }),
            "4");
}

// --- The network.

TEST_F(SandboxTest, NoSocketButLocalOnes) {
  EXPECT_EQ(outcome([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), "EAFNOSUPPORT");
  EXPECT_EQ(outcome([] { return ::socket(AF_INET6, SOCK_DGRAM, 0); }), "EAFNOSUPPORT");
  EXPECT_EQ(outcome([] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }), "EAFNOSUPPORT");
  EXPECT_EQ(outcome([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), "allowed");
  options_.local_sockets = false;
  EXPECT_EQ(outcome([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), "EAFNOSUPPORT");
}

// Even with a socket that the parent made, in the machine's own network.
TEST_F(SandboxTest, LoopbackIsOutOfReach) {
  if (landlock_version() < 4) GTEST_SKIP() << "Landlock here knows no TCP ports";
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, plain, size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ASSERT_EQ(::getsockname(listener, plain, &size), 0);
  const int given = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  options_.descriptors = {{given, 5}};
  EXPECT_EQ(outcome([&] { return ::connect(5, plain, size); }), "EACCES");
  EXPECT_EQ(::connect(given, plain, size), 0) << "the socket itself works";
  ::close(given);
  ::close(listener);
}

TEST_F(SandboxTest, SocketsOfTheMachineAreOutOfReach) {
  const TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder.path() / "socket").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, plain, sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  const auto connect = [&] {
    return ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), plain, sizeof address);
  };
  EXPECT_EQ(outcome(connect), "ENOENT");
  EXPECT_EQ(connect(), 0);
  ::close(listener);
}

// --- Other processes.

TEST_F(SandboxTest, OtherProcessesCannotBeSignalled) {
  const pid_t parent = ::getpid();
  EXPECT_EQ(outcome([parent] { return ::kill(parent, 0); }), "ESRCH");
  // Everyone that it may signal: itself alone. The first process inside is out of reach.
  EXPECT_EQ(outcome([] { return ::kill(-1, SIGKILL); }), "ESRCH");
  const SandboxEnd end = end_of([](int) {
    ::kill(1, SIGKILL);
    ::usleep(50'000);
    ::_exit(9);
  });
  EXPECT_EQ(end.how, "exit code 9");
}

TEST_F(SandboxTest, AttacksKillAndAreNamed) {
  const pid_t parent = ::getpid();
  const std::vector<std::pair<std::string, std::function<void()>>> attacks = {
      {"ptrace", [parent] { ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }},
      {"process_vm_readv",
       [parent] {
         char byte = 0;
         iovec here = {&byte, 1};
         iovec there = {&byte, 1};
         ::process_vm_readv(parent, &here, 1, &there, 1, 0);
       }},
      {"mount", [] { ::mount("none", "/", "tmpfs", 0, nullptr); }},
      {"unshare", [] { ::unshare(CLONE_NEWUSER); }},
      {"setns", [] { ::setns(0, 0); }},
      {"clone",
       [] { ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
      {"keyctl", [] { ::syscall(SYS_keyctl, 0, 0, 0); }},
      {"bpf", [] { ::syscall(SYS_bpf, 0, nullptr, 0); }},
      {"perf_event_open", [] { ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
      {"io_uring_setup", [] { ::syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"userfaultfd", [] { ::syscall(SYS_userfaultfd, 0); }},
      {"kexec_load", [] { ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
      {"chroot", [] { static_cast<void>(::chroot("/")); }},
  };
  for (const auto& [name, attack] : attacks) {
    const SandboxEnd end = end_of([call = attack](int) { call(); });
    EXPECT_EQ(end.how, "killed: forbidden system call " + name);
    EXPECT_EQ(end.cause, SandboxCause::kForbiddenCall);
    EXPECT_FALSE(end.ok);
  }
}

TEST_F(SandboxTest, AttacksCanBeRefusedInstead) {
  options_.kill_on_attack = false;
  EXPECT_EQ(outcome([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), "EPERM");
  EXPECT_EQ(outcome([] { return ::unshare(CLONE_NEWUSER); }), "EPERM");
}

TEST_F(SandboxTest, UnknownCallsFailAsOnAnOlderKernel) {
  EXPECT_EQ(outcome([] { return ::syscall(9999); }), "ENOSYS");
  EXPECT_EQ(outcome([] { return ::syscall(SYS_clone3, nullptr, 0); }), "ENOSYS");
}

#if defined(__x86_64__)
TEST_F(SandboxTest, TheOldCallGateKills) {
  const SandboxEnd end = end_of([](int) {
    long number = 20;  // getpid of i386
    asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
  });
  EXPECT_FALSE(end.ok);
  EXPECT_EQ(end.cause, SandboxCause::kForbiddenCall) << end.how;
}
#endif

TEST_F(SandboxTest, RightsCannotBeGained) {
  EXPECT_EQ(outcome([] { return ::setuid(0); }), "EPERM");
  EXPECT_EQ(outcome([] { return ::chown("/", 0, 0); }), "EPERM");
  EXPECT_EQ(outcome([] {
              const rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
              return ::setrlimit(RLIMIT_NOFILE, &more);
            }),
            "EPERM");
}

// --- Programs and executable memory.

TEST_F(SandboxTest, ProgramsStartOnlyWhereAllowed) {
  options_.read_only = {"/usr", "/lib64", "/lib"};
  options_.read_only.erase(
      std::remove_if(options_.read_only.begin(), options_.read_only.end(),
                     [](const auto& path) { return !std::filesystem::exists(path); }),
      options_.read_only.end());
  const auto run = [] {
    std::array<char*, 2> arguments = {const_cast<char*>("/usr/bin/true"), nullptr};
    return static_cast<long>(::execve(arguments[0], arguments.data(), arguments.data() + 1));
  };
  EXPECT_EQ(outcome(run), "EPERM");
  const TemporaryFolder scratch;
  options_.scratch = scratch.path();
  options_.start_programs = true;
  options_.executable_memory = true;
  // A program of its own making: written, made executable, and still refused.
  const std::string own = (scratch.path() / "own").string();
  EXPECT_EQ(outcome([&own] {
              std::ifstream from("/usr/bin/true", std::ios::binary);
              std::ofstream(own, std::ios::binary) << from.rdbuf();
              ::chmod(own.c_str(), 0700);
              std::array<char*, 2> arguments = {const_cast<char*>(own.c_str()), nullptr};
              return ::execve(own.c_str(), arguments.data(), arguments.data() + 1);
            }),
            "EACCES");
  EXPECT_EQ(std::filesystem::file_size(own), std::filesystem::file_size("/usr/bin/true"));
}

TEST_F(SandboxTest, ExecutableMemoryIsForCompilersOnly) {
  const auto map = [](int protection) {
    return [protection] {
      void* memory = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      return memory == MAP_FAILED ? -1L : 0L;
    };
  };
  const auto turn = [] {
    void* memory =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return static_cast<long>(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
  };
  EXPECT_EQ(outcome(map(PROT_READ | PROT_WRITE)), "allowed");
  EXPECT_NE(outcome(map(PROT_READ | PROT_EXEC)), "allowed");
  EXPECT_NE(outcome(turn), "allowed");
  options_.executable_memory = true;
  EXPECT_EQ(outcome(map(PROT_READ | PROT_WRITE | PROT_EXEC)), "allowed");
  EXPECT_EQ(outcome(turn), "allowed");
}

// --- Too much of everything.

TEST_F(SandboxTest, AMemoryHogIsKilledWithTheReason) {
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

TEST_F(SandboxTest, ManySmallHogsAreOne) {
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
TEST_F(SandboxTest, MemoryCannotHideInFiles) {
  EXPECT_EQ(outcome([] { return ::memfd_create("hidden", 0); }), "EPERM");
  EXPECT_EQ(outcome([] { return ::syscall(SYS_shmget, 0, kMegabyte, 01600); }), "EPERM");
}

TEST_F(SandboxTest, DataIsBounded) {
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

TEST_F(SandboxTest, TheScratchFolderIsBounded) {
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

TEST_F(SandboxTest, AnEndlessLoopIsKilled) {
  options_.wall_time = milliseconds(300);
  const SandboxEnd end = end_of([](int socket) {
    ::close(socket);
    while (true) asm volatile("");
  });
  EXPECT_EQ(end.how, "killed: longer than 0.3 s");
  EXPECT_EQ(end.cause, SandboxCause::kWallTime);
}

TEST_F(SandboxTest, ProcessorTimeIsBounded) {
  options_.processor_time = milliseconds(1000);
  const SandboxEnd end = end_of([](int) {
    std::signal(SIGXCPU, SIG_IGN);
    while (true) asm volatile("");
  });
  EXPECT_EQ(end.how, "killed: more than 1 s of processor time");
  EXPECT_EQ(end.cause, SandboxCause::kProcessorTime);
}

TEST_F(SandboxTest, AForkBombIsBoundedAndGoneAfterwards) {
  options_.processes = 40;
  options_.wall_time = std::chrono::seconds(3);
  const Lifeline lifeline;
  options_.descriptors = {{lifeline.ends[1], 6}};
  auto sandbox = Sandbox::start(options_, [](int socket) {
    ::close(socket);
    while (true) {
      if (::fork() < 0) ::usleep(1000);
    }
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

TEST_F(SandboxTest, WhoStaysBehindDiesWithTheBody) {
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

TEST_F(SandboxTest, ItDiesWithItsOwnerAndWithItsParent) {
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

TEST_F(SandboxTest, ManyAtOnce) {
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
