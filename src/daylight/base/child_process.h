// SPDX-License-Identifier: Apache-2.0
// A forked child that may crash or hang without harm to its parent, and one socket to talk to it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl {

// More data than this is refused to a child (RLIMIT_DATA), so that it fails before the machine
// does.
inline constexpr std::uint64_t kMaxChildDataBytes = std::uint64_t{8} << 30;
// No file grows beyond this by a child, its standard error included.
inline constexpr std::uint64_t kMaxChildFileBytes = std::uint64_t{1} << 20;
// What is kept of a child's standard error.
inline constexpr std::size_t kMaxLastWordsBytes = 160;

// How a child ended.
struct ChildEnd {
  bool ok = false;         // by itself, with exit code 0
  std::string how;         // "SIGSEGV", "exit code 1"
  std::string last_words;  // the end of what it wrote to standard error; printable, may be empty
};

// Owns a child; not thread safe. The destructor kills and reaps it.
class ChildProcess {
 public:
  // Forks; `body` runs in the child on this thread's copy of memory, with its end of a stream
  // socket. Afterwards the child is gone, without destructors or exit handlers. The child has no
  // other open file than the socket, reads nothing from standard input, writes standard output
  // nowhere and standard error into memory; it ignores SIGINT and SIGTERM (the parent decides what
  // an interrupt means), leaves no core file and dies with the thread that forked it.
  // Safe beside other threads of the parent as long as `body` takes no lock that they may hold.
  static Result<ChildProcess> start(const std::function<void(int socket)>& body);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  // The parent's end.
  int socket() const { return socket_; }
  void kill() const;  // SIGKILL
  // Closes the socket, kills what is left, and tells how the child ended: by its own cause where it
  // had ended or was dying. Once.
  ChildEnd reap();

 private:
  ChildProcess(pid_t pid, int socket, int words) : pid_(pid), socket_(socket), words_(words) {}

  pid_t pid_ = -1;
  int socket_ = -1;
  int words_ = -1;  // memory file that is the child's standard error
};

// One message on a stream socket: its length (4 bytes, little endian), then its bytes.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20;

// Blocks until all is written. kIo when the other side is gone; kLimit for too long a message.
Result<void> send_frame(int socket, std::string_view message);

// Blocks for one message. kNotFound when the other side closed between messages.
Result<std::string> receive_frame(int socket);

// Collects messages of a peer that is not trusted, without ever waiting for it.
class FrameBuffer {
 public:
  enum class Peer { kOpen, kGone };
  // Takes in what has arrived. kLimit for a message that would be too long.
  Result<Peer> fill(int socket);
  // The next whole message.
  std::optional<std::string> take();

 private:
  std::string bytes_;
};

}  // namespace dl
