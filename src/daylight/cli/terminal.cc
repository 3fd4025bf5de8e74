// SPDX-License-Identifier: Apache-2.0
// Messages and progress on stderr.
#include "daylight/cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "daylight/base/text.h"

namespace dl::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr int kBarWidth = 24;

std::atomic<bool> interrupted{false};

extern "C" void on_interrupt(int signal) {
  interrupted.store(true);
  std::signal(signal, SIG_DFL);  // the second one ends the process
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min {:02.0f} s", seconds / 60 - 0.5,
                     seconds - 60 * static_cast<double>(static_cast<int>(seconds / 60)));
}

}  // namespace

Terminal::Terminal(bool quiet)
    : quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1), bar_started_(), bar_drawn_() {}

Terminal::~Terminal() { clear_bar(); }

void Terminal::catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool Terminal::cancelled() const { return interrupted.load(); }

void Terminal::clear_bar() {
  if (!bar_shown_) return;
  std::fputs("\r\033[K", stderr);
  bar_shown_ = false;
}

void Terminal::message(LogLevel level, std::string_view text) {
  if (level == LogLevel::kDebug || (quiet_ && level != LogLevel::kWarning)) return;
  const std::scoped_lock lock(mutex_);
  clear_bar();
  const char* prefix = level == LogLevel::kWarning ? "warning: " : "";
  fmt::print(stderr, "{}{}\n", prefix, printable(text, 2000));
}

void Terminal::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (!is_terminal_ || quiet_) return;
  const std::scoped_lock lock(mutex_);
  const auto now = Clock::now();
  if (bar_what_ != what) {
    bar_what_ = what;
    bar_started_ = now;
    bar_drawn_ = now - kRedraw;
  }
  if (total > 0 && done >= total) {
    clear_bar();
    return;
  }
  if (now - bar_drawn_ < kRedraw) return;
  bar_drawn_ = now;
  bar_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - bar_started_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (total == 0) {
    fmt::print(stderr, "\r\033[K{}: {} ({:.0f}/s)", printable(what, 40), done, rate);
    return;
  }
  const int filled =
      static_cast<int>(kBarWidth * static_cast<double>(done) / static_cast<double>(total));
  const double left = rate > 0 ? static_cast<double>(total - done) / rate : 0;
  fmt::print(stderr, "\r\033[K{} [{:#<{}}{:.<{}}] {}/{} {:.0f}/s, {} left", printable(what, 40), "",
             filled, "", kBarWidth - filled, done, total, rate, duration_text(left));
}

}  // namespace dl::cli
