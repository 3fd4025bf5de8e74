// SPDX-License-Identifier: Apache-2.0
// Signals: sets, handlers, and those that a guest sends to itself.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/guest_signals.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {

SignalAction GuestSignals::get(int number) const {
  const std::scoped_lock lock(mutex_);
  return actions_.at(static_cast<std::size_t>(number));
}
SignalAction GuestSignals::set(int number, const SignalAction& action) {
  const std::scoped_lock lock(mutex_);
  return std::exchange(actions_.at(static_cast<std::size_t>(number)), action);
}
std::uint64_t GuestSignals::mask() const {
  const std::scoped_lock lock(mutex_);
  return mask_;
}
std::uint64_t GuestSignals::set_mask(std::uint64_t mask) {
  const std::scoped_lock lock(mutex_);
  return std::exchange(mask_, mask);
}

namespace {

bool is_signal(int number) { return number >= 1 && number <= kGuestSignals; }

// Those whose default is to be ignored, or to stop, which nobody would end.
bool is_harmless(int number) {
  return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT ||
         number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

}  // namespace

bool deliver_signal(GuestMachine& machine, int number) {
  if (!is_signal(number)) return false;
  const SignalAction action = machine.part<GuestSignals>().get(number);
  machine.events.lookup({GuestLookup::What::kSetting, "signal " + std::to_string(number), true,
                         action.handler > kSignalIgnored ? "handled" : "not handled"});
  if (action.handler == kSignalIgnored && number != SIGKILL) return true;
  if (action.handler == kSignalDefault || number == SIGKILL) {
    if (!is_harmless(number))
      machine.raise(GuestFault::Kind::kAbort, "sends itself signal " + std::to_string(number));
    return true;
  }
  if ((action.flags & kSignalInfo) == 0) {
    const std::uint64_t arguments[] = {static_cast<std::uint64_t>(number)};
    (void)machine.engine.call(action.handler, arguments);
    return true;
  }
  // siginfo_t (128 bytes: number, errno, code SI_TKILL, process, user) and an empty context.
  constexpr std::uint64_t kInfoSize = 128;
  constexpr std::uint64_t kContextSize = 4'560;
  const std::uint64_t info = machine.heap.allocate(kInfoSize + kContextSize, 16, true);
  if (info == 0) return true;
  const std::int32_t words[6] = {number, 0, -6, 0, kGuestProcess, kGuestProcess};
  std::memcpy(reinterpret_cast<void*>(info), words, sizeof(words));
  const std::uint64_t arguments[] = {static_cast<std::uint64_t>(number), info, info + kInfoSize};
  (void)machine.engine.call(action.handler, arguments);
  machine.heap.release(info);
  return true;
}

namespace {

int sigaction_(GuestMachine& machine, int number, std::uint64_t action, std::uint64_t old) {
  if (!is_signal(number) || (action != 0 && (number == SIGKILL || number == SIGSTOP))) {
    errno = EINVAL;
    return -1;
  }
  if ((action != 0 && !machine.arena.allows(action, sizeof(SignalAction), kPageRead)) ||
      (old != 0 && !machine.arena.allows(old, sizeof(SignalAction), kPageWrite))) {
    errno = EFAULT;
    return -1;
  }
  GuestSignals& signals = machine.part<GuestSignals>();
  SignalAction had = signals.get(number);
  if (action != 0) {
    SignalAction fresh;
    std::memcpy(&fresh, reinterpret_cast<const void*>(action), sizeof(fresh));
    had = signals.set(number, fresh);
    machine.events.lookup(
        {GuestLookup::What::kSetting, "sigaction " + std::to_string(number), true, "kept"});
  }
  if (old != 0) std::memcpy(reinterpret_cast<void*>(old), &had, sizeof(had));
  return 0;
}
std::uint64_t signal_(GuestMachine& machine, int number, std::uint64_t handler) {
  if (!is_signal(number) || number == SIGKILL || number == SIGSTOP) {
    errno = EINVAL;
    return ~std::uint64_t{0};  // SIG_ERR
  }
  SignalAction action;
  action.handler = handler;
  action.flags = SA_RESTART;
  return machine.part<GuestSignals>().set(number, action).handler;
}
int siginterrupt_(int, int) { return 0; }

// ---- sets of 64 bits ----

int refuse_number() {
  errno = EINVAL;
  return -1;
}
int sigemptyset_(std::uint64_t* set) {
  *set = 0;
  return 0;
}
int sigfillset_(std::uint64_t* set) {
  *set = ~std::uint64_t{0};
  return 0;
}
int sigaddset_(std::uint64_t* set, int number) {
  if (!is_signal(number)) return refuse_number();
  *set |= std::uint64_t{1} << static_cast<unsigned>(number - 1);
  return 0;
}
int sigdelset_(std::uint64_t* set, int number) {
  if (!is_signal(number)) return refuse_number();
  *set &= ~(std::uint64_t{1} << static_cast<unsigned>(number - 1));
  return 0;
}
int sigismember_(const std::uint64_t* set, int number) {
  if (!is_signal(number)) return refuse_number();
  return static_cast<int>((*set >> static_cast<unsigned>(number - 1)) & 1U);
}
// The mask is one for all threads: nothing arrives that it would hold back.
int mask_error(GuestMachine& machine, int how, const std::uint64_t* set, std::uint64_t* old) {
  GuestSignals& signals = machine.part<GuestSignals>();
  const std::uint64_t had = signals.mask();
  if (set != nullptr) {
    switch (how) {
      case SIG_BLOCK:
        signals.set_mask(had | *set);
        break;
      case SIG_UNBLOCK:
        signals.set_mask(had & ~*set);
        break;
      case SIG_SETMASK:
        signals.set_mask(*set);
        break;
      default:
        return EINVAL;
    }
  }
  if (old != nullptr) *old = had;
  return 0;
}
int sigprocmask_(GuestMachine& machine, int how, const std::uint64_t* set, std::uint64_t* old) {
  const int error = mask_error(machine, how, set, old);
  if (error != 0) errno = error;
  return error == 0 ? 0 : -1;
}
int sigpending_(std::uint64_t* set) {
  *set = 0;
  return 0;
}

int sigaltstack_(GuestMachine& machine, std::uint64_t fresh, std::uint64_t old) {
  constexpr std::uint64_t kSize = 24;
  if ((fresh != 0 && !machine.arena.allows(fresh, kSize, kPageRead)) ||
      (old != 0 && !machine.arena.allows(old, kSize, kPageWrite))) {
    errno = EFAULT;
    return -1;
  }
  auto& stack = machine.part<GuestSignals>().stack;
  const auto had = stack;
  if (fresh != 0) std::memcpy(stack.data(), reinterpret_cast<const void*>(fresh), kSize);
  if (old != 0) std::memcpy(reinterpret_cast<void*>(old), had.data(), kSize);
  return 0;
}

// ---- sending ----

bool is_self(int process) { return process == kGuestProcess || process == 0 || process == -1; }

int send(GuestMachine& machine, int number) {
  if (number == 0) return 0;
  if (deliver_signal(machine, number)) return 0;
  errno = EINVAL;
  return -1;
}
int raise_(GuestMachine& machine, int number) { return send(machine, number); }
int kill_(GuestMachine& machine, int process, int number) {
  if (is_self(process)) return send(machine, number);
  machine.events.lookup(
      {GuestLookup::What::kSetting, "kill " + std::to_string(process), false, ""});
  errno = process == 1 ? EPERM : ESRCH;
  return -1;
}
// Another thread gets it as this one would: there is nothing that could interrupt it.
int tgkill_(GuestMachine& machine, int process, int, int number) {
  return kill_(machine, process, number);
}
int tkill_(GuestMachine& machine, int, int number) { return send(machine, number); }
int pthread_kill_(GuestMachine& machine, std::uint64_t, int number) {
  if (number == 0) return 0;
  return deliver_signal(machine, number) ? 0 : EINVAL;
}

// ---- waiting for what never comes: until the guest is stopped ----

int wait_forever(GuestMachine& machine) {
  while (!machine.engine.faulted()) ::usleep(20'000);
  errno = EINTR;
  return -1;
}
int pause_(GuestMachine& machine) { return wait_forever(machine); }
int sigsuspend_(GuestMachine& machine, const std::uint64_t*) { return wait_forever(machine); }
int sigwait_(GuestMachine& machine, const std::uint64_t*, int*) {
  wait_forever(machine);
  return EINTR;
}
int sigwaitinfo_(GuestMachine& machine, const std::uint64_t*, std::uint64_t) {
  return wait_forever(machine);
}
int sigtimedwait_(const std::uint64_t*, std::uint64_t, std::uint64_t) {
  errno = EAGAIN;
  return -1;
}
unsigned alarm_(GuestMachine& machine, unsigned seconds) {
  machine.events.lookup(
      {GuestLookup::What::kSetting, "alarm " + std::to_string(seconds), false, "never rings"});
  return 0;
}
int no_timer(GuestMachine& machine) {
  machine.events.lookup({GuestLookup::What::kSetting, "timer", false, "there are none"});
  errno = ENOSYS;
  return -1;
}
std::uint64_t strsignal_(GuestMachine& machine, int number) {
  const char* const text = is_signal(number) ? ::sigdescr_np(number) : nullptr;
  return machine.constant_text(text == nullptr ? "Unknown signal " + std::to_string(number) : text);
}
void psignal_(GuestMachine& machine, int number, const char* text) {
  machine.events.log(
      5, "stderr", std::string(text == nullptr ? "" : text) + ": signal " + std::to_string(number));
}
int first_realtime() { return 32 + 10; }  // the lower ones are bionic's own
int last_realtime() { return kGuestSignals; }

}  // namespace

void add_signal_functions(FunctionTable& table) {
  table.add("sigaction", &sigaction_);
  table.alias("sigaction64", "sigaction");
  table.add("signal", &signal_);
  for (const char* name : {"bsd_signal", "sysv_signal", "sigset"}) table.alias(name, "signal");
  table.add("siginterrupt", &siginterrupt_);
  table.add("sigemptyset", &sigemptyset_);
  table.add("sigfillset", &sigfillset_);
  table.add("sigaddset", &sigaddset_);
  table.add("sigdelset", &sigdelset_);
  table.add("sigismember", &sigismember_);
  for (const char* name : {"sigemptyset", "sigfillset", "sigaddset", "sigdelset", "sigismember"})
    table.alias(std::string(name) + "64", name);
  table.add("sigprocmask", &sigprocmask_);
  table.alias("sigprocmask64", "sigprocmask");
  table.add("pthread_sigmask", &mask_error);
  table.alias("pthread_sigmask64", "pthread_sigmask");
  table.add("sigpending", &sigpending_);
  table.add("sigaltstack", &sigaltstack_);
  table.add("raise", &raise_);
  table.add("kill", &kill_);
  table.alias("killpg", "kill");
  table.add("tgkill", &tgkill_);
  table.add("tkill", &tkill_);
  table.add("pthread_kill", &pthread_kill_);
  table.add("pause", &pause_);
  table.add("sigsuspend", &sigsuspend_);
  table.add("sigwait", &sigwait_);
  table.add("sigwaitinfo", &sigwaitinfo_);
  table.add("sigtimedwait", &sigtimedwait_);
  table.add("alarm", &alarm_);
  for (const char* name : {"setitimer", "getitimer", "timer_create", "timer_settime",
                           "timer_gettime", "timer_delete", "timer_getoverrun", "ualarm"})
    table.add(name, &no_timer);
  table.add("strsignal", &strsignal_);
  table.add("psignal", &psignal_);
  table.add("__libc_current_sigrtmin", &first_realtime);
  table.add("__libc_current_sigrtmax", &last_realtime);
}

}  // namespace dl::guest
