// SPDX-License-Identifier: Apache-2.0
// One process for each command, read until it has ended: a server that adb leaves behind may keep
// the pipes open.
#include "daylight/capture/device/adb.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include "daylight/base/text.h"

extern char** environ;

namespace dl::capture {
namespace {

constexpr int kLookMilliseconds = 50;
constexpr std::size_t kPieceBytes = 65'536;

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

// Both ends of a pipe; the reading one does not wait.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
    if (ends_[0] >= 0) ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_writer();
    if (ends_[0] >= 0) ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool open() const { return ends_[0] >= 0; }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  // False when no more can come.
  bool drain(const std::function<void(std::string_view)>& take) const {
    std::array<char, kPieceBytes> piece;
    while (true) {
      const ssize_t got = ::read(ends_[0], piece.data(), piece.size());
      if (got > 0) {
        take({piece.data(), static_cast<std::size_t>(got)});
      } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        return false;
      } else if (errno == EAGAIN) {
        return true;
      }
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// Starts it with nothing to read. -errno where that fails.
pid_t start(const std::filesystem::path& program, const std::vector<std::string>& words,
            const Pipe& out, const Pipe& err) {
  std::vector<std::string> all = {program.string()};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  arguments.reserve(all.size() + 1);
  for (std::string& each : all) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.writer(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.writer(), 2);
  pid_t pid = 0;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed != 0 ? -failed : pid;
}

// Waits for the program's end, reading both pipes meanwhile. Nothing when `stop()` ended it.
std::optional<int> read_until_end(pid_t pid, const Pipe& out, const Pipe& err,
                                  const std::function<void(std::string_view)>& take_out,
                                  const std::function<void(std::string_view)>& take_err,
                                  const std::function<bool()>& stop) {
  int status = 0;
  bool ended = false;
  while (!ended) {
    std::array<pollfd, 2> both = {pollfd{out.reader(), POLLIN, 0}, pollfd{err.reader(), POLLIN, 0}};
    ::poll(both.data(), both.size(), kLookMilliseconds);
    ended = ::waitpid(pid, &status, WNOHANG) == pid;
    out.drain(take_out);
    err.drain(take_err);
    // Where one pipe has ended poll() does not wait, and the end of the program is near.
    if (!ended && ((both[0].revents | both[1].revents) & POLLHUP) != 0) ::usleep(1000);
    if (!ended && stop()) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return std::nullopt;
    }
  }
  return status;
}

Result<AdbAnswer> run_program(const std::filesystem::path& program,
                              const std::vector<std::string>& words,
                              const std::function<bool(std::string_view)>& take) {
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open())
    return fail(ErrorCode::kIo, "no pipe can be made: " + reason(errno), "adb");
  const pid_t pid = start(program, words, out, err);
  if (pid < 0) return fail(ErrorCode::kIo, "cannot be started: " + reason(-pid), program.string());
  out.close_writer();
  err.close_writer();
  AdbAnswer answer;
  bool full = false;
  const auto deadline = std::chrono::steady_clock::now() + Adb::kTimeLimit;
  const auto status = read_until_end(
      pid, out, err, [&](std::string_view piece) { full = full || !take(piece); },
      [&](std::string_view piece) {
        answer.err +=
            piece.substr(0, kMaxAdbAnswerBytes - std::min(kMaxAdbAnswerBytes, answer.err.size()));
      },
      [&] { return full || std::chrono::steady_clock::now() > deadline; });
  if (full) return fail(ErrorCode::kLimit, "says more than is taken", "adb " + words.front());
  if (!status) return fail(ErrorCode::kLimit, "takes too long", "adb " + words.front());
  if (!WIFEXITED(*status)) return fail(ErrorCode::kIo, "was killed", "adb " + words.front());
  answer.exit_code = WEXITSTATUS(*status);
  return answer;
}

}  // namespace

Result<Adb> Adb::find(const std::filesystem::path& named) {
  constexpr const char* kHint =
      "install Android's platform tools, or name the program with --adb FILE";
  if (!named.empty()) {
    if (::access(named.c_str(), X_OK) == 0) return Adb(std::filesystem::absolute(named));
    return fail(ErrorCode::kNotFound, "is no program", named.string(), kHint);
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* const path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    const auto program = std::filesystem::path(folder) / "adb";
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return Adb(program);
  }
  return fail(ErrorCode::kNotFound, "there is no adb here", "PATH", kHint);
}

Result<AdbAnswer> Adb::run(const std::vector<std::string>& words) const {
  std::string out;
  AdbAnswer answer = TRY(run_program(program_, words, [&](std::string_view piece) {
    out += piece;
    return out.size() <= kMaxAdbAnswerBytes;
  }));
  answer.out = std::move(out);
  return answer;
}

Result<AdbAnswer> Adb::run_to_file(const std::vector<std::string>& words,
                                   const std::filesystem::path& file,
                                   std::uint64_t max_bytes) const {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::kIo, "cannot be written: " + reason(errno), file.string());
  std::uint64_t written = 0;
  int write_error = 0;
  auto answer = run_program(program_, words, [&](std::string_view piece) {
    written += piece.size();
    while (!piece.empty() && write_error == 0) {
      const ssize_t done = ::write(fd, piece.data(), piece.size());
      if (done > 0) piece.remove_prefix(static_cast<std::size_t>(done));
      if (done < 0 && errno != EINTR) write_error = errno;
    }
    return write_error == 0 && written <= max_bytes;
  });
  ::close(fd);
  if (!answer || answer->exit_code != 0) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
  if (write_error != 0)
    return fail(ErrorCode::kIo, "cannot be written: " + reason(write_error), file.string(),
                "is the disk full?");
  return answer;
}

bool is_package_name(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (text.empty() || text.size() > 223 || text.front() == '.' || text.back() == '.') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c) || c == '.'; });
}

std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace dl::capture
