// SPDX-License-Identifier: Apache-2.0
// Memory and code off the fast path, system calls, watched places, faults.
#include "daylight/guest/engine/arm64_cpu.h"

#include <chrono>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/engine/arm64_engine.h"
#include "daylight/guest/engine/arm64_signals.h"

namespace dl::guest {
namespace {

// In shared mode: every address of a 64-bit process on Linux has this bit, so that cutting it off
// and putting it on again changes nothing.
constexpr unsigned kSharedBits = 46;
// FPSR.IOC: 0/0, inf - inf, 0 * inf, a conversion of what is no number, a signalling one.
constexpr std::uint32_t kInvalidOperation = 1;

}  // namespace

Arm64Cpu::Arm64Cpu(Arm64Host& host, GuestArena& arena, Dynarmic::ExclusiveMonitor& monitor,
                   std::size_t number, const GuestEngineOptions& options)
    : host_(host), arena_(arena) {
  A64::UserConfig config{};
  config.callbacks = this;
  config.processor_id = number;
  config.global_monitor = &monitor;
  config.tpidr_el0 = &thread_register;
  config.tpidrro_el0 = &thread_register;
  if (options.shared_memory) {
    config.fastmem_pointer = reinterpret_cast<void*>(std::uint64_t{1} << kSharedBits);
    config.fastmem_address_space_bits = kSharedBits;
  } else {
    config.fastmem_pointer = reinterpret_cast<void*>(arena.base());
    config.fastmem_address_space_bits = kArenaBits;
  }
  config.silently_mirror_fastmem = true;
  config.fastmem_exclusive_access = true;
  config.define_unpredictable_behaviour = true;
  config.enable_cycle_counting = false;
  config.wall_clock_cntpct = true;
  if (!options.exact_nans) {
    // Only results that are no numbers differ, and the status register tells that there are some.
    config.unsafe_optimizations = true;
    config.optimizations |= Dynarmic::OptimizationFlag::Unsafe_InaccurateNaN;
  }
  config.code_cache_size = number < kLargeCaches ? kGuestCodeCache : kSmallCodeCache;
  jit_ = std::make_unique<A64::Jit>(config);
}

std::uint64_t Arm64Cpu::counter() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

void Arm64Cpu::fault(GuestFault::Kind kind, std::string what, std::uint64_t pc,
                     std::uint64_t address) {
  if (thread != nullptr && !thread->fault) {
    GuestFault fault;
    fault.kind = kind;
    fault.what = std::move(what);
    fault.pc = pc;
    fault.address = address;
    fault.frames = host_.frames_of(*this);
    thread->fault = std::move(fault);
  }
  jit_->HaltExecution(kFaulted);
}

void Arm64Cpu::refuse_memory(A64::VAddr at, std::uint8_t access) {
  const bool stack = thread != nullptr && at < thread->stack && thread->stack - at <= kStackGuard;
  fault(stack ? GuestFault::Kind::kStackOverflow : GuestFault::Kind::kMemory,
        stack ? "uses more stack than it has"
              : std::string((access & kPageWrite) != 0 ? "writes" : "reads") + " 0x" +
                    hex_number(at) + ", which is not mapped for that",
        jit_->GetPC(), at);
}

std::optional<std::uint32_t> Arm64Cpu::MemoryReadCode(A64::VAddr at) {
  if (!arena_.allows(at, 4, kPageExecute)) return std::nullopt;
  if (const auto asked = host_.watches().code_at(at)) return asked;
  std::uint32_t word = 0;
  const auto gone = with_memory_escape([&] { std::memcpy(&word, reinterpret_cast<void*>(at), 4); });
  if (gone) return std::nullopt;
  return host_.hot_sites().branch_for(at, word).value_or(word);
}

bool Arm64Cpu::take_invalid_operation() {
  const std::uint32_t status = jit_->GetFpsr();
  if ((status & kInvalidOperation) == 0) return false;
  jit_->SetFpsr(status & ~kInvalidOperation);
  return true;
}

bool Arm64Cpu::MemoryWriteExclusive128(A64::VAddr at, A64::Vector value, A64::Vector expected) {
  __extension__ using Wide = unsigned __int128;
  Wide fresh = 0;
  Wide old = 0;
  std::memcpy(&fresh, value.data(), 16);
  std::memcpy(&old, expected.data(), 16);
  bool done = false;
  with_memory(at, 16, kPageWrite, [&] {
    if (at % 16 == 0) done = __sync_bool_compare_and_swap(reinterpret_cast<Wide*>(at), old, fresh);
  });
  return done;
}

bool Arm64Cpu::run_missing(A64::VAddr pc) {
  const auto word = MemoryReadCode(pc);
  if (!word || !run_missing_instruction(*word, *this)) return false;
  jit_->SetPC(pc + 4);
  return true;
}

// Whether the guest handles it: it goes on in its handler.
bool Arm64Cpu::deliver(int signal, std::uint64_t pc) {
  const std::uint64_t handler = host_.handler_of(signal);
  return handler != 0 && enter_signal(*jit_, arena_, signal, handler, host_.signal_stub(), pc, pc);
}

void Arm64Cpu::InterpreterFallback(A64::VAddr pc, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (run_missing(pc + 4 * i)) continue;
    if (deliver(kSignalIllegal, pc + 4 * i)) return;
    const auto word = MemoryReadCode(pc + 4 * i);
    fault(GuestFault::Kind::kInstruction,
          "instruction 0x" + hex_number(word.value_or(0), 8) + " is not known", pc + 4 * i, 0);
    return;
  }
}

void Arm64Cpu::ExceptionRaised(A64::VAddr pc, A64::Exception exception) {
  if (exception == A64::Exception::NoExecuteFault) {
    fault(GuestFault::Kind::kInstruction, "runs into 0x" + hex_number(pc) + ", where no code is",
          pc, pc);
    return;
  }
  if (exception == A64::Exception::Breakpoint) {
    if (deliver(kSignalTrap, pc)) return;
    fault(GuestFault::Kind::kAbort, "stops at a breakpoint of its own", pc, 0);
    return;
  }
  if (run_missing(pc) || deliver(kSignalIllegal, pc)) return;
  const auto word = MemoryReadCode(pc);
  fault(GuestFault::Kind::kInstruction,
        "instruction 0x" + hex_number(word.value_or(0), 8) + " is not known", pc, 0);
}

void Arm64Cpu::InstructionCacheOperationRaised(A64::InstructionCacheOperation, A64::VAddr) {
  jit_->ClearCache();
}

// At a watched place: tells, then runs what stands there.
void Arm64Cpu::pass_watch(std::uint64_t pc) {
  const auto watch = host_.watches().at(pc);
  if (!watch) {
    fault(GuestFault::Kind::kInstruction, "a system call that is not known", pc, 0);
    return;
  }
  if (watch->is_return) host_.leave_watched(*this, pc);
  if (watch->entry) host_.enter_watched(*this, pc);
  if (watch->moved_to != 0) {
    jit_->SetPC(watch->moved_to);
  } else if (!run_at(watch->word, pc, arena_, *this)) {
    fault(GuestFault::Kind::kMemory, "reads a constant that is not mapped", pc, 0);
  }
}

void Arm64Cpu::CallSVC(std::uint32_t number) {
  // The program counter is behind the svc.
  const std::uint64_t pc = jit_->GetPC() - 4;
  // A number means something only where we wrote it: Linux looks at none, and nor may a guest call
  // our functions by them.
  if (number == kReturnNumber && pc == host_.return_stub()) {
    if (!thread->watched.empty()) host_.leave_watched(*this, host_.return_stub());
    jit_->HaltExecution(kReturned);
    return;
  }
  if (number == kWatchNumber && host_.watches().at(pc)) {
    pass_watch(pc);
    return;
  }
  if (number == kResumeNumber) {
    if (const auto next = host_.watches().resumes_at(pc)) {
      jit_->SetPC(*next);
      return;
    }
  }
  if (number == kSignalReturnNumber && pc == host_.signal_stub()) {
    if (!leave_signal(*jit_, arena_))
      fault(GuestFault::Kind::kMemory, "the frame of a signal is gone", pc, jit_->GetSP());
    return;
  }
  host_.host_call(*this, number, pc);
}

}  // namespace dl::guest
