// SPDX-License-Identifier: Apache-2.0
// One processor of an arm64 guest: what the translator asks for while it runs.
#pragma once

#include <dynarmic/interface/A64/a64.h>
#include <dynarmic/interface/A64/config.h>
#include <dynarmic/interface/exclusive_monitor.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daylight/guest/engine/arm64_hot_sites.h"
#include "daylight/guest/engine/arm64_missing_instructions.h"
#include "daylight/guest/engine/arm64_watches.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/engine/guest_fault.h"
#include "daylight/guest/engine/watched_calls.h"
#include "daylight/guest/memory/guest_arena.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {

namespace A64 = Dynarmic::A64;

// Of the svc that ends a call, stands at a watched place, behind an instruction that was moved, or
// where handlers of signals return to.
inline constexpr std::uint32_t kReturnNumber = 0xffff;
inline constexpr std::uint32_t kWatchNumber = 0xfffe;
inline constexpr std::uint32_t kResumeNumber = 0xfffd;
inline constexpr std::uint32_t kSignalReturnNumber = 0xfffc;
inline constexpr Dynarmic::HaltReason kReturned = Dynarmic::HaltReason::UserDefined1;
inline constexpr Dynarmic::HaltReason kFaulted = Dynarmic::HaltReason::UserDefined2;
inline constexpr Dynarmic::HaltReason kStopRequest = Dynarmic::HaltReason::UserDefined3;
// Unmapped addresses below a stack.
inline constexpr std::uint64_t kStackGuard = 65'536;

class Arm64Cpu;

// A thread of the host while it runs guest code.
struct Arm64Thread {
  WatchedCalls watched;
  std::vector<Arm64Cpu*> active;  // by depth of the call
  std::optional<GuestFault> fault;
  // Its call is to end, also where the engine goes on meanwhile. False outside of calls.
  std::atomic<bool> stopped = false;
  std::uint64_t block = 0;
  std::uint64_t stack = 0;  // lowest address, above the guard
  std::uint64_t stack_size = 0;
};

// What a processor needs of the engine that it belongs to.
class Arm64Host {
 public:
  virtual ~Arm64Host() = default;
  virtual const Arm64Watches& watches() const = 0;
  virtual Arm64HotSites& hot_sites() = 0;
  virtual std::uint64_t return_stub() const = 0;
  // Where handlers of signals return to.
  virtual std::uint64_t signal_stub() const = 0;
  // The guest's handler, 0 for none.
  virtual std::uint64_t handler_of(int signal) const = 0;
  virtual std::vector<std::uint64_t> frames_of(Arm64Cpu& cpu) const = 0;
  // The function whose stub is the svc at `pc`, or the guest's own system call.
  virtual void host_call(Arm64Cpu& cpu, std::uint32_t number, std::uint64_t pc) = 0;
  virtual void enter_watched(Arm64Cpu& cpu, std::uint64_t function) = 0;
  virtual void leave_watched(Arm64Cpu& cpu, std::uint64_t return_to) = 0;
};

// Used by one thread at a time. Host, arena and monitor must outlive it.
class Arm64Cpu final : public A64::UserCallbacks, public Arm64Registers, public Arm64Core {
 public:
  Arm64Cpu(Arm64Host& host, GuestArena& arena, Dynarmic::ExclusiveMonitor& monitor,
           std::size_t number, const GuestEngineOptions& options);

  A64::Jit& jit() { return *jit_; }
  Arm64Thread* thread = nullptr;
  std::uint64_t thread_register = 0;

  // Code and memory that the fast path does not reach.
  std::optional<std::uint32_t> MemoryReadCode(A64::VAddr at) override;
  std::uint8_t MemoryRead8(A64::VAddr at) override { return load<std::uint8_t>(at); }
  std::uint16_t MemoryRead16(A64::VAddr at) override { return load<std::uint16_t>(at); }
  std::uint32_t MemoryRead32(A64::VAddr at) override { return load<std::uint32_t>(at); }
  std::uint64_t MemoryRead64(A64::VAddr at) override { return load<std::uint64_t>(at); }
  A64::Vector MemoryRead128(A64::VAddr at) override { return load<A64::Vector>(at); }
  void MemoryWrite8(A64::VAddr at, std::uint8_t v) override { store(at, v); }
  void MemoryWrite16(A64::VAddr at, std::uint16_t v) override { store(at, v); }
  void MemoryWrite32(A64::VAddr at, std::uint32_t v) override { store(at, v); }
  void MemoryWrite64(A64::VAddr at, std::uint64_t v) override { store(at, v); }
  void MemoryWrite128(A64::VAddr at, A64::Vector v) override { store(at, v); }
  bool MemoryWriteExclusive8(A64::VAddr at, std::uint8_t v, std::uint8_t e) override {
    return exchange(at, v, e);
  }
  bool MemoryWriteExclusive16(A64::VAddr at, std::uint16_t v, std::uint16_t e) override {
    return exchange(at, v, e);
  }
  bool MemoryWriteExclusive32(A64::VAddr at, std::uint32_t v, std::uint32_t e) override {
    return exchange(at, v, e);
  }
  bool MemoryWriteExclusive64(A64::VAddr at, std::uint64_t v, std::uint64_t e) override {
    return exchange(at, v, e);
  }
  bool MemoryWriteExclusive128(A64::VAddr at, A64::Vector v, A64::Vector e) override;

  void InterpreterFallback(A64::VAddr pc, std::size_t count) override;
  void CallSVC(std::uint32_t number) override;
  void ExceptionRaised(A64::VAddr pc, A64::Exception exception) override;
  void InstructionCacheOperationRaised(A64::InstructionCacheOperation operation,
                                       A64::VAddr at) override;
  void AddTicks(std::uint64_t) override {}
  std::uint64_t GetTicksRemaining() override { return std::uint64_t{1} << 40U; }
  std::uint64_t GetCNTPCT() override { return counter(); }

  void set_integer(std::size_t i, std::uint64_t value) override { jit_->SetRegister(i, value); }
  Vector128 vector(std::size_t i) const override { return jit_->GetVector(i); }
  void set_vector(std::size_t i, const Vector128& value) override { jit_->SetVector(i, value); }
  void set_saturated() override { jit_->SetFpsr(jit_->GetFpsr() | (1U << 27U)); }
  std::uint64_t counter() override;

  std::uint64_t x(std::size_t i) const override { return i == 31 ? 0 : jit_->GetRegister(i); }
  void set_x(std::size_t i, std::uint64_t value) override {
    if (i != 31) jit_->SetRegister(i, value);
  }
  void set_v(std::size_t i, const std::uint8_t* bytes, std::size_t size) override {
    Vector128 out{};
    std::memcpy(out.data(), bytes, size);
    jit_->SetVector(i, out);
  }
  std::uint32_t pstate() const override { return jit_->GetPstate(); }
  void set_pc(std::uint64_t pc) override { jit_->SetPC(pc); }

  // Whether an operation had no number as its result since the last question.
  bool take_invalid_operation();
  // Ends the call with a fault, which stays the first one.
  void fault(GuestFault::Kind kind, std::string what, std::uint64_t pc, std::uint64_t address);

 private:
  void refuse_memory(A64::VAddr at, std::uint8_t access);
  // Whether body() could use the memory; otherwise the guest's call has its fault.
  template <typename Body>
  bool with_memory(A64::VAddr at, std::size_t size, std::uint8_t access, Body&& body) {
    if (arena_.allows(at, size, access) && !with_memory_escape(std::forward<Body>(body)))
      return true;
    refuse_memory(at, access);
    return false;
  }
  template <typename T>
  T load(A64::VAddr at) {
    T out{};
    with_memory(at, sizeof(T), kPageRead,
                [&] { std::memcpy(&out, reinterpret_cast<void*>(at), sizeof(T)); });
    return out;
  }
  template <typename T>
  void store(A64::VAddr at, T value) {
    with_memory(at, sizeof(T), kPageWrite,
                [&] { std::memcpy(reinterpret_cast<void*>(at), &value, sizeof(T)); });
  }
  template <typename T>
  bool exchange(A64::VAddr at, T value, T expected) {
    bool done = false;
    with_memory(at, sizeof(T), kPageWrite, [&] {
      if (at % sizeof(T) == 0)
        done = __atomic_compare_exchange_n(reinterpret_cast<T*>(at), &expected, value, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    });
    return done;
  }
  bool run_missing(A64::VAddr pc);
  bool deliver(int signal, std::uint64_t pc);
  void pass_watch(std::uint64_t pc);

  Arm64Host& host_;
  GuestArena& arena_;
  std::unique_ptr<A64::Jit> jit_;
};

}  // namespace dl::guest
