// SPDX-License-Identifier: Apache-2.0
// One message from the child: the job's result.
#include "daylight/guest/guest_process.h"

#include <utility>

namespace dl::guest {
namespace {

constexpr std::chrono::seconds kGrace{3};
constexpr char kDone = 'd';
constexpr char kFailed = 'f';

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
  Sandbox sandbox = TRY(Sandbox::start(jail, [&](int socket) {
    const auto result = job();
    (void)send_frame(socket, result ? std::string(1, kDone) + *result : pack(result.error()));
  }));
  const auto message = receive_frame(sandbox.socket());
  const SandboxEnd end = sandbox.reap();
  if (message && !message->empty()) {
    if (message->front() == kDone) return message->substr(1);
    if (auto error = unpack(*message)) return tl::unexpected<Error>(std::move(*error));
  }
  return fail(end.cause == SandboxCause::kOwn ? ErrorCode::kCorrupt : ErrorCode::kLimit,
              "the guest's process ended: " + end.how +
                  (end.last_words.empty() ? "" : " (" + end.last_words + ")"),
              "guest");
}

}  // namespace dl::guest
