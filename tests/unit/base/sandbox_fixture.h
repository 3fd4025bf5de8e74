// SPDX-License-Identifier: Apache-2.0
// Bodies in a sandbox as tests ask them; skips where the machine lacks a part.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "daylight/base/sandbox.h"
#include "daylight/base/sandbox_support.h"

namespace dl::testing {

inline constexpr std::uint64_t kMegabyte = 1 << 20;

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

}  // namespace dl::testing
