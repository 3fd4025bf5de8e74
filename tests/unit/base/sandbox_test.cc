// SPDX-License-Identifier: Apache-2.0
// Code that tries to get out of a sandbox: what it reaches, and how its end is told.
#include "daylight/base/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "daylight/base/file.h"
#include "daylight/base/sandbox_landlock.h"
#include "sandbox_fixture.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using dl::testing::kMegabyte;
using dl::testing::SandboxTest;
using dl::testing::TemporaryFolder;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace dl
