// SPDX-License-Identifier: Apache-2.0
// The talk on stderr: messages, a progress bar on a terminal only, and the user's interrupt.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include "daylight/base/log.h"

namespace dl::cli {

// Exit codes; docs/guide.md lists them for users.
enum ExitCode {
  kDone = 0,
  kRuleBroken = 1,
  kFailed = 2,
  kSomeInputsFailed = 3,
  kRuleUndecided = 4,
  kInterrupted = 130,
};

// Writes to stderr. Thread safe. One per process.
class Terminal final : public LogSink {
 public:
  // `quiet`: only warnings.
  explicit Terminal(bool quiet);
  ~Terminal() override;

  void message(LogLevel level, std::string_view text) override;
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override;
  // True after the first SIGINT or SIGTERM; a second one ends the process at once.
  bool cancelled() const override;

  // Starts to listen for SIGINT and SIGTERM.
  static void catch_interrupts();

 private:
  void clear_bar();

  const bool quiet_;
  const bool is_terminal_;
  std::mutex mutex_;
  std::string bar_what_;
  bool bar_shown_ = false;
  std::chrono::steady_clock::time_point bar_started_;
  std::chrono::steady_clock::time_point bar_drawn_;
};

}  // namespace dl::cli
