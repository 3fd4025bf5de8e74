// SPDX-License-Identifier: Apache-2.0
// The system calls that app code may make: an allow list in groups, enforced by seccomp.
// docs/design/sandbox.md has the reasons.
#pragma once

#include <string>

#include "daylight/base/result.h"

namespace dl {

struct SyscallPolicy {
  bool start_programs = false;     // execve
  bool executable_memory = false;  // memory that is writable and executable by turns (a JIT)
  bool local_sockets = true;       // AF_UNIX; no other family, ever
  bool own_processes = true;       // fork, and clone of more than a thread
  bool kill_on_attack = true;      // else an attack fails with EPERM
};

// Restricts the calling process and all its children, for good. Three answers to a call that is not
// allowed:
// - what only an attack uses (ptrace, mount, bpf, unshare ...): it is stopped and told on the
//   returned descriptor, whose holder ends it; -1 where the kernel has no such descriptor or
//   `kill_on_attack` is not set (then without a descriptor the call kills by SIGSYS, or fails with
//   EPERM);
// - what an honest program may try and can do without: EPERM, EACCES or EAFNOSUPPORT;
// - everything else, unknown numbers too: ENOSYS, as an older kernel would answer.
// A call by another architecture's numbers (int 0x80, x32) kills.
Result<int> restrict_syscalls(const SyscallPolicy& policy);

// Takes one message from that descriptor: the call's name, "" when there was none.
std::string next_attack(int listener);

// "" where seccomp filters with a listener work here, else why they do not.
std::string why_no_syscall_filter();

}  // namespace dl
