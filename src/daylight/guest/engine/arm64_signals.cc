// SPDX-License-Identifier: Apache-2.0
// The frame of a signal: siginfo_t, then ucontext_t.
// Source: Linux, Documentation/arm64/sve.rst on signal frames and the structures of
// <asm/sigcontext.h>, <asm/ucontext.h> and <asm-generic/siginfo.h>.
#include "daylight/guest/engine/arm64_signals.h"

#include <array>
#include <cstring>

#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

struct SignalInfo {
  std::int32_t number = 0;
  std::int32_t error = 0;
  std::int32_t code = 1;  // ILL_ILLOPC, TRAP_BRKPT
  std::int32_t padding = 0;
  std::uint64_t address = 0;
  std::array<std::uint8_t, 104> rest{};
};
static_assert(sizeof(SignalInfo) == 128);

struct VectorContext {
  std::uint32_t magic = 0x46508001;
  std::uint32_t size = 0x210;
  std::uint32_t status = 0;   // FPSR
  std::uint32_t control = 0;  // FPCR
  std::array<Dynarmic::A64::Vector, 32> registers{};
};
static_assert(sizeof(VectorContext) == 0x210);

struct UserContext {
  std::uint64_t flags = 0;
  std::uint64_t link = 0;
  std::array<std::uint64_t, 3> stack{0, 2, 0};  // SS_DISABLE
  std::uint64_t mask = 0;
  std::array<std::uint8_t, 128> unused{};
  std::uint64_t fault_address = 0;
  std::array<std::uint64_t, 31> registers{};
  std::uint64_t sp = 0;
  std::uint64_t pc = 0;
  std::uint64_t state = 0;
  std::uint64_t padding = 0;
  VectorContext vectors;
  std::array<std::uint8_t, 4096 - sizeof(VectorContext)> end{};  // of the list of contexts
};
static_assert(offsetof(UserContext, fault_address) == 176);
static_assert(offsetof(UserContext, vectors) == 464);

struct SignalFrame {
  SignalInfo info;
  UserContext context;
};

constexpr std::uint64_t kRedZone = 256;

}  // namespace

bool enter_signal(Dynarmic::A64::Jit& jit, const GuestArena& arena, int number,
                  std::uint64_t handler, std::uint64_t return_stub, std::uint64_t pc,
                  std::uint64_t address) {
  SignalFrame frame;
  frame.info.number = number;
  frame.info.address = address;
  UserContext& context = frame.context;
  context.fault_address = address;
  for (std::size_t i = 0; i < context.registers.size(); ++i)
    context.registers[i] = jit.GetRegister(i);
  context.sp = jit.GetSP();
  context.pc = pc;
  context.state = jit.GetPstate();
  context.vectors.status = jit.GetFpsr();
  context.vectors.control = jit.GetFpcr();
  for (std::size_t i = 0; i < 32; ++i) context.vectors.registers[i] = jit.GetVector(i);
  const std::uint64_t at = (context.sp - kRedZone - sizeof(frame)) & ~std::uint64_t{15};
  if (!arena.allows(at, sizeof(frame), kPageWrite)) return false;
  if (with_memory_escape([&] { std::memcpy(reinterpret_cast<void*>(at), &frame, sizeof(frame)); }))
    return false;
  jit.SetRegister(0, static_cast<std::uint64_t>(number));
  jit.SetRegister(1, at);
  jit.SetRegister(2, at + offsetof(SignalFrame, context));
  jit.SetRegister(30, return_stub);
  jit.SetSP(at);
  jit.SetPC(handler);
  return true;
}

bool leave_signal(Dynarmic::A64::Jit& jit, const GuestArena& arena) {
  const auto bytes = arena.copy(jit.GetSP(), sizeof(SignalFrame));
  if (!bytes) return false;
  SignalFrame frame;
  std::memcpy(&frame, bytes->data(), sizeof(frame));
  const UserContext& context = frame.context;
  for (std::size_t i = 0; i < context.registers.size(); ++i)
    jit.SetRegister(i, context.registers[i]);
  jit.SetSP(context.sp);
  jit.SetPstate(static_cast<std::uint32_t>(context.state));
  jit.SetFpsr(context.vectors.status);
  jit.SetFpcr(context.vectors.control);
  for (std::size_t i = 0; i < 32; ++i) jit.SetVector(i, context.vectors.registers[i]);
  jit.SetPC(context.pc);
  return true;
}

}  // namespace dl::guest
