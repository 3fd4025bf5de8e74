// SPDX-License-Identifier: Apache-2.0
// Tests that hold for every engine: one body, run on the arm64 engine and on the host engine.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "guest_fixture.h"

namespace dl::guest {

// The host engine runs the library's code in this process with nothing in between: its cases run in
// a child of their own, whose failures are this test's.
class EachEngine : public GuestFixture, public ::testing::WithParamInterface<ElfMachine> {
 protected:
  virtual void body() = 0;

  bool native() const { return machine == ElfMachine::kX86_64; }

  void run() {
    machine = GetParam();
    if (!native()) return body();
    std::fflush(nullptr);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      body();
      guest.reset();
      std::fflush(nullptr);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "the child ends by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the messages of the child stand above";
  }

  void expect_fault(const std::string& name, std::initializer_list<std::uint64_t> arguments,
                    GuestFault::Kind kind, const std::string& words) {
    const auto done = call(name, arguments);
    ASSERT_FALSE(done) << name << " returns";
    EXPECT_EQ(done.error().kind, kind) << name_of(done.error().kind) << ": " << done.error().what;
    EXPECT_NE(done.error().what.find(words), std::string::npos) << done.error().what;
    // The guest can still be used.
    EXPECT_EQ(value("fine"), 7U);
  }
};

inline std::string name_of_engine(const ::testing::TestParamInfo<ElfMachine>& info) {
  return info.param == ElfMachine::kArm64 ? "arm64" : "host";
}

}  // namespace dl::guest

// EACH_ENGINE(Name) { ... }; EACH_ENGINE_OF(Base, Name) for what derives from EachEngine.
#define EACH_ENGINE(Name) EACH_ENGINE_OF(EachEngine, Name)
#define EACH_ENGINE_OF(Base, Name)                                                               \
  class Name : public Base {                                                                     \
   protected:                                                                                    \
    void body() override;                                                                        \
  };                                                                                             \
  TEST_P(Name, Holds) { run(); }                                                                 \
  INSTANTIATE_TEST_SUITE_P(                                                                      \
      Engine, Name, ::testing::Values(ElfMachine::kArm64, ElfMachine::kX86_64), name_of_engine); \
  void Name::body()
