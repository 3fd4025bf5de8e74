// SPDX-License-Identifier: Apache-2.0
// Signal handlers, and what they saw.
// Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, 6.15
// (exceptions, error code of page faults); sigaction(2).
#include "daylight/guest/engine/host_signals.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/engine/host_switch.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// Handlers keep little, but the kernel puts all vector registers there.
constexpr std::size_t kSignalStack = 65'536;
constexpr std::size_t kSmallestSignalStack = 16'384;
// Which interrupts guests: ignored by default, so that a late one does no harm.
constexpr int kInterruptSignal = SIGURG;
// Words of the stack that are searched where there are no frame pointers.
constexpr std::uint64_t kSearchedWords = 1'024;

constexpr std::uint64_t kPageFault = 14;          // trap number
constexpr std::uint64_t kGeneralProtection = 13;  // trap number
constexpr std::uint64_t kWriteAccess = 2;         // bit of a page fault
constexpr std::uint64_t kFetchAccess = 16;        // bit of a page fault

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

void on_signal(int number, siginfo_t* info, void* context) {
  HostSwitch& here = daylight_host_switch;
  auto& registers = *static_cast<ucontext_t*>(context);
  if (number == kInterruptSignal) {
    if (stop_flag == nullptr || !*stop_flag) return;
    here.interrupted = 1;
    if (here.in_guest != 0) {
      last_signal = {};
      last_signal.number = number;
      read_context(last_signal, registers);
      continue_at(registers, &daylight_abandon_guest);
    }
    return;
  }
  if (here.in_guest != 0) {
    if (goes_on_in_handler(number, *info, registers)) return;
    last_signal = {};
    last_signal.number = number;
    last_signal.code = info->si_code;
    last_signal.address = reinterpret_cast<std::uint64_t>(info->si_addr);
    read_context(last_signal, registers);
    continue_at(registers, &daylight_abandon_guest);
    return;
  }
  if (number == SIGSEGV || number == SIGBUS)
    leave_by_memory_escape(reinterpret_cast<std::uint64_t>(info->si_addr));
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
      void* const got = mmap(nullptr, kSignalStack, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (got == MAP_FAILED) return false;
      memory_ = got;
    }
    stack_t fresh{};
    fresh.ss_sp = memory_;
    fresh.ss_size = kSignalStack;
    return sigaltstack(&fresh, nullptr) == 0;
  }
  ~SignalStack() {
    if (memory_ == nullptr) return;
    stack_t now{};
    if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    munmap(memory_, kSignalStack);
  }

 private:
  void* memory_ = nullptr;
};
thread_local SignalStack signal_stack;

std::optional<std::uint64_t> word_at(const GuestArena& arena, std::uint64_t address) {
  const auto bytes = arena.bytes(address, 8);
  if (!bytes) return std::nullopt;
  std::uint64_t out = 0;
  std::memcpy(&out, bytes->data(), 8);
  return out;
}

bool is_code(const GuestArena& arena, std::uint64_t address) {
  return (arena.access_at(address) & kPageExecute) != 0;
}

// Whether an address lies right behind an instruction that calls.
bool behind_call(const GuestArena& arena, std::uint64_t address) {
  if (!is_code(arena, address) || !is_code(arena, address - 8)) return false;
  const auto bytes = arena.bytes(address - 8, 8);
  if (!bytes) return false;
  const ByteSpan code = *bytes;
#if defined(__x86_64__)
  if (code[3] == 0xe8) return true;  // call rel32
  // call r/m64: ff /2, with the length that its mode asks for
  for (const std::size_t length :
       {std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{6}, std::size_t{7}}) {
    const std::size_t at = 8 - length;
    const std::uint8_t mode = code[at + 1];
    if (code[at] != 0xff || (mode & 0x38U) != 0x10) continue;
    const bool sib = (mode & 7U) == 4;
    const std::size_t wanted = (mode >> 6U) == 3   ? 2
                               : (mode >> 6U) == 1 ? (sib ? 4 : 3)
                               : (mode >> 6U) == 2 ? (sib ? 7 : 6)
                               : (mode & 7U) == 5  ? 6
                               : sib               ? (code[at + 2] % 8 == 5 ? 7 : 3)
                                                   : 2;
    if (wanted == length) return true;
  }
  return false;
#else
  std::uint32_t word = 0;
  std::memcpy(&word, code.data() + 4, 4);
  return (word & 0xfc000000U) == 0x94000000U || (word & 0xfffffc1fU) == 0xd63f0000U;
#endif
}

// "0x0f0bc390": the first bytes of what could not be run.
std::string code_at(const GuestArena& arena, std::uint64_t pc) {
  const auto bytes = arena.bytes(pc, 4);
  if (!bytes) return "?";
  std::string out = "0x";
  for (const std::uint8_t byte : *bytes) out += hex_number(byte, 2);
  return out;
}

#if defined(__x86_64__)
bool is_breakpoint(const GuestArena& arena, std::uint64_t pc) {
  const auto bytes = arena.bytes(pc, 2);
  return bytes && (*bytes)[0] == 0x0f && (*bytes)[1] == 0x0b;  // ud2: what compilers trap with
}

// Whether a general protection fault is the instruction's fault, not the address's.
bool is_privileged(const GuestArena& arena, std::uint64_t pc) {
  const auto bytes = arena.bytes(pc, 1);
  if (!bytes) return false;
  const std::uint8_t first = bytes->front();
  return first == 0xf4 || first == 0xfa || first == 0xfb ||                       // hlt, cli, sti
         (first >= 0xe4 && first <= 0xe7) || (first >= 0xec && first <= 0xef) ||  // in, out
         (first >= 0x6c && first <= 0x6f) || first == 0xcd;                       // ins, outs, int
}
#endif

void say(GuestFault& fault, GuestFault::Kind kind, std::string what) {
  fault.kind = kind;
  fault.what = std::move(what);
}

void describe_memory(GuestFault& fault, const HostSignal& signal, const GuestArena& arena,
                     std::uint64_t stack, std::uint64_t guard) {
  const std::uint64_t at = signal.address;
  bool fetch = at == signal.pc;
  std::string verb = "uses";
  bool address_known = true;
#if defined(__x86_64__)
  if (signal.trap == kGeneralProtection) {
    if (is_privileged(arena, signal.pc))
      return say(fault, GuestFault::Kind::kInstruction,
                 "instruction " + code_at(arena, signal.pc) + " is not allowed");
    address_known = false;
  }
  if (signal.trap == kPageFault) {
    fetch = (signal.details & kFetchAccess) != 0;
    verb = (signal.details & kWriteAccess) != 0 ? "writes" : "reads";
  }
#endif
  if (!address_known)
    return say(fault, GuestFault::Kind::kMemory, "uses an address that no memory can have");
  fault.address = at;
  if (fetch)
    return say(fault, GuestFault::Kind::kInstruction,
               "runs into 0x" + hex_number(at) + ", where no code is");
  if (at < stack && stack - at <= guard)
    return say(fault, GuestFault::Kind::kStackOverflow, "uses more stack than it has");
  say(fault, GuestFault::Kind::kMemory,
      verb + " 0x" + hex_number(at) + ", which is not mapped for that");
}

// Adds to `out`, which has room for kMaxBacktrace: nothing is allocated here.
void follow_stack(const GuestArena& arena, std::uint64_t stack, std::uint64_t stack_end,
                  std::uint64_t frame, std::vector<std::uint64_t>& out) {
  const auto add = [&](std::uint64_t address) {
    if (out.size() < kMaxBacktrace && address != out.back()) out.push_back(address);
  };
  const auto on_stack = [&](std::uint64_t address) -> std::optional<std::uint64_t> {
    if (address < stack || address > stack_end - 8) return std::nullopt;
    return word_at(arena, address);
  };
  // A function that has not made its frame yet: who called it stands on top of the stack.
  const auto top = on_stack(stack);
  if (top && behind_call(arena, *top)) add(*top);
  const std::size_t before = out.size();
  for (std::uint64_t at = frame; at % 8 == 0 && out.size() < kMaxBacktrace;) {
    const auto next = on_stack(at);
    const auto link = on_stack(at + 8);
    if (!next || !link || !behind_call(arena, *link)) break;
    add(*link);
    if (*next <= at) break;  // frames grow upwards
    at = *next;
  }
  if (out.size() > before) return;
  for (std::uint64_t i = 1; i < kSearchedWords && out.size() < kMaxBacktrace; ++i) {
    const auto word = on_stack((stack & ~std::uint64_t{7}) + 8 * i);
    if (!word) break;
    if (behind_call(arena, *word)) add(*word);
  }
}

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

GuestFault fault_of(const HostSignal& signal, const GuestArena& arena, std::uint64_t stack,
                    std::uint64_t guard) {
  GuestFault fault;
  fault.pc = signal.pc;
  switch (signal.number) {
    case SIGFPE:
      say(fault, GuestFault::Kind::kInstruction, "divides by zero, or overflows a division");
      break;
    case SIGTRAP:
      say(fault, GuestFault::Kind::kAbort, "stops at a breakpoint of its own");
      break;
    case SIGILL:
#if defined(__x86_64__)
      if (is_breakpoint(arena, signal.pc)) {
        say(fault, GuestFault::Kind::kAbort, "stops at a breakpoint of its own");
        break;
      }
#endif
      say(fault, GuestFault::Kind::kInstruction,
          "instruction " + code_at(arena, signal.pc) + " is not known");
      break;
    default:
      describe_memory(fault, signal, arena, stack, guard);
  }
  return fault;
}

std::vector<std::uint64_t> host_backtrace(const GuestArena& arena, std::uint64_t pc,
                                          std::uint64_t stack, std::uint64_t stack_end,
                                          std::uint64_t frame) {
  std::vector<std::uint64_t> out;
  out.reserve(kMaxBacktrace);
  out.push_back(pc);
  // Code and frames may go away while they are read: other threads of the guest run on. What was
  // found until then stays.
  (void)with_memory_escape([&] { follow_stack(arena, stack, stack_end, frame, out); });
  return out;
}

}  // namespace dl::guest
