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
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// More data than this is refused to a child (RLIMIT_DATA), so that it fails before the machine
// does.
inline constexpr std::uint64_t kMaxChildDataBytes = std::uint64_t{8} << 30;
// No file grows beyond this by a child, its standard error included.
inline constexpr std::uint64_t kMaxChildFileBytes = std::uint64_t{1} << 20;
// What a child may write to standard error, and what is kept of it.
inline constexpr std::uint64_t kMaxChildWordsBytes = std::uint64_t{1} << 20;
inline constexpr std::size_t kMaxLastWordsBytes = 160;

// What a child may use, and what it is given.
struct ChildOptions {
  std::uint64_t data_bytes = kMaxChildDataBytes;
  std::uint64_t file_bytes = kMaxChildFileBytes;
  // An open file of the parent, and its number in the child: 0 to 2, or 4 and above (3 is the
  // socket).
  struct Descriptor {
    int ours = -1;
    int theirs = -1;
  };
  std::vector<Descriptor> descriptors = {};
};

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
  static Result<ChildProcess> start(const std::function<void(int socket)>& body,
                                    const ChildOptions& options = {});

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  // The parent's end.
  int socket() const { return socket_; }
  void kill() const;  // SIGKILL
  // Closes the socket, kills what is left, and tells how the child ended: by its own cause where it
  // had ended or was dying. Once.
  ChildEnd reap();
  // The same without killing, for a child that ends when its socket closes: blocks until then.
  ChildEnd wait();

 private:
  ChildEnd collect();

  ChildProcess(pid_t pid, int socket, int words) : pid_(pid), socket_(socket), words_(words) {}

  pid_t pid_ = -1;
  int socket_ = -1;
  int words_ = -1;  // memory file that is the child's standard error
};

// Runs `body` in a process that was forked, and ends it there: without destructors or exit
// handlers, and whatever is thrown is said on standard error.
[[noreturn]] void run_and_exit(const std::function<void()>& body) noexcept;

// The words for a status of waitpid().
ChildEnd describe_end(int status);

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
