// SPDX-License-Identifier: Apache-2.0
// Reads what lies around a fault.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, 6.15 (exceptions,
// error code of page faults).
#include "daylight/guest/engine/host_faults.h"

#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// Words of the stack that are searched where there are no frame pointers.
constexpr std::uint64_t kSearchedWords = 1'024;

constexpr std::uint64_t kPageFault = 14;          // trap number
constexpr std::uint64_t kGeneralProtection = 13;  // trap number
constexpr std::uint64_t kWriteAccess = 2;         // bit of a page fault
constexpr std::uint64_t kFetchAccess = 16;        // bit of a page fault

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
bool behind_call(const HostCode& guest, std::uint64_t address) {
  if (!is_code(guest.arena(), address) || !is_code(guest.arena(), address - 8)) return false;
  const auto bytes = guest.bytes<8>(address - 8);
  if (!bytes) return false;
  const std::array<std::uint8_t, 8>& code = *bytes;
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
std::string code_at(const HostCode& code, std::uint64_t pc) {
  const auto bytes = code.bytes<4>(pc);
  if (!bytes) return "?";
  std::string out = "0x";
  for (const std::uint8_t byte : *bytes) out += hex_number(byte, 2);
  return out;
}

#if defined(__x86_64__)
bool is_breakpoint(const HostCode& code, std::uint64_t pc) {
  const auto bytes = code.bytes<2>(pc);
  return bytes && (*bytes)[0] == 0x0f && (*bytes)[1] == 0x0b;  // ud2: what compilers trap with
}

// Whether a general protection fault is the instruction's fault, not the address's.
bool is_privileged(const HostCode& code, std::uint64_t pc) {
  const auto bytes = code.bytes<1>(pc);
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

void describe_memory(GuestFault& fault, const HostSignal& signal,
                     [[maybe_unused]] const HostCode& code, std::uint64_t stack,
                     std::uint64_t guard) {
  const std::uint64_t at = signal.address;
  bool fetch = at == signal.pc;
  std::string verb = "uses";
  bool address_known = true;
#if defined(__x86_64__)
  if (signal.trap == kGeneralProtection) {
    if (is_privileged(code, signal.pc))
      return say(fault, GuestFault::Kind::kInstruction,
                 "instruction " + code_at(code, signal.pc) + " is not allowed");
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
void follow_stack(const HostCode& code, std::uint64_t stack, std::uint64_t stack_end,
                  std::uint64_t frame, std::vector<std::uint64_t>& out) {
  const auto add = [&](std::uint64_t address) {
    if (out.size() < kMaxBacktrace && address != out.back()) out.push_back(address);
  };
  const auto on_stack = [&](std::uint64_t address) -> std::optional<std::uint64_t> {
    if (address < stack || address > stack_end - 8) return std::nullopt;
    return word_at(code.arena(), address);
  };
  // A function that has not made its frame yet: who called it stands on top of the stack.
  const auto top = on_stack(stack);
  if (top && behind_call(code, *top)) add(*top);
  const std::size_t before = out.size();
  for (std::uint64_t at = frame; at % 8 == 0 && out.size() < kMaxBacktrace;) {
    const auto next = on_stack(at);
    const auto link = on_stack(at + 8);
    if (!next || !link || !behind_call(code, *link)) break;
    add(*link);
    if (*next <= at) break;  // frames grow upwards
    at = *next;
  }
  if (out.size() > before) return;
  for (std::uint64_t i = 1; i < kSearchedWords && out.size() < kMaxBacktrace; ++i) {
    const auto word = on_stack((stack & ~std::uint64_t{7}) + 8 * i);
    if (!word) break;
    if (behind_call(code, *word)) add(*word);
  }
}

}  // namespace

GuestFault fault_of(const HostSignal& signal, const HostCode& code, std::uint64_t stack,
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
      if (is_breakpoint(code, signal.pc)) {
        say(fault, GuestFault::Kind::kAbort, "stops at a breakpoint of its own");
        break;
      }
#endif
      say(fault, GuestFault::Kind::kInstruction,
          "instruction " + code_at(code, signal.pc) + " is not known");
      break;
    default:
      describe_memory(fault, signal, code, stack, guard);
  }
  return fault;
}

std::vector<std::uint64_t> host_backtrace(const HostCode& code, std::uint64_t pc,
                                          std::uint64_t stack, std::uint64_t stack_end,
                                          std::uint64_t frame) {
  std::vector<std::uint64_t> out;
  out.reserve(kMaxBacktrace);
  out.push_back(pc);
  // Code and frames may go away while they are read: other threads of the guest run on. What was
  // found until then stays.
  (void)with_memory_escape([&] { follow_stack(code, stack, stack_end, frame, out); });
  return out;
}

}  // namespace dl::guest
