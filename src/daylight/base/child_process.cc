// SPDX-License-Identifier: Apache-2.0
// fork, descriptors, limits and the end of a child.
#include "daylight/base/child_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr int kChildSocket = 3;
constexpr int kThrew = 126;  // exit codes of a child
constexpr int kNotBegun = 127;
constexpr std::size_t kLengthBytes = 4;

tl::unexpected<Error> system_error(const std::string& what) {
  return fail(ErrorCode::kIo, what + ": " + std::strerror(errno));
}

// Closes every descriptor that is not in `kept` (in ascending order).
bool close_others(const std::vector<int>& kept) {
  unsigned next = 0;
  for (const int fd : kept) {
    const auto here = static_cast<unsigned>(fd);
    if (here > next && ::close_range(next, here - 1, 0) != 0) return false;
    next = here + 1;
  }
  return ::close_range(next, ~0U, 0) == 0;
}

// Puts the descriptors where the child expects them and closes all others. False if that failed.
bool arrange_descriptors(int socket, int words, const ChildOptions& options) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  if (nowhere < 0) return false;
  std::vector<ChildOptions::Descriptor> places = {
      {nowhere, 0}, {nowhere, 1}, {words, 2}, {socket, kChildSocket}};
  places.insert(places.end(), options.descriptors.begin(), options.descriptors.end());
  int out_of_the_way = 0;
  for (const auto& place : places) out_of_the_way = std::max(out_of_the_way, place.theirs + 1);
  for (auto& place : places) {
    place.ours = ::fcntl(place.ours, F_DUPFD, out_of_the_way);
    if (place.ours < 0 || place.theirs < 0) return false;
  }
  std::vector<int> kept;
  for (const auto& place : places) {
    if (::dup2(place.ours, place.theirs) < 0) return false;
    kept.push_back(place.theirs);
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return close_others(kept);
}

void set_limits(const ChildOptions& options) {
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const rlimit file = {options.file_bytes, options.file_bytes};
  ::setrlimit(RLIMIT_FSIZE, &file);
#if !defined(__SANITIZE_ADDRESS__)  // its shadow memory would count
  const rlimit data = {options.data_bytes, options.data_bytes};
  ::setrlimit(RLIMIT_DATA, &data);
#endif
}

// Everything between fork() and the body. False: the child must not go on.
bool become_child(pid_t parent, int socket, int words, const ChildOptions& options) {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It died before the line above. 0: it lives, outside this process's own process namespace.
  if (const pid_t now = ::getppid(); now != parent && now != 0) return false;
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  set_limits(options);
  return arrange_descriptors(socket, words, options);
}

// A file in memory of a size that cannot change, whatever a child may write elsewhere.
int make_words() {
  const int words = ::memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (words < 0) return -1;
  if (::ftruncate(words, static_cast<off_t>(kMaxChildWordsBytes)) == 0 &&
      ::fcntl(words, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0) {
    return words;
  }
  ::close(words);
  return -1;
}

std::string read_last_words(int words) {
  // The child's position in the file: both have the same open file.
  const off_t end = std::min(::lseek(words, 0, SEEK_CUR), static_cast<off_t>(kMaxChildWordsBytes));
  if (end <= 0) return "";
  const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(kMaxLastWordsBytes));
  std::string text(static_cast<std::size_t>(end - begin), '\0');
  const ssize_t got = ::pread(words, text.data(), text.size(), begin);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return printable(trim(text));
}

// The length that a message begins with.
std::uint32_t length_at(const char* bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

Result<void> send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return system_error("the other process cannot be reached");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> receive_all(int socket, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = ::recv(socket, bytes.data() + at, size - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("the other process cannot be heard");
    if (got == 0 && at == 0) return fail(ErrorCode::kNotFound, "the other process has closed");
    if (got == 0) return fail(ErrorCode::kCorrupt, "the other process ended within a message");
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<void> check_length(std::size_t length) {
  if (length <= kMaxFrameBytes) return {};
  return fail(ErrorCode::kLimit, "a message of " + std::to_string(length) + " bytes");
}

}  // namespace

ChildEnd describe_end(int status) {
  ChildEnd end;
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    end.how =
        name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(WTERMSIG(status));
  } else {
    end.ok = WEXITSTATUS(status) == 0;
    end.how = "exit code " + std::to_string(WEXITSTATUS(status));
  }
  return end;
}

void run_and_exit(const std::function<void()>& body) noexcept {
  // Nothing may unwind into the parent's stack, whose objects own other children.
  try {
    body();
    ::_exit(0);
  } catch (const std::exception& thrown) {
    std::fputs(thrown.what(), stderr);
    std::fflush(stderr);
  } catch (...) {
  }
  ::_exit(kThrew);
}

Result<ChildProcess> ChildProcess::start(const std::function<void(int socket)>& body,
                                         const ChildOptions& options) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_error("no socket for a child process");
  }
  const int words = make_words();
  const pid_t parent = ::getpid();
  const pid_t pid = words < 0 ? -1 : ::fork();
  if (pid == 0) {
    run_and_exit([&] {
      if (!become_child(parent, ends[1], words, options)) ::_exit(kNotBegun);
      body(kChildSocket);
    });
  }
  ::close(ends[1]);
  ChildProcess child(pid, ends[0], words);
  if (pid < 0) return system_error("no child process");
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      words_(std::exchange(other.words_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  reap();
  pid_ = std::exchange(other.pid_, -1);
  socket_ = std::exchange(other.socket_, -1);
  words_ = std::exchange(other.words_, -1);
  return *this;
}

ChildProcess::~ChildProcess() { reap(); }

void ChildProcess::kill() const {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

ChildEnd ChildProcess::reap() {
  // Nothing can be waited for that might not end. Who is dying already keeps his own cause.
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  kill();
  return collect();
}

ChildEnd ChildProcess::wait() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  return collect();
}

ChildEnd ChildProcess::collect() {
  ChildEnd end;
  if (pid_ > 0) {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    end = describe_end(status);
  }
  if (words_ >= 0) {
    end.last_words = read_last_words(words_);
    ::close(std::exchange(words_, -1));
  }
  return end;
}

Result<void> send_frame(int socket, std::string_view message) {
  TRY_VOID(check_length(message.size()));
  std::string bytes;
  bytes.reserve(kLengthBytes + message.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    bytes.push_back(static_cast<char>((message.size() >> (8 * i)) & 0xff));
  }
  bytes.append(message);
  return send_all(socket, bytes);
}

Result<std::string> receive_frame(int socket) {
  const std::string length = TRY(receive_all(socket, kLengthBytes));
  const std::uint32_t size = length_at(length.data());
  TRY_VOID(check_length(size));
  if (size == 0) return std::string();
  return receive_all(socket, size);
}

Result<FrameBuffer::Peer> FrameBuffer::fill(int socket) {
  std::array<char, 65536> piece{};
  while (true) {
    const ssize_t got = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Peer::kOpen;
    if (got <= 0) return Peer::kGone;
    bytes_.append(piece.data(), static_cast<std::size_t>(got));
    if (bytes_.size() >= kLengthBytes) TRY_VOID(check_length(length_at(bytes_.data())));
    if (bytes_.size() > kMaxFrameBytes + kLengthBytes) {
      return fail(ErrorCode::kLimit, "more messages than were asked for");
    }
  }
}

std::optional<std::string> FrameBuffer::take() {
  if (bytes_.size() < kLengthBytes) return std::nullopt;
  const std::size_t size = length_at(bytes_.data());
  if (bytes_.size() - kLengthBytes < size) return std::nullopt;
  std::string message = bytes_.substr(kLengthBytes, size);
  bytes_.erase(0, kLengthBytes + size);
  return message;
}

}  // namespace dl
