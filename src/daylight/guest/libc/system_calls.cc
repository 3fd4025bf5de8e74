// SPDX-License-Identifier: Apache-2.0
// System calls without a library: svc instructions of arm64 code, and syscall(). Libraries that
// look for hooks in libc open /proc/self/maps this way.
// Source of the numbers: <asm-generic/unistd.h> and <asm/unistd_64.h> of Linux.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

using Six = std::array<std::uint64_t, 6>;

// Calls that a function of libc with the same parameters makes for the guest.
struct CallOfLibc {
  int arm;
  int intel;  // -1 where one of them has no such call
  const char* function;
};
constexpr CallOfLibc kCalls[] = {
    {63, 0, "read"},
    {64, 1, "write"},
    {56, 257, "openat"},
    {-1, 2, "open"},
    {57, 3, "close"},
    {62, 8, "lseek"},
    {67, 17, "pread64"},
    {68, 18, "pwrite64"},
    {65, 19, "readv"},
    {66, 20, "writev"},
    {80, 5, "fstat"},
    {79, 262, "fstatat"},
    {-1, 4, "stat"},
    {-1, 6, "lstat"},
    {-1, 21, "access"},
    {78, 267, "readlinkat"},
    {-1, 89, "readlink"},
    {222, 9, "mmap"},
    {226, 10, "mprotect"},
    {215, 11, "munmap"},
    {233, 28, "madvise"},
    {216, 25, "mremap"},
    {113, 228, "clock_gettime"},
    {114, 229, "clock_getres"},
    {101, 35, "nanosleep"},
    {169, 96, "gettimeofday"},
    {172, 39, "getpid"},
    {173, 110, "getppid"},
    {174, 102, "getuid"},
    {175, 107, "geteuid"},
    {176, 104, "getgid"},
    {177, 108, "getegid"},
    {178, 186, "gettid"},
    {160, 63, "uname"},
    {179, 99, "sysinfo"},
    {167, 157, "prctl"},
    {94, 231, "exit"},
    {23, 32, "dup"},
    {59, 293, "pipe2"},
    {25, 72, "fcntl"},
    {124, 24, "sched_yield"},
    {129, 62, "kill"},
    {132, 131, "sigaltstack"},
    {34, -1, "mkdirat"},
    {35, -1, "unlinkat"},
};

// The arguments of a system call as those of a function; what it answers is kept.
class SystemCallFrame final : public CallFrame {
 public:
  SystemCallFrame(const CallFrame& outer, const Six& arguments)
      : CallFrame(outer.arena()), outer_(outer), arguments_(arguments) {}
  std::size_t integer_registers() const override { return arguments_.size(); }
  std::uint64_t integer(std::size_t i) const override { return arguments_[i]; }
  std::size_t vector_registers() const override { return 0; }
  Vector128 vector(std::size_t) const override { return {}; }
  std::uint64_t stack() const override { return outer_.stack(); }
  std::uint64_t return_address() const override { return outer_.return_address(); }
  void return_integer(std::uint64_t value) override { result = value; }
  void return_vector(const Vector128&) override {}
  std::uint64_t result_address() const override { return 0; }
  bool is_arm64() const override { return outer_.is_arm64(); }

  std::uint64_t result = 0;

 private:
  const CallFrame& outer_;
  const Six& arguments_;
};

std::int64_t random_bytes(GuestMachine& machine, const Six& arguments) {
  if (!machine.arena.allows(arguments[0], arguments[1], kPageWrite)) return -EFAULT;
  machine.part<GuestChance>().fill(reinterpret_cast<void*>(arguments[0]), arguments[1]);
  return static_cast<std::int64_t>(arguments[1]);
}

// Waiting and waking on a word of its own memory.
std::int64_t futex(GuestMachine& machine, const Six& arguments) {
  const auto operation = static_cast<int>(arguments[1] & 0x7fU);
  if (!machine.arena.allows(arguments[0], 4, kPageRead | kPageWrite)) return -EFAULT;
  if (operation != 0 && operation != 1) return -ENOSYS;
  const timespec slice{0, 50'000'000};
  const long result = ::syscall(SYS_futex, arguments[0], arguments[1] & 0xffU, arguments[2],
                                operation == 0 ? &slice : nullptr, nullptr, 0);
  // A wait that was cut short is a spurious wake-up, which every caller must expect.
  if (result < 0) return errno == ETIMEDOUT && arguments[3] == 0 ? -EINTR : -errno;
  return result;
}

const char* function_of(std::uint64_t number, bool arm64) {
  for (const CallOfLibc& each : kCalls) {
    const int known = arm64 ? each.arm : each.intel;
    if (known >= 0 && static_cast<std::uint64_t>(known) == number) return each.function;
  }
  return nullptr;
}

// The result, or a negative error as the kernel gives it.
std::int64_t run_system_call(GuestMachine& machine, std::uint64_t number, const Six& arguments,
                             CallFrame& caller) {
  const bool arm64 = caller.is_arm64();
  const bool random = number == (arm64 ? 278 : 318);
  const bool waits = number == (arm64 ? 98 : 202);
  const char* const name = function_of(number, arm64);
  const HostFunction* const function = name == nullptr ? nullptr : machine.functions.find(name);
  const bool known = random || waits || function != nullptr;
  machine.events.lookup({GuestLookup::What::kSystemCall, std::to_string(number), known,
                         random                ? "getrandom"
                         : waits               ? "futex"
                         : function == nullptr ? ""
                                               : name});
  if (random) return random_bytes(machine, arguments);
  if (waits) return futex(machine, arguments);
  if (function == nullptr) return -ENOSYS;
  SystemCallFrame frame(caller, arguments);
  errno = 0;
  // As the kernel, and not as libc, whose call would end: bad memory is an answer.
  const auto bad = with_memory_escape([&] { function->invoke(function->target, &machine, frame); });
  if (bad) return -EFAULT;
  const int error = std::exchange(errno, 0);
  if (!frame.refusal().empty()) return -EFAULT;  // as the kernel says of memory that is not there
  const auto result = static_cast<std::int64_t>(frame.result);
  return result == -1 && error != 0 ? -error : result;
}

std::int64_t syscall_(GuestMachine& machine, std::uint64_t number, CallArguments& rest) {
  Six arguments{};
  for (std::uint64_t& each : arguments) each = rest.next_integer();
  const std::int64_t result = run_system_call(machine, number, arguments, rest.frame());
  if (result >= 0 || result < -4095) {
    errno = 0;
    return result;
  }
  errno = static_cast<int>(-result);
  return -1;
}

// An svc instruction: the number is in x8, the arguments in x0 to x5.
void trap(void*, void* state, CallFrame& frame) {
  Six arguments{};
  for (std::size_t i = 0; i < arguments.size(); ++i) arguments[i] = frame.integer(i);
  GuestMachine& machine = *static_cast<GuestMachine*>(state);
  const std::int64_t result = run_system_call(machine, frame.result_address(), arguments, frame);
  frame.return_integer(static_cast<std::uint64_t>(result));
}

}  // namespace

void add_system_calls(FunctionTable& table) { table.add("syscall", &syscall_); }

Result<void> bind_system_calls(GuestMachine& machine) {
  if (!machine.arm64) return {};  // the processor makes them itself: the jail decides
  TRY_VOID(machine.engine.bind({"svc#0", &trap, nullptr, &machine}));
  return {};
}

}  // namespace dl::guest
