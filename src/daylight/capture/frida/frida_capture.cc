// SPDX-License-Identifier: Apache-2.0
// The collector runs in this thread, the talk with the host in another.
#include "daylight/capture/frida/frida_capture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "daylight/base/child_process.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

using Clock = std::chrono::steady_clock;

// What the collector waits for after the process has ended: its last batches.
constexpr auto kLinger = std::chrono::seconds(3);
// What unloading an agent may take.
constexpr auto kUnload = std::chrono::seconds(10);
constexpr std::uint64_t kAnySize = std::uint64_t{1} << 46;

// Becomes the program, with descriptor 3 as it is. The process that it starts must see signals as
// if a shell had started it; an interrupt of the terminal is daylight's to handle.
[[noreturn]] void become(const std::vector<std::string>& command) {
  ::setpgid(0, 0);
  for (const int each : {SIGINT, SIGTERM, SIGXFSZ}) std::signal(each, SIG_DFL);
  ::fcntl(3, F_SETFD, 0);
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

Result<ChildProcess> start_program(const std::vector<std::string>& command) {
  ChildOptions limits;
  limits.data_bytes = limits.file_bytes = kAnySize;
  return ChildProcess::start([&](int) { become(command); }, limits);
}

Result<void> adb(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"/usr/bin/env", "adb"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ChildProcess child = TRY(start_program(command));
  const ChildEnd end = child.wait();
  if (end.ok) return {};
  return fail(ErrorCode::kUnsupported, "adb failed: " + end.how + " " + end.last_words,
              join(arguments, " "));
}

// adb's forwarding of a port of the phone, as long as it lives.
class ReversePort {
 public:
  static Result<ReversePort> open(const std::string& device, std::uint16_t port) {
    const std::string name = "tcp:" + std::to_string(port);
    TRY_VOID(adb({"-s", device, "reverse", name, name}));
    return ReversePort(device, name);
  }
  ReversePort(ReversePort&& other) noexcept
      : device_(std::exchange(other.device_, "")), name_(std::move(other.name_)) {}
  ReversePort& operator=(ReversePort&&) = delete;
  ~ReversePort() {
    if (!device_.empty()) (void)adb({"-s", device_, "reverse", "--remove", name_});
  }

 private:
  ReversePort(std::string device, std::string name)
      : device_(std::move(device)), name_(std::move(name)) {}
  std::string device_;
  std::string name_;
};

// What the host has said so far.
struct Heard {
  std::mutex mutex;
  std::atomic<bool> over{false};
  Clock::time_point when = {};
  std::uint64_t hooks = 0;
  std::uint32_t pid = 0;
  std::string ended;
  std::string error;
};

std::string text_of(const Json& message, const char* key) {
  const auto found = message.find(key);
  return found != message.end() && found->is_string() ? found->get<std::string>() : "";
}

void hear(const Json& message, Heard& heard, LogSink& log) {
  const std::lock_guard lock(heard.mutex);
  const std::string event = text_of(message, "event");
  if (event == "watching") {
    heard.hooks = message.value("hooks", std::uint64_t{0});
    heard.pid = message.value("pid", std::uint32_t{0});
  } else if (event == "message") {
    log.message(LogLevel::kWarning, "frida: " + printable(text_of(message, "text"), 500));
  } else if (event == "ended") {
    heard.ended = text_of(message, "why");
  } else if (event == "error") {
    heard.error = text_of(message, "text");
  }
}

// Until the host closes its end. It runs our own code, but repeats what the app's process says.
void listen_to(int socket, Heard& heard, LogSink& log) {
  while (const auto message = receive_frame(socket)) {
    const auto json = parse_json(*message, "frida");
    if (!json || !json->is_object()) break;
    try {
      hear(*json, heard, log);
    } catch (const nlohmann::json::exception&) {
      break;  // a number where none is
    }
  }
  const std::lock_guard lock(heard.mutex);
  heard.when = Clock::now();
  heard.over = true;
}

Json request_for(const FridaOptions& options, const WireAddress& address) {
  Json out = {{"bundle", options.parts.agent.string()},
              {"parameters",
               {{"collector", print_wire_address(address)},
                {"token", options.token},
                {"plan", options.plan}}}};
  if (options.pid != 0) {
    out["pid"] = options.pid;
  } else {
    out["spawn"] = options.program;
  }
  if (!options.device.empty()) {
    out["device"] = options.device;
    if (options.pid == 0) out["spawn"] = options.program.front();
  }
  return out;
}

WireAddress address_for(const FridaOptions& options) {
  WireAddress out;
  out.is_unix = options.device.empty();
  if (out.is_unix) {
    out.path = (options.scratch / "frida.sock").string();
  } else {
    out.host = "127.0.0.1";
  }
  return out;
}

}  // namespace

Result<FridaCapture> capture_with_frida(const FridaOptions& options, TraceSink& sink,
                                        LogSink& log) {
  Heard heard;
  const auto began = Clock::now();
  std::atomic<bool> asked{false};
  Clock::time_point asked_at = {};
  int socket = -1;
  CollectorOptions collecting;
  collecting.token = options.token;
  collecting.stop = [&] {
    const bool enough =
        options.stop() ||
        (options.seconds > 0 &&
         std::chrono::duration<double>(Clock::now() - began).count() > options.seconds);
    const std::lock_guard lock(heard.mutex);
    if (enough && !asked.exchange(true)) {
      asked_at = Clock::now();
      (void)send_frame(socket, R"({"do": "stop"})");
    }
    if (!heard.over) return asked && Clock::now() - asked_at > kUnload;
    return !heard.error.empty() || Clock::now() - heard.when > kLinger;
  };
  Collector collector(sink, collecting);
  WireAddress address = address_for(options);
  TRY_VOID(collector.listen(address));
  std::optional<ReversePort> port;
  if (!options.device.empty()) port.emplace(TRY(ReversePort::open(options.device, address.port)));
  ChildProcess host =
      TRY(start_program({options.parts.python.string(), "-u", options.parts.host.string()}));
  socket = host.socket();
  TRY_VOID(send_frame(socket, dump_json(request_for(options, address))));
  std::thread listener([&] { listen_to(socket, heard, log); });

  FridaCapture out;
  out.collected = collector.run();
  // The agent's connection is over; the host says how the process ended, or must be told to go.
  ::shutdown(socket, SHUT_WR);
  const auto end = Clock::now() + kUnload;
  while (!heard.over && Clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ::shutdown(socket, SHUT_RDWR);
  listener.join();
  const ChildEnd how = host.reap();
  out.hooks = heard.hooks;
  out.ended = heard.ended;
  if (!heard.error.empty())
    return fail(ErrorCode::kUnsupported, "Frida does not get into the process: " + heard.error,
                "frida", "tools/bootstrap.sh third --frida brings a version that fits the agent");
  if (heard.pid == 0)
    return fail(ErrorCode::kUnsupported,
                "the program that loads the agent ended: " + how.how + " " + how.last_words,
                "frida");
  return out;
}

}  // namespace dl::capture
