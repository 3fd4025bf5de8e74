// SPDX-License-Identifier: Apache-2.0
// Messages from the child: what it begins, then the job's result.
#include "daylight/guest/guest_process.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daylight/base/text.h"

namespace dl::guest {
namespace {

constexpr std::chrono::seconds kGrace{3};
constexpr char kDone = 'd';
constexpr char kFailed = 'f';
constexpr char kStep = 's';

// In front of the message, new for each process: what writes to every descriptor that it finds does
// not have it. The library's native code shares the process and could search its memory for it, so
// this is no proof.
constexpr std::size_t kMarkBytes = 16;
// Of a step, what is sent and told.
constexpr std::size_t kMaxStepText = 200;
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

namespace {

void send_result(int socket, const std::string& mark, const Result<std::string>& result) {
  const auto sent =
      send_frame(socket, mark + (result ? std::string(1, kDone) + *result : pack(result.error())));
  if (sent || sent.error().code != ErrorCode::kLimit) return;
  const Error too_long{ErrorCode::kLimit, "its answer is too long: " + sent.error().what, "guest"};
  (void)send_frame(socket, mark + pack(too_long));
}

// What the child says before its result, and then that.
struct ChildTalk {
  std::string step;                   // the last one
  std::optional<std::string> result;  // nothing where it ended without
};

// An Error for what the child's own code did not write.
Result<ChildTalk> listen(int socket, const std::string& mark) {
  ChildTalk out;
  while (true) {
    auto message = receive_frame(socket);
    // A length that no message of ours has is a forged one.
    if (!message && message.error().code != ErrorCode::kLimit) return out;
    if (!message || !message->starts_with(mark))
      return fail(ErrorCode::kCorrupt,
                  "the guest's answer is none that we made: its library wrote one");
    message->erase(0, mark.size());
    if (!message->starts_with(kStep)) {
      out.result = std::move(*message);
      return out;
    }
    out.step = printable(message->substr(1), kMaxStepText);
  }
}

Result<std::string> read_result(const std::string& message) {
  if (message.starts_with(kDone)) return message.substr(1);
  if (auto error = unpack(message)) return tl::unexpected<Error>(std::move(*error));
  return fail(ErrorCode::kCorrupt, "the guest's answer is none that we made");
}

// In words, with what it did last.
Error describe_death(const SandboxEnd& end, const std::string& step) {
  Error out;
  out.code = end.cause == SandboxCause::kOwn ? ErrorCode::kCorrupt : ErrorCode::kLimit;
  out.what = "the guest's process ended" + (step.empty() ? "" : " " + step) + ": " + end.how;
  if (end.ok) out.what += ": the library ended it, or closed what it answers through";
  if (!end.last_words.empty()) out.what += " (" + end.last_words + ")";
  return out;
}

SandboxOptions jail_of(const GuestProcessOptions& process) {
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
  return jail;
}

}  // namespace

Result<std::string> run_in_jail(const GuestProcessOptions& process,
                                const std::function<Result<std::string>(const SayStep&)>& job) {
  const MessageSecret secret = TRY(MessageSecret::make());
  Sandbox sandbox = TRY(Sandbox::start(jail_of(process), [&](int socket) {
    const int place = put_aside(socket, secret);
    const SayStep say = [&](const std::string& step) {
      (void)send_frame(place, secret.mark + kStep + printable(step, kMaxStepText));
    };
    send_result(place, secret.mark, job(say));
  }));
  auto talk = listen(sandbox.socket(), secret.mark);
  const SandboxEnd end = sandbox.reap();
  Error error;
  if (!talk) {
    error = std::move(talk.error());
  } else if (talk->result) {
    return read_result(*talk->result);
  } else {
    error = describe_death(end, talk->step);
  }
  error.where = process.library;
  return tl::unexpected<Error>(std::move(error));
}

Result<std::string> run_in_guest_process(
    const GuestProcessOptions& process, const GuestOptions& options,
    const std::function<Result<std::string>(Guest&, const SayStep&)>& job) {
  return run_in_jail(process, [&](const SayStep& say) -> Result<std::string> {
    GuestOptions inside = options;
    inside.engine.jailed = true;
    inside.time_limit = process.wall_time;
    const auto guest = TRY(Guest::create(inside));
    return job(*guest, say);
  });
}

Result<std::string> run_in_guest_process(const GuestProcessOptions& process,
                                         const GuestOptions& options,
                                         const std::function<Result<std::string>(Guest&)>& job) {
  return run_in_guest_process(process, options,
                              [&](Guest& guest, const SayStep&) { return job(guest); });
}

}  // namespace dl::guest
