// SPDX-License-Identifier: Apache-2.0
// Keeper, first process and the closing of the jail around the body.
#include "daylight/base/sandbox_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include "daylight/base/sandbox_landlock.h"
#include "daylight/base/sandbox_namespaces.h"
#include "daylight/base/sandbox_root.h"
#include "daylight/base/sandbox_syscalls.h"
#include "daylight/base/sandbox_watchdog.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

using Clock = std::chrono::steady_clock;

// The kernel hands process ids below this out only once (RESERVED_PIDS), so that many more are
// needed than processes are allowed.
constexpr std::uint64_t kReservedProcessIds = 308;
constexpr int kKillRounds = 1000;

tl::unexpected<Error> system_error(const std::string& what) {
  return fail(ErrorCode::kUnsupported, what + ": " + std::strerror(errno), "sandbox");
}

template <std::size_t kSize>
void copy_text(char (&target)[kSize], std::string_view text) {
  const std::size_t size = std::min(text.size(), kSize - 1);
  std::memcpy(target, text.data(), size);
  target[size] = '\0';
}

// --- Descriptors between the processes.

void send_descriptor(int socket, int fd) {
  char byte = 'd';
  iovec piece = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control = {};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

// -1 when none came.
int receive_descriptor(int socket) {
  char byte = 0;
  iovec piece = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

// --- The body's process.

std::vector<FileRule> file_rules(const SandboxOptions& options) {
  std::vector<FileRule> rules = sandbox_devices();
  const auto access = options.start_programs ? FileAccess::kReadExecute : FileAccess::kRead;
  for (const auto& path : options.read_only) rules.push_back({path, access});
  if (!options.scratch.empty()) rules.push_back({options.scratch, FileAccess::kScratch});
  return rules;
}

Result<void> limit(__rlimit_resource resource, std::uint64_t value, std::uint64_t hard = 0) {
  if (value == 0) return {};
  rlimit now{};
  ::getrlimit(resource, &now);
  const rlimit wanted = {std::min<rlim_t>(value, now.rlim_max),
                         std::min<rlim_t>(std::max(value, hard), now.rlim_max)};
  if (::setrlimit(resource, &wanted) != 0) return system_error("a limit cannot be set");
  return {};
}

Result<void> set_limits(const SandboxOptions& options, bool own_users) {
#if !defined(__SANITIZE_ADDRESS__)  // its shadow memory would count
  TRY_VOID(limit(RLIMIT_DATA, options.data_bytes));
#endif
  TRY_VOID(limit(RLIMIT_FSIZE, options.file_bytes));
  TRY_VOID(limit(RLIMIT_NOFILE, options.open_files));
  // Counts the processes of a user, with users of our own those inside only; the first one too.
  if (own_users && options.processes > 0) TRY_VOID(limit(RLIMIT_NPROC, options.processes + 1));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.processor_time).count();
  const auto soft = static_cast<std::uint64_t>(seconds);
  return limit(RLIMIT_CPU, soft, soft + 1);  // SIGXCPU, and SIGKILL for who ignores it
}

Result<void> close_jail(int control, const SandboxOptions& options, const SandboxParts& parts) {
  if (parts.landlock) {
    auto rules = file_rules(options);
    if (options.proc) rules.push_back({"/proc", FileAccess::kRead});
    TRY_VOID(restrict_files(rules));
  }
  TRY_VOID(set_limits(options, parts.namespaces));
  if (parts.namespaces) TRY_VOID(drop_capabilities());
  if (!parts.syscalls) return {};
  SyscallPolicy policy;
  policy.start_programs = options.start_programs;
  policy.executable_memory = options.executable_memory;
  policy.local_sockets = options.local_sockets;
  policy.own_processes = options.own_processes;
  policy.kill_on_attack = options.kill_on_attack;
  const int listener = TRY(restrict_syscalls(policy));
  if (listener < 0) return {};
  send_descriptor(control, listener);
  ::close(listener);
  return {};
}

void run_body(int socket, int control, const SandboxOptions& options, const SandboxParts& parts,
              SandboxRecord& record, const std::function<void(int)>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::umask(077);
  if (const auto closed = close_jail(control, options, parts); !closed) {
    record.say_failed(closed.error());
    return;
  }
  ::close(control);
  record.forget();
  const char ready = 'r';
  if (::send(socket, &ready, 1, MSG_NOSIGNAL) == 1) body(socket);
}

// --- The first process inside.

// Best effort: the watchdog does the same a little later.
void write_setting(const char* path, std::uint64_t value) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  const std::string text = std::to_string(value);
  static_cast<void>(::write(fd, text.data(), text.size()));
  ::close(fd);
}

Result<void> furnish(const SandboxOptions& options, const SandboxParts& parts) {
  write_setting("/proc/self/oom_score_adj", 1000);  // short of memory, the kernel takes this first
  if (parts.namespaces && options.processes > 0) {
    write_setting("/proc/sys/kernel/pid_max", kReservedProcessIds + options.processes);
  }
  if (parts.own_root) {
    TRY_VOID(enter_own_root(file_rules(options), options.proc, options.executable_memory));
  }
  // Its memory is a copy of the parent's, and nothing inside may look at it.
  ::prctl(PR_SET_DUMPABLE, 0);
  return {};
}

void run_first_process(int socket, int control, const SandboxOptions& options,
                       const SandboxParts& parts, SandboxRecord& record,
                       const std::function<void(int)>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  char go = 0;
  if (::recv(control, &go, 1, 0) != 1) return;  // the keeper died before the line above
  ::setsid();
  if (const auto furnished = furnish(options, parts); !furnished) {
    record.say_failed(furnished.error());
    return;
  }
  const pid_t inner = ::fork();
  if (inner == 0) {
    run_and_exit([&] { run_body(socket, control, options, parts, record, body); });
  }
  if (inner < 0) {
    record.say_failed(system_error("no process").value());
    return;
  }
  ::close(control);
  SandboxRecord::State& state = record.state();
  int status = 0;
  rusage usage{};
  while (true) {
    const pid_t ended = ::wait4(-1, &status, 0, &usage);
    if (ended < 0 && errno != EINTR) return;
    if (ended == inner) break;
  }
  state.status = status;
  state.processor_ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  state.ended = true;
}

// --- The keeper.

std::string seconds_text(std::chrono::milliseconds time) {
  return format_double(static_cast<double>(time.count()) / 1000.0) + " s";
}

std::string megabytes_text(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

// Looks at a running sandbox from time to time; true when it has to be killed, with the reason in
// the record.
class Watchdog {
 public:
  Watchdog(pid_t first, const SandboxOptions& options, const SandboxRecord& record)
      : first_(first), options_(options), record_(record) {}

  bool must_kill() {
    const auto now = Clock::now();
    if (uses_too_much() || is_too_late(now)) return true;
    if (options_.scratch.empty() || now - scratch_seen_ < kScratchInterval) return false;
    scratch_seen_ = now;
    return fills_scratch();
  }

 private:
  bool kill(SandboxCause cause, const std::string& reason) {
    record_.say_killed(cause, reason);
    return true;
  }

  bool uses_too_much() {
    SandboxRecord::State& state = record_.state();
    std::uint64_t threads = 0;
    const auto inside = descendants(first_, &threads);
    const std::uint64_t resident = resident_bytes(inside, options_.resident_bytes);
    state.peak_processes = std::max(state.peak_processes, threads);
    state.peak_resident_bytes = std::max(state.peak_resident_bytes, resident);
    if (options_.resident_bytes > 0 && resident > options_.resident_bytes) {
      return kill(SandboxCause::kResident,
                  "more than " + megabytes_text(options_.resident_bytes) + " resident");
    }
    if (options_.processes > 0 && threads > options_.processes) {
      return kill(SandboxCause::kProcesses,
                  "more than " + std::to_string(options_.processes) + " processes and threads");
    }
    return false;
  }

  bool is_too_late(Clock::time_point now) {
    const auto allowed = options_.wall_time;
    if (allowed.count() <= 0 || now - started_ <= allowed) return false;
    return kill(SandboxCause::kWallTime, "longer than " + seconds_text(allowed));
  }

  bool fills_scratch() {
    std::uint64_t files = 0;
    const std::uint64_t bytes = folder_bytes(options_.scratch, kMaxScratchFiles, &files);
    if (files >= kMaxScratchFiles) {
      return kill(SandboxCause::kScratch,
                  std::to_string(kMaxScratchFiles) + " files in its scratch folder");
    }
    if (options_.scratch_bytes == 0 || bytes <= options_.scratch_bytes) return false;
    return kill(SandboxCause::kScratch,
                "more than " + megabytes_text(options_.scratch_bytes) + " in its scratch folder");
  }

  pid_t first_;
  const SandboxOptions& options_;
  const SandboxRecord& record_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point scratch_seen_ = started_;
};

// Returns when the first process has ended, or must be ended.
void watch(pid_t first, int socket, int control, const SandboxOptions& options,
           SandboxRecord& record) {
  Watchdog watchdog(first, options, record);
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, first, 0));
  std::array<pollfd, 4> events = {
      {{handle, POLLIN, 0}, {socket, 0, 0}, {control, POLLIN, 0}, {-1, POLLIN, 0}}};
  while (true) {
    for (pollfd& event : events) event.revents = 0;
    ::poll(events.data(), events.size(), static_cast<int>(kWatchInterval.count()));
    if (events[0].revents != 0) return;
    if ((events[1].revents & POLLHUP) != 0) {
      record.say_killed(SandboxCause::kDismissed, "it was not needed any more");
      return;
    }
    if (events[2].revents != 0) {
      events[3].fd = receive_descriptor(control);
      events[2].fd = -1;  // nothing else comes
    }
    if ((events[3].revents & POLLIN) != 0) {
      if (const std::string name = next_attack(events[3].fd); !name.empty()) {
        record.say_killed(SandboxCause::kForbiddenCall, "forbidden system call " + name);
        return;
      }
    }
    if ((events[3].revents & (POLLHUP | POLLERR)) != 0) events[3].fd = -1;  // all are gone
    if (watchdog.must_kill()) return;
  }
}

// With process namespaces all die with the first; without, each is looked for.
void end_all(pid_t first) {
  ::kill(first, SIGKILL);
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  for (int round = 0; round < kKillRounds; ++round) {
    const auto left = descendants(::getpid());
    if (left.empty()) return;
    for (const pid_t pid : left) ::kill(pid, SIGSTOP);  // who is stopped forks no more
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace

Result<std::unique_ptr<SandboxRecord>> SandboxRecord::make() {
  void* page =
      ::mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return system_error("no memory");
  return std::unique_ptr<SandboxRecord>(new SandboxRecord(new (page) State()));
}

SandboxRecord::~SandboxRecord() { forget(); }

void SandboxRecord::forget() {
  if (state_ != nullptr) ::munmap(std::exchange(state_, nullptr), sizeof(State));
}

void SandboxRecord::say_failed(const Error& error) const {
  state_->failed = true;
  state_->code = error.code;
  copy_text(state_->what, error.what);
  copy_text(state_->where, error.where);
}

void SandboxRecord::say_killed(SandboxCause cause, std::string_view reason) const {
  state_->cause = cause;
  copy_text(state_->reason, reason);
}

void keep_sandbox(int socket, int parent, const SandboxOptions& options, const SandboxParts& parts,
                  SandboxRecord& record, const std::function<void(int)>& body) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (parts.namespaces) {
    if (const auto entered = enter_namespaces(sandbox_namespaces()); !entered) {
      return record.say_failed(entered.error());
    }
  }
  // New credentials may have cleared it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return;
  std::array<int, 2> control{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control.data()) != 0) {
    return record.say_failed(system_error("no socket").value());
  }
  const pid_t first = ::fork();
  if (first == 0) {
    run_and_exit([&] {
      ::close(control[0]);
      run_first_process(socket, control[1], options, parts, record, body);
    });
  }
  if (first < 0) return record.say_failed(system_error("no process").value());
  ::close(control[1]);
  const char go = 'g';
  ::send(control[0], &go, 1, MSG_NOSIGNAL);
  watch(first, socket, control[0], options, record);
  end_all(first);
}

}  // namespace dl
