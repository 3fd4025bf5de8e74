// SPDX-License-Identifier: Apache-2.0
// Programs started in a sandbox, and what the probe says of this machine.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "daylight/base/file.h"
#include "daylight/base/sandbox.h"
#include "daylight/base/sandbox_namespaces.h"
#include "daylight/base/sandbox_support.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using dl::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

class SandboxProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const SandboxSupport support = probe_sandbox();
    if (!support.complete()) GTEST_SKIP() << "this machine lacks: " << support.missing();
    for (const char* folder : {"/usr", "/lib", "/lib64", "/bin"}) {
      std::error_code error;
      if (std::filesystem::exists(folder, error)) options_.read_only.emplace_back(folder);
    }
    options_.wall_time = std::chrono::seconds(60);
  }

  // The standard output of a shell script inside.
  std::string output_of(const std::string& script) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "output";
    const int output = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    options_.descriptors = {{output, 1}};
    SandboxProgram program;
    program.arguments = {"/bin/sh", "-c", script};
    program.environment = {"PATH=/usr/bin:/bin", "COLOUR=green"};
    auto sandbox = Sandbox::run_program(options_, program);
    ::close(output);
    if (!sandbox) return describe(sandbox.error());
    char byte = 0;
    while (::recv(sandbox->socket(), &byte, 1, 0) > 0) {
    }
    end_ = sandbox->reap();
    return read_file(file).value_or("");
  }

  SandboxOptions options_;
  SandboxEnd end_;
};

TEST_F(SandboxProgramTest, RunsAndHasItsOwnEnvironmentOnly) {
  EXPECT_EQ(output_of("echo $COLOUR $HOME; exit 3"), "green\n");
  EXPECT_EQ(end_.how, "exit code 3");
  EXPECT_EQ(end_.cause, SandboxCause::kOwn);
}

TEST_F(SandboxProgramTest, SaysWhyItCannotBeStarted) {
  SandboxProgram program;
  program.arguments = {"/usr/bin/no-such-program"};
  auto sandbox = Sandbox::run_program(options_, program);
  ASSERT_TRUE(sandbox) << describe(sandbox.error());
  char byte = 0;
  EXPECT_EQ(::recv(sandbox->socket(), &byte, 1, 0), 0);
  const SandboxEnd end = sandbox->reap();
  EXPECT_EQ(end.how, "exit code 127");
  EXPECT_THAT(end.last_words, HasSubstr("no-such-program: No such file"));
}

TEST_F(SandboxProgramTest, SeesOnlyItsOwnProcesses) {
  options_.proc = true;
  EXPECT_EQ(output_of("set -- /proc/[0-9]*; echo $#"), "2\n");  // the first, and the shell
  EXPECT_EQ(output_of("echo 1 > /proc/sys/kernel/pid_max; echo $?"), "2\n");
  EXPECT_EQ(output_of("cat /proc/1/environ"), "") << "the first process holds the parent's memory";
}

TEST_F(SandboxProgramTest, SeesAnEmptyMachine) {
  EXPECT_EQ(output_of("for f in /dev/null /dev/mem /dev/tty /home /root /etc /tmp /proc /run; do "
                      "[ -e $f ] && echo $f; done; pwd"),
            "/dev/null\n/\n");
  options_.proc = true;
  EXPECT_EQ(output_of("grep -c : /proc/net/dev; grep -c eth /proc/net/dev"), "1\n0\n")
      << "lo alone";
}

TEST_F(SandboxProgramTest, ExecutesCodeOfFilesWithoutACompilersRights) {
  options_.executable_memory = false;
  EXPECT_EQ(output_of("sort --version | head -c 4"), "sort");
}

TEST_F(SandboxProgramTest, ScratchHoldsNoPrograms) {
  const TemporaryFolder scratch;
  options_.scratch = scratch.path();
  const std::string own = scratch.path().string() + "/own";
  output_of("cp /usr/bin/true " + own + " && chmod +x " + own + " && " + own);
  EXPECT_EQ(end_.how, "exit code 126");
  EXPECT_TRUE(std::filesystem::exists(own));
}

TEST_F(SandboxProgramTest, AShellsForkBombIsGoneAfterwards) {
  std::array<int, 2> lifeline{};
  ASSERT_EQ(::pipe2(lifeline.data(), O_CLOEXEC), 0);
  options_.processes = 30;
  options_.wall_time = std::chrono::seconds(2);
  options_.descriptors = {{lifeline[1], 1}};
  SandboxProgram program;
  // At most some 1,000 processes, should the sandbox ever fail to hold it.
  program.arguments = {"/bin/sh", "-c",
                       "bomb() { [ $1 -gt 0 ] && { bomb $(($1 - 1)) | bomb $(($1 - 1)) & }; "
                       "sleep 20; }; bomb 9"};
  auto sandbox = Sandbox::run_program(options_, program);
  ASSERT_TRUE(sandbox) << describe(sandbox.error());
  ::close(lifeline[1]);
  char byte = 0;
  while (::recv(sandbox->socket(), &byte, 1, 0) > 0) {
  }
  const SandboxEnd end = sandbox->reap();
  EXPECT_FALSE(end.ok);
  EXPECT_EQ(::read(lifeline[0], &byte, 1), 0) << "nobody holds the pipe any more";
  ::close(lifeline[0]);
}

TEST(SandboxSupport, EveryPartIsJudgedWithWords) {
  const SandboxSupport support = probe_sandbox();
  ASSERT_EQ(support.parts.size(), 6U);
  for (const SandboxPartSupport& part : support.parts) {
    EXPECT_FALSE(part.name.empty());
    EXPECT_TRUE(part.works || !part.details.empty()) << part.name;
    EXPECT_EQ(support.works(part.part), part.works);
    EXPECT_EQ(support.missing().find(part.name) == std::string::npos, part.works);
  }
  EXPECT_EQ(support.complete(), support.missing().empty());
}

// On a machine that forbids namespaces: the refusal says so, and how to go on without.
TEST_F(SandboxProgramTest, WhereAPartIsMissingAppCodeIsRefused) {
  auto machine = ChildProcess::start([](int socket) {
    const auto say = [socket](const std::string& text) {
      static_cast<void>(send_frame(socket, text));
    };
    const auto entered = enter_namespaces(0);
    const int setting = ::open("/proc/sys/user/max_user_namespaces", O_WRONLY);
    if (!entered || ::write(setting, "0", 1) != 1) return say("no such machine");
    const auto refused = Sandbox::start({}, [](int) {});
    say(refused ? "started" : describe(refused.error()));
    say(probe_sandbox().missing());
    SandboxOptions unsafe;
    unsafe.without_missing_parts = true;
    auto bare = Sandbox::start(unsafe, [](int) {
      if (::fork() == 0) {
        while (true) ::pause();  // must not outlive the body here either
      }
      ::_exit(::open("/etc/passwd", O_RDONLY) < 0 ? 5 : 6);
    });
    if (!bare) return say(describe(bare.error()));
    char byte = 0;
    while (::recv(bare->socket(), &byte, 1, 0) > 0) {
    }
    say(bare->reap().how);
  });
  ASSERT_TRUE(machine) << describe(machine.error());
  const auto refusal = receive_frame(machine->socket()).value_or("");
  EXPECT_THAT(refusal, HasSubstr("user.max_user_namespaces is 0"));
  EXPECT_THAT(refusal, HasSubstr("--unsafe-no-sandbox"));
  const auto missing = receive_frame(machine->socket()).value_or("");
  EXPECT_THAT(missing, HasSubstr("namespaces (the system setting"));
  EXPECT_THAT(missing, HasSubstr("own root (the system setting"));
  EXPECT_THAT(missing, Not(HasSubstr("seccomp")));
  // Landlock and seccomp still hold.
  EXPECT_EQ(receive_frame(machine->socket()).value_or(""), "exit code 5");
}

}  // namespace
}  // namespace dl
