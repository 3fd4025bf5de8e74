// SPDX-License-Identifier: Apache-2.0
// One message from the child: the job's result.
#include "daylight/guest/guest_process.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace dl::guest {
namespace {

constexpr std::chrono::seconds kGrace{3};
constexpr char kDone = 'd';
constexpr char kFailed = 'f';

// In front of the message, new for each process: what writes to every descriptor that it finds does
// not have it. The library's native code shares the process and could search its memory for it, so
// this is no proof.
constexpr std::size_t kMarkBytes = 16;
// Where the message's descriptor goes, below the jail's limit of open files.
constexpr unsigned kFirstHighDescriptor = 512;
constexpr unsigned kHighDescriptors = 448;

struct MessageSecret {
  std::string mark = std::string(kMarkBytes, '\0');
  unsigned place = 0;

  static Result<MessageSecret> make() {
    MessageSecret out;
    if (::getrandom(out.mark.data(), kMarkBytes, 0) != static_cast<ssize_t>(kMarkBytes) ||
        ::getrandom(&out.place, sizeof(out.place), 0) != static_cast<ssize_t>(sizeof(out.place)))
      return fail(ErrorCode::kIo, std::string("no random numbers: ") + std::strerror(errno));
    return out;
  }
};

// Away from the low numbers, which a library closes or writes to without looking.
int put_aside(int socket, const MessageSecret& secret) {
  const unsigned lowest = kFirstHighDescriptor + secret.place % kHighDescriptors;
  const int high = ::fcntl(socket, F_DUPFD_CLOEXEC, static_cast<int>(lowest));
  if (high < 0) return socket;
  ::close(socket);
  return high;
}

// Fields of an Error, each with its length in front.
std::string pack(const Error& error) {
  std::string out(1, kFailed);
  out += std::to_string(static_cast<int>(error.code)) + " ";
  for (const std::string& text : {error.what, error.where, error.hint})
    out += std::to_string(text.size()) + " " + text;
  return out;
}

// The child runs hostile code: its message is read with as little trust.
std::optional<Error> unpack(const std::string& message) {
  if (!message.starts_with(kFailed)) return std::nullopt;
  std::size_t at = 1;
  const auto number = [&]() -> std::optional<std::size_t> {
    std::size_t out = 0;
    std::size_t digits = 0;
    while (at < message.size() && message[at] >= '0' && message[at] <= '9' && digits++ < 9)
      out = out * 10 + static_cast<std::size_t>(message[at++] - '0');
    if (digits == 0 || at >= message.size() || message[at] != ' ') return std::nullopt;
    ++at;
    return out;
  };
  const auto code = number();
  if (!code || *code > static_cast<std::size_t>(ErrorCode::kBusy)) return std::nullopt;
  Error out;
  out.code = static_cast<ErrorCode>(*code);
  for (std::string* const text : {&out.what, &out.where, &out.hint}) {
    const auto size = number();
    if (!size || *size > message.size() - at) return std::nullopt;
    *text = message.substr(at, *size);
    at += *size;
  }
  return out;
}

}  // namespace

Result<std::string> run_in_guest_process(const GuestProcessOptions& process,
                                         const GuestOptions& options,
                                         const std::function<Result<std::string>(Guest&)>& job) {
  return run_in_jail(process, [&]() -> Result<std::string> {
    GuestOptions inside = options;
    inside.engine.jailed = true;
    inside.time_limit = process.wall_time;
    const auto guest = TRY(Guest::create(inside));
    return job(*guest);
  });
}

namespace {

void send_result(int socket, const std::string& mark, const Result<std::string>& result) {
  const auto sent =
      send_frame(socket, mark + (result ? std::string(1, kDone) + *result : pack(result.error())));
  if (!sent && sent.error().code == ErrorCode::kLimit)
    (void)send_frame(
        socket, mark + pack(Error{ErrorCode::kLimit, "its answer is too long: " + sent.error().what,
                                  "guest", ""}));
}

// What the child's message says; an Error for one that the child's own code did not write.
Result<std::string> read_message(std::string_view message, const std::string& mark) {
  const auto forged = [] {
    return fail(ErrorCode::kCorrupt,
                "the guest's answer is none that we made: its library wrote one", "guest");
  };
  if (!message.starts_with(mark)) return forged();
  message.remove_prefix(mark.size());
  if (message.starts_with(kDone)) return std::string(message.substr(1));
  if (auto error = unpack(std::string(message))) return tl::unexpected<Error>(std::move(*error));
  return forged();
}

}  // namespace

Result<std::string> run_in_jail(const GuestProcessOptions& process,
                                const std::function<Result<std::string>()>& job) {
  SandboxOptions jail;
  jail.read_only = process.read_only;
  jail.scratch = process.scratch;
  jail.executable_memory = true;  // the engine translates
  jail.own_processes = false;
  // The guest's own limit comes first, and says where the guest was; this one ends what that
  // cannot.
  jail.wall_time = process.wall_time + kGrace;
  jail.resident_bytes = process.resident_bytes;
  jail.processes = 256;
  jail.without_missing_parts = process.without_missing_parts;
  const MessageSecret secret = TRY(MessageSecret::make());
  Sandbox sandbox = TRY(Sandbox::start(jail, [&](int socket) {
    const int place = put_aside(socket, secret);
    send_result(place, secret.mark, job());
  }));
  const auto message = receive_frame(sandbox.socket());
  const SandboxEnd end = sandbox.reap();
  // A length that no message of ours has is a forged one too.
  if (message || message.error().code == ErrorCode::kLimit)
    return read_message(message ? *message : std::string(), secret.mark);
  return fail(end.cause == SandboxCause::kOwn ? ErrorCode::kCorrupt : ErrorCode::kLimit,
              "the guest's process ended: " + end.how +
                  (end.last_words.empty() ? "" : " (" + end.last_words + ")"),
              "guest");
}

}  // namespace dl::guest
