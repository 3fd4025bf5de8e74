// SPDX-License-Identifier: Apache-2.0
// Signal handlers, and what they saw.
// Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, 6.15
// (exceptions); sigaction(2).
#include "daylight/guest/engine/host_signals.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/engine/host_switch.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// Observers of watched code run there, and the kernel puts all vector registers there.
constexpr std::size_t kSignalStack = 524'288;
constexpr std::size_t kSmallestSignalStack = 262'144;
// Unmapped addresses below it.
constexpr std::size_t kSignalStackGuard = 16'384;
// Which interrupts guests: ignored by default, so that a late one does no harm.
constexpr int kInterruptSignal = SIGURG;
#if defined(__x86_64__)
constexpr greg_t kBreakpointTrap = 3;  // trap number
#endif

constexpr std::array<int, 6> kGuestSignals = {SIGSEGV, SIGBUS,  SIGFPE,
                                              SIGILL,  SIGTRAP, kInterruptSignal};

thread_local HostSignal last_signal;
thread_local const std::atomic<bool>* stop_flag = nullptr;
thread_local const GuestHandlers* guest_handlers = nullptr;
std::array<struct sigaction, 65> earlier{};  // by number of the signal

void read_context(HostSignal& to, const ucontext_t& context) {
#if defined(__x86_64__)
  const auto& registers = context.uc_mcontext.gregs;
  to.pc = static_cast<std::uint64_t>(registers[REG_RIP]);
  to.stack = static_cast<std::uint64_t>(registers[REG_RSP]);
  to.frame = static_cast<std::uint64_t>(registers[REG_RBP]);
  to.trap = static_cast<std::uint64_t>(registers[REG_TRAPNO]);
  to.details = static_cast<std::uint64_t>(registers[REG_ERR]);
#else
  to.pc = context.uc_mcontext.pc;
  to.stack = context.uc_mcontext.sp;
  to.frame = context.uc_mcontext.regs[29];
#endif
}

void continue_at(ucontext_t& context, void (*function)()) {
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RIP] =
      static_cast<greg_t>(reinterpret_cast<std::uint64_t>(function));
  constexpr greg_t kDirectionFlag = 0x400;
  context.uc_mcontext.gregs[REG_EFL] &= ~kDirectionFlag;
#else
  context.uc_mcontext.pc = reinterpret_cast<std::uint64_t>(function);
#endif
}

void hand_on(int number, siginfo_t* info, void* context) {
  const struct sigaction& next = earlier[static_cast<std::size_t>(number)];
  if ((next.sa_flags & SA_SIGINFO) != 0 && next.sa_sigaction != nullptr) {
    next.sa_sigaction(number, info, context);
  } else if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN) {
    next.sa_handler(number);
  } else if (number != kInterruptSignal) {
    signal(number, SIG_DFL);
    raise(number);
  }
}

#if defined(__x86_64__)
// What the kernel puts on a stack for a handler. Source: <asm/sigcontext.h> and <asm/ucontext.h> of
// Linux; the state of vectors lies above, where the context points to.
constexpr std::uint64_t kContextSize = 304;  // the kernel's ucontext, with 8 bytes of mask
constexpr std::uint64_t kGuestRedZone = 128;
constexpr std::uint64_t kLegacyState = 512;
constexpr std::uint32_t kExtendedMark = 0x46505853;  // FP_XSTATE_MAGIC1

std::uint64_t size_of_vectors(const std::uint8_t* state) {
  std::uint32_t mark = 0;
  std::uint32_t size = 0;
  std::memcpy(&mark, state + 464, sizeof(mark));
  std::memcpy(&size, state + 468, sizeof(size));
  return mark == kExtendedMark && size >= kLegacyState && size <= kSignalStack ? size
                                                                               : kLegacyState;
}

// Whether the guest handles it: the kernel's frame is laid on the guest's own stack too, and the
// guest goes on in its handler, which returns as any handler does.
bool goes_on_in_handler(int number, const siginfo_t& info, ucontext_t& context) {
  if (guest_handlers == nullptr || !guest_handlers->handler_of) return false;
  const std::uint64_t handler = guest_handlers->handler_of(number);
  auto& registers = context.uc_mcontext.gregs;
  const auto* const state = reinterpret_cast<const std::uint8_t*>(context.uc_mcontext.fpregs);
  if (handler == 0 || state == nullptr) return false;
  const std::uint64_t vectors = size_of_vectors(state);
  const std::uint64_t top = static_cast<std::uint64_t>(registers[REG_RSP]) - kGuestRedZone;
  const std::uint64_t state_at = (top - vectors) & ~std::uint64_t{63};
  const std::uint64_t info_at = (state_at - sizeof(info)) & ~std::uint64_t{15};
  const std::uint64_t context_at = (info_at - kContextSize) & ~std::uint64_t{15};
  const std::uint64_t frame = context_at - 8;  // the return address; 16 bytes off, as in a call
  if (!guest_handlers->arena.allows(frame, top - frame, kPageWrite)) return false;
  std::memcpy(reinterpret_cast<void*>(state_at), state, vectors);
  std::memcpy(reinterpret_cast<void*>(info_at), &info, sizeof(info));
  std::memcpy(reinterpret_cast<void*>(context_at), &context, kContextSize);
  auto& copied = *reinterpret_cast<ucontext_t*>(context_at);
  copied.uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(state_at);
  // In front of its own context the kernel put the address that returns from a signal.
  std::memcpy(reinterpret_cast<void*>(frame), reinterpret_cast<const char*>(&context) - 8, 8);
  registers[REG_RSP] = static_cast<greg_t>(frame);
  registers[REG_RDI] = number;
  registers[REG_RSI] = static_cast<greg_t>(info_at);
  registers[REG_RDX] = static_cast<greg_t>(context_at);
  registers[REG_RIP] = static_cast<greg_t>(handler);
  return true;
}
#else
bool goes_on_in_handler(int, const siginfo_t&, ucontext_t&) { return false; }
#endif

#if defined(__x86_64__)
HostFrameRegisters frame_of(const ucontext_t& context) {
  const auto& from = context.uc_mcontext.gregs;
  const auto word = [&](int i) { return static_cast<std::uint64_t>(from[i]); };
  HostFrameRegisters out{};
  out.integers = {
      word(REG_RDI), word(REG_RSI), word(REG_RDX), word(REG_RCX), word(REG_R8), word(REG_R9), 0, 0};
  if (context.uc_mcontext.fpregs != nullptr)
    std::memcpy(out.vectors.data(), context.uc_mcontext.fpregs->_xmm, sizeof(out.vectors));
  out.stack = word(REG_RSP);
  out.frame = word(REG_RBP);
  out.result_address = word(REG_RDI);
  out.result = word(REG_RAX);
  out.second_result = word(REG_RDX);
  out.vector_result = out.vectors[0];
  return out;
}

// Whether guest code came to a breakpoint of ours: it goes on in place of what stood there.
bool passes_breakpoint(const siginfo_t& info, ucontext_t& context) {
  auto& registers = context.uc_mcontext.gregs;
  if (info.si_code <= 0 || registers[REG_TRAPNO] != kBreakpointTrap || guest_handlers == nullptr)
    return false;
  HostSwitch& here = daylight_host_switch;
  HostFrameRegisters frame = frame_of(context);
  const int guest_errno = errno;
  here.in_guest = 0;
  const auto goes_on =
      guest_handlers->breakpoints.pass(static_cast<std::uint64_t>(registers[REG_RIP]) - 1, frame);
  // In this order: an interrupt after the look ends the call by itself.
  here.in_guest = 1;
  errno = guest_errno;
  if (!goes_on) return false;
  if (*goes_on == 0 || here.interrupted != 0) {
    last_signal = {};
    continue_at(context, &daylight_abandon_guest);
  } else {
    registers[REG_RIP] = static_cast<greg_t>(*goes_on);
  }
  return true;
}

// Nobody else sees where moved instructions run.
void show_place(siginfo_t& info, ucontext_t& context) {
  if (guest_handlers == nullptr) return;
  const HostBreakpoints& breakpoints = guest_handlers->breakpoints;
  auto& pc = context.uc_mcontext.gregs[REG_RIP];
  pc = static_cast<greg_t>(breakpoints.place_of(static_cast<std::uint64_t>(pc)));
  if (info.si_code > 0)
    info.si_addr = reinterpret_cast<void*>(
        breakpoints.place_of(reinterpret_cast<std::uint64_t>(info.si_addr)));
}
#else
bool passes_breakpoint(const siginfo_t&, ucontext_t&) { return false; }
void show_place(siginfo_t&, ucontext_t&) {}
#endif

void on_signal(int number, siginfo_t* info, void* context) {
  HostSwitch& here = daylight_host_switch;
  auto& registers = *static_cast<ucontext_t*>(context);
  if (number == kInterruptSignal) {
    if (stop_flag == nullptr || !*stop_flag) return;
    here.interrupted = 1;
    if (here.in_guest != 0) {
      show_place(*info, registers);
      last_signal = {};
      last_signal.number = number;
      read_context(last_signal, registers);
      continue_at(registers, &daylight_abandon_guest);
    }
    return;
  }
  if (here.in_guest != 0) {
    if (number == SIGTRAP && passes_breakpoint(*info, registers)) return;
    show_place(*info, registers);
    if (goes_on_in_handler(number, *info, registers)) return;
    last_signal = {};
    last_signal.number = number;
    last_signal.code = info->si_code;
    last_signal.address = reinterpret_cast<std::uint64_t>(info->si_addr);
    read_context(last_signal, registers);
    continue_at(registers, &daylight_abandon_guest);
    return;
  }
  if (number == SIGSEGV || number == SIGBUS) {
    leave_by_memory_escape(reinterpret_cast<std::uint64_t>(info->si_addr));
    if (others_handle(number, info, context)) return;
  }
  hand_on(number, info, context);
}

// A thread's own, given back with the thread.
class SignalStack {
 public:
  bool prepare() {
    stack_t now{};
    if (sigaltstack(nullptr, &now) != 0) return false;
    if ((now.ss_flags & SS_DISABLE) == 0 && now.ss_size >= kSmallestSignalStack) return true;
    if (memory_ == nullptr) {
      void* const got = mmap(nullptr, kSignalStackGuard + kSignalStack, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (got == MAP_FAILED) return false;
      memory_ = static_cast<char*>(got);
      if (mprotect(memory_, kSignalStackGuard, PROT_NONE) != 0) return false;
    }
    stack_t fresh{};
    fresh.ss_sp = memory_ + kSignalStackGuard;
    fresh.ss_size = kSignalStack;
    // Whoever gave the thread its own gives that back at the thread's end.
    return sigaltstack(&fresh, &before_) == 0;
  }
  ~SignalStack() {
    if (memory_ == nullptr) return;
    stack_t now{};
    if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_ + kSignalStackGuard)
      sigaltstack(&before_, nullptr);
    munmap(memory_, kSignalStackGuard + kSignalStack);
  }

 private:
  char* memory_ = nullptr;
  stack_t before_{};
};
thread_local SignalStack signal_stack;

}  // namespace

Result<void> install_host_signals() {
  static std::mutex mutex;
  static bool installed = false;
  const std::scoped_lock lock(mutex);
  if (installed) return {};
  struct sigaction action {};
  action.sa_sigaction = &on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  for (const int number : kGuestSignals) {
    if (sigaction(number, &action, &earlier[static_cast<std::size_t>(number)]) != 0)
      return fail(ErrorCode::kIo, "signals cannot be handled here", "guest");
  }
  installed = true;
  return {};
}

Result<void> prepare_signal_stack() {
  if (!signal_stack.prepare())
    return fail(ErrorCode::kLimit, "no memory for a stack of signals", "guest");
  return {};
}

HostSignal take_host_signal() { return std::exchange(last_signal, HostSignal{}); }

void set_stop_flag(const std::atomic<bool>* flag) { stop_flag = flag; }

void set_guest_handlers(const GuestHandlers* handlers) { guest_handlers = handlers; }

void interrupt_guest(int thread_id) { syscall(SYS_tgkill, getpid(), thread_id, kInterruptSignal); }

}  // namespace dl::guest
