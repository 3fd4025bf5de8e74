// SPDX-License-Identifier: Apache-2.0
// The filter, built with libseccomp.
#include "daylight/base/sandbox_syscalls.h"

#include <asm/termbits.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

namespace dl {
namespace {

// Names, not numbers: one that this architecture or library lacks is passed over.
constexpr std::array kMemory = {"brk",     "mmap",     "munmap",     "mprotect",   "mremap",
                                "madvise", "msync",    "mincore",    "mlock",      "mlock2",
                                "munlock", "mlockall", "munlockall", "membarrier", "get_mempolicy"};
// Names are resolved in the sandbox's own root, and Landlock decides what may be opened.
constexpr std::array kFiles = {"open",        "openat",
                               "openat2",     "close",
                               "close_range", "read",
                               "readv",       "pread64",
                               "preadv",      "preadv2",
                               "write",       "writev",
                               "pwrite64",    "pwritev",
                               "pwritev2",    "lseek",
                               "stat",        "fstat",
                               "lstat",       "newfstatat",
                               "statx",       "statfs",
                               "fstatfs",     "access",
                               "faccessat",   "faccessat2",
                               "readlink",    "readlinkat",
                               "getcwd",      "chdir",
                               "fchdir",      "getdents",
                               "getdents64",  "mkdir",
                               "mkdirat",     "rmdir",
                               "unlink",      "unlinkat",
                               "rename",      "renameat",
                               "renameat2",   "link",
                               "linkat",      "symlink",
                               "symlinkat",   "chmod",
                               "fchmod",      "fchmodat",
                               "truncate",    "ftruncate",
                               "fallocate",   "fadvise64",
                               "readahead",   "fsync",
                               "fdatasync",   "sync_file_range",
                               "flock",       "utime",
                               "utimes",      "utimensat",
                               "futimesat",   "umask",
                               "dup",         "dup2",
                               "dup3",        "fcntl",
                               "pipe",        "pipe2",
                               "sendfile",    "copy_file_range",
                               "splice",      "tee",
                               "getxattr",    "lgetxattr",
                               "fgetxattr",   "listxattr",
                               "llistxattr",  "flistxattr"};
constexpr std::array kWaiting = {"poll",
                                 "ppoll",
                                 "select",
                                 "pselect6",
                                 "epoll_create",
                                 "epoll_create1",
                                 "epoll_ctl",
                                 "epoll_wait",
                                 "epoll_pwait",
                                 "epoll_pwait2",
                                 "eventfd",
                                 "eventfd2",
                                 "inotify_init",
                                 "inotify_init1",
                                 "inotify_add_watch",
                                 "inotify_rm_watch"};
// On the sockets that it has; which it may make is a rule of its own.
constexpr std::array kSockets = {"sendto",      "sendmsg",     "sendmmsg",   "recvfrom",
                                 "recvmsg",     "recvmmsg",    "shutdown",   "connect",
                                 "bind",        "listen",      "accept",     "accept4",
                                 "getsockname", "getpeername", "getsockopt", "setsockopt"};
// Bounded by the limit on processes.
constexpr std::array kProcesses = {"fork", "vfork"};
// clone by its flags, below.
constexpr std::array kThreads = {"exit",
                                 "exit_group",
                                 "wait4",
                                 "waitid",
                                 "futex",
                                 "futex_waitv",
                                 "set_robust_list",
                                 "get_robust_list",
                                 "set_tid_address",
                                 "rseq",
                                 "arch_prctl",
                                 "sched_yield",
                                 "sched_getaffinity",
                                 "sched_setaffinity",
                                 "sched_getparam",
                                 "sched_getscheduler",
                                 "sched_get_priority_max",
                                 "sched_get_priority_min",
                                 "sched_rr_get_interval",
                                 "getpriority",
                                 "gettid",
                                 "getpid",
                                 "getppid",
                                 "getpgrp",
                                 "getpgid",
                                 "getsid",
                                 "setsid",
                                 "setpgid",
                                 "getuid",
                                 "geteuid",
                                 "getgid",
                                 "getegid",
                                 "getresuid",
                                 "getresgid",
                                 "getgroups",
                                 "capget",
                                 "getrlimit",
                                 "setrlimit",
                                 "prlimit64",
                                 "getrusage",
                                 "times",
                                 "sysinfo",
                                 "uname",
                                 "getcpu",
                                 "getrandom"};
constexpr std::array kSignals = {
    "rt_sigaction",   "rt_sigprocmask",  "rt_sigreturn",    "rt_sigpending",
    "rt_sigsuspend",  "rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "sigaltstack",    "signalfd",        "signalfd4",       "kill",
    "tkill",          "tgkill",          "pause",           "alarm",
    "restart_syscall"};
constexpr std::array kTime = {
    "clock_gettime",    "clock_getres",   "clock_nanosleep", "nanosleep",
    "gettimeofday",     "time",           "getitimer",       "setitimer",
    "timer_create",     "timer_settime",  "timer_gettime",   "timer_delete",
    "timer_getoverrun", "timerfd_create", "timerfd_settime", "timerfd_gettime"};

// Nothing that infers needs these; they look into other processes, change the kernel or the
// machine, or have been the way out of sandboxes.
constexpr std::array kAttacks = {"ptrace",
                                 "process_vm_readv",
                                 "process_vm_writev",
                                 "process_madvise",
                                 "kcmp",
                                 "pidfd_getfd",
                                 "mount",
                                 "umount",
                                 "umount2",
                                 "pivot_root",
                                 "chroot",
                                 "open_tree",
                                 "move_mount",
                                 "fsopen",
                                 "fsconfig",
                                 "fsmount",
                                 "fspick",
                                 "mount_setattr",
                                 "unshare",
                                 "setns",
                                 "bpf",
                                 "perf_event_open",
                                 "userfaultfd",
                                 "io_uring_setup",
                                 "io_uring_enter",
                                 "io_uring_register",
                                 "add_key",
                                 "request_key",
                                 "keyctl",
                                 "init_module",
                                 "finit_module",
                                 "delete_module",
                                 "create_module",
                                 "kexec_load",
                                 "kexec_file_load",
                                 "reboot",
                                 "swapon",
                                 "swapoff",
                                 "iopl",
                                 "ioperm",
                                 "modify_ldt",
                                 "quotactl",
                                 "quotactl_fd",
                                 "acct",
                                 "syslog",
                                 "vhangup",
                                 "open_by_handle_at",
                                 "name_to_handle_at",
                                 "lookup_dcookie",
                                 "fanotify_init",
                                 "fanotify_mark",
                                 "nfsservctl",
                                 "settimeofday",
                                 "clock_settime",
                                 "sethostname",
                                 "setdomainname"};

// Honest programs try these. Files in memory (memfd, System V) would be memory that no process
// maps, which no limit counts.
constexpr std::array kRefused = {
    "setuid",        "setgid",       "setreuid",      "setregid",       "setresuid",
    "setresgid",     "setfsuid",     "setfsgid",      "setgroups",      "capset",
    "chown",         "fchown",       "lchown",        "fchownat",       "mknod",
    "mknodat",       "setxattr",     "lsetxattr",     "fsetxattr",      "removexattr",
    "lremovexattr",  "fremovexattr", "setpriority",   "sched_setparam", "sched_setscheduler",
    "sched_setattr", "ioprio_set",   "adjtimex",      "clock_adjtime",  "memfd_create",
    "memfd_secret",  "shmget",       "shmat",         "shmctl",         "semget",
    "msgget",        "mbind",        "set_mempolicy", "migrate_pages",  "move_pages",
    "pkey_mprotect", "personality",  "execve",        "execveat"};

constexpr std::array<unsigned long, 10> kIoctls = {FIONREAD,   FIONBIO, FIOCLEX,    FIONCLEX,
                                                   FIOASYNC,   TCGETS,  TIOCGWINSZ, TIOCGPGRP,
                                                   SIOCATMARK, TIOCOUTQ};
constexpr int kSetVmaName = 0x53564d41;  // PR_SET_VMA
constexpr std::array kProcessControls = {
    PR_SET_NAME,       PR_GET_NAME,         PR_SET_DUMPABLE,     PR_GET_DUMPABLE, PR_SET_PDEATHSIG,
    PR_GET_PDEATHSIG,  PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_GET_SECCOMP,
    PR_GET_TIMERSLACK, PR_SET_TIMERSLACK,   kSetVmaName};
constexpr std::array<unsigned long, 8> kNamespaceFlags = {
    CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,    CLONE_NEWNS,
    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_PTRACE};

// Not libseccomp's macros: they are C.
scmp_arg_cmp compared(unsigned argument, scmp_compare how, scmp_datum_t value) {
  return {argument, how, value, 0};
}

// The bits of an argument under `mask` are `value`.
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// Collects rules; remembers the first that could not be added.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {
    failed_ = context_ ? 0 : -ENOMEM;
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: 250 rules in 8 comparisons
  }

  void add(std::uint32_t action, const char* name, std::span<const scmp_arg_cmp> when = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0 || failed_ != 0) return;
    failed_ = seccomp_rule_add_exact_array(context_.get(), action, number,
                                           static_cast<unsigned>(when.size()), when.data());
    if (failed_ != 0) last_ = name;
  }

  void add_when(std::uint32_t action, const char* name, scmp_arg_cmp when) {
    add(action, name, {&when, 1});
  }

  template <typename Names>
  void add_all(std::uint32_t action, const Names& names) {
    for (const char* name : names) add(action, name);
  }

  Result<int> load(bool with_listener) {
    if (failed_ == 0) failed_ = seccomp_load(context_.get());
    if (failed_ != 0) {
      return fail(
          ErrorCode::kUnsupported,
          std::string("the filter of system calls cannot be set: ") + std::strerror(-failed_),
          last_);
    }
    return with_listener ? seccomp_notify_fd(context_.get()) : -1;
  }

 private:
  void set(scmp_filter_attr attribute, std::uint32_t value) {
    if (failed_ == 0) failed_ = seccomp_attr_set(context_.get(), attribute, value);
  }

  Context context_;
  int failed_ = 0;
  std::string last_;
};

bool has_listener() {
  return seccomp_api_get() >= 5;  // libseccomp's level for SECCOMP_RET_USER_NOTIF
}

std::uint32_t attack_action(const SyscallPolicy& policy) {
  if (!policy.kill_on_attack) return SCMP_ACT_ERRNO(EPERM);
  return has_listener() ? SCMP_ACT_NOTIFY : SCMP_ACT_KILL_PROCESS;
}

// Without a JIT, memory is never executable unless it comes from a file that cannot be written.
void add_executable_memory(Filter& filter, bool allowed) {
  if (allowed) {
    filter.add(SCMP_ACT_ALLOW, "mmap");
    filter.add(SCMP_ACT_ALLOW, "mprotect");
    return;
  }
  const auto none = [](unsigned bits) { return masked(2, bits, 0); };
  filter.add_when(SCMP_ACT_ALLOW, "mprotect", none(PROT_EXEC));
  filter.add_when(SCMP_ACT_ERRNO(EACCES), "mprotect", masked(2, PROT_EXEC, PROT_EXEC));
  filter.add_when(SCMP_ACT_ALLOW, "mmap", none(PROT_EXEC));
  const std::array from_file = {masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
                                masked(3, MAP_ANONYMOUS, 0)};
  filter.add(SCMP_ACT_ALLOW, "mmap", from_file);
}

void add_threads(Filter& filter, std::uint32_t attack, bool own_processes) {
  std::uint64_t all = 0;
  for (const unsigned long flag : kNamespaceFlags) {
    all |= flag;
    filter.add_when(attack, "clone", masked(0, flag, flag));
  }
  if (own_processes) {
    filter.add_all(SCMP_ACT_ALLOW, kProcesses);
    filter.add_when(SCMP_ACT_ALLOW, "clone", masked(0, all, 0));
  } else {
    filter.add_all(SCMP_ACT_ERRNO(EPERM), kProcesses);
    filter.add_when(SCMP_ACT_ALLOW, "clone", masked(0, all | CLONE_THREAD, CLONE_THREAD));
    filter.add_when(SCMP_ACT_ERRNO(EPERM), "clone", masked(0, all | CLONE_THREAD, 0));
  }
  // clone3's flags lie in memory, where no filter sees them: ENOSYS makes libraries use clone.
}

void add_sockets(Filter& filter, bool local) {
  filter.add_all(SCMP_ACT_ALLOW, kSockets);
  for (const char* name : {"socket", "socketpair"}) {
    if (!local) {
      filter.add(SCMP_ACT_ERRNO(EAFNOSUPPORT), name);
      continue;
    }
    filter.add_when(SCMP_ACT_ALLOW, name, compared(0, SCMP_CMP_EQ, AF_UNIX));
    filter.add_when(SCMP_ACT_ERRNO(EAFNOSUPPORT), name, compared(0, SCMP_CMP_NE, AF_UNIX));
  }
}

void add_controls(Filter& filter) {
  // Compared in 32 bits, as the kernel does: what stands above would slip past an equality.
  for (const unsigned long request : kIoctls) {
    filter.add_when(SCMP_ACT_ALLOW, "ioctl", masked(1, 0xffffffffU, request));
  }
  for (const int control : kProcessControls) {
    filter.add_when(SCMP_ACT_ALLOW, "prctl",
                    compared(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(control)));
  }
}

}  // namespace

Result<int> restrict_syscalls(const SyscallPolicy& policy) {
  Filter filter;
  const std::uint32_t attack = attack_action(policy);
  for (const char* name : kMemory) {
    const std::string_view mapping = name;
    if (mapping != "mmap" && mapping != "mprotect") filter.add(SCMP_ACT_ALLOW, name);
  }
  add_executable_memory(filter, policy.executable_memory);
  filter.add_all(SCMP_ACT_ALLOW, kFiles);
  filter.add_all(SCMP_ACT_ALLOW, kWaiting);
  filter.add_all(SCMP_ACT_ALLOW, kThreads);
  filter.add_all(SCMP_ACT_ALLOW, kSignals);
  filter.add_all(SCMP_ACT_ALLOW, kTime);
  add_threads(filter, attack, policy.own_processes);
  add_sockets(filter, policy.local_sockets);
  add_controls(filter);
  for (const char* name : kRefused) {
    const bool starts = std::string_view(name) == "execve" && policy.start_programs;
    filter.add(starts ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), name);
  }
  filter.add_all(attack, kAttacks);
  return filter.load(attack == SCMP_ACT_NOTIFY);
}

std::string next_attack(int listener) {
  seccomp_notif* request = nullptr;
  seccomp_notif_resp* response = nullptr;
  if (seccomp_notify_alloc(&request, &response) != 0) return "";
  std::string name;
  if (seccomp_notify_receive(listener, request) == 0) {
    char* resolved = seccomp_syscall_resolve_num_arch(request->data.arch, request->data.nr);
    name = resolved != nullptr ? resolved : "number " + std::to_string(request->data.nr);
    std::free(resolved);  // NOLINT(cppcoreguidelines-no-malloc): libseccomp's contract
  }
  seccomp_notify_free(request, response);
  return name;
}

std::string why_no_syscall_filter() {
  const unsigned level = seccomp_api_get();
  if (level == 0) return "this kernel has no seccomp filters";
  if (level < 5) return "this kernel is too old for filters with a listener (5.0)";
  return "";
}

}  // namespace dl
