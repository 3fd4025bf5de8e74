// SPDX-License-Identifier: Apache-2.0
// Trying the parts, each in a child of its own.
#include "daylight/base/sandbox_support.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "daylight/base/child_process.h"
#include "daylight/base/sandbox_landlock.h"
#include "daylight/base/sandbox_namespaces.h"
#include "daylight/base/sandbox_root.h"
#include "daylight/base/sandbox_syscalls.h"
#include "daylight/base/sandbox_watchdog.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

// Why an attempt in a child fails; "" where it does not.
std::string try_in_child(const std::function<Result<void>()>& attempt) {
  auto child = ChildProcess::start([&attempt](int socket) {
    const auto done = attempt();
    static_cast<void>(send_frame(socket, done ? "" : describe(done.error())));
  });
  if (!child) return describe(child.error());
  const auto said = receive_frame(child->socket());
  const ChildEnd end = child->reap();
  return said ? printable(*said) : "the attempt ended with " + end.how;
}

// A process namespace takes effect for children only.
Result<void> in_a_child(const std::function<Result<void>()>& attempt) {
  const std::string why = try_in_child(attempt);
  if (!why.empty()) return fail(ErrorCode::kUnsupported, why);
  return {};
}

Result<void> try_namespaces() {
  TRY_VOID(enter_namespaces(sandbox_namespaces()));
  return in_a_child(&drop_capabilities);
}

Result<void> try_own_root() {
  TRY_VOID(enter_namespaces(sandbox_namespaces()));
  return in_a_child([] { return enter_own_root(sandbox_devices(), true, false); });
}

Result<void> try_landlock() { return restrict_files({{"/dev/null", FileAccess::kDevice}}); }

Result<void> try_syscalls() {
  if (std::string why = why_no_syscall_filter(); !why.empty()) {
    return fail(ErrorCode::kUnsupported, std::move(why));
  }
  const int listener = TRY(restrict_syscalls({}));
  if (listener < 0) return fail(ErrorCode::kUnsupported, "this kernel gives no listener");
  return {};
}

Result<void> try_limits() {
  const rlimit few = {64, 64};
  if (::setrlimit(RLIMIT_NOFILE, &few) == 0 && ::setrlimit(RLIMIT_NPROC, &few) == 0) return {};
  return fail(ErrorCode::kUnsupported, "this process may not lower its own limits");
}

Result<void> try_watchdog() {
  const pid_t self = ::getpid();
  return in_a_child([self] {
    const auto found = descendants(self);
    if (std::find(found.begin(), found.end(), ::getpid()) == found.end()) {
      return Result<void>(fail(ErrorCode::kUnsupported,
                               "/proc does not show a process's children (CONFIG_PROC_CHILDREN)"));
    }
    if (resident_bytes(found, 0) == 0) {
      return Result<void>(fail(ErrorCode::kUnsupported, "/proc does not show a process's memory"));
    }
    return Result<void>();
  });
}

SandboxPartSupport tried(SandboxPart part, const char* name, const char* what,
                         Result<void> (*attempt)(), std::string details = {}) {
  SandboxPartSupport support{part, name, what, false, try_in_child(attempt)};
  support.works = support.details.empty();
  if (support.works) support.details = std::move(details);
  return support;
}

}  // namespace

bool SandboxSupport::works(SandboxPart part) const {
  return std::any_of(parts.begin(), parts.end(), [part](const SandboxPartSupport& support) {
    return support.part == part && support.works;
  });
}

bool SandboxSupport::complete() const { return missing().empty(); }

std::string SandboxSupport::missing() const {
  std::vector<std::string> absent;
  for (const SandboxPartSupport& support : parts) {
    if (!support.works) absent.push_back(support.name + " (" + support.details + ")");
  }
  return join(absent, ", ");
}

SandboxSupport probe_sandbox() {
  const int version = landlock_version();
  return {{
      tried(SandboxPart::kNamespaces, "namespaces",
            "sees no network and no other process; dies as a whole", &try_namespaces),
      tried(SandboxPart::kOwnRoot, "own root", "no other file exists for it", &try_own_root),
      tried(SandboxPart::kLandlock, "Landlock", "opens listed files only, no TCP port",
            &try_landlock, "version " + std::to_string(version)),
      tried(SandboxPart::kSyscalls, "seccomp", "makes listed system calls only", &try_syscalls),
      tried(SandboxPart::kLimits, "rlimits", "bounded memory, files, time and processes",
            &try_limits),
      tried(SandboxPart::kWatchdog, "watchdog", "is ended when it uses too much memory or time",
            &try_watchdog),
  }};
}

}  // namespace dl
