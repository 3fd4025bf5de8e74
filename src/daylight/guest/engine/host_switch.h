// SPDX-License-Identifier: Apache-2.0
// The way between this program's code and a guest's where both are for the same processor: two
// stacks, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daylight/guest/engine/call_frame.h"

namespace dl::guest {

// Registers in which a call passes arguments.
#if defined(__x86_64__)
inline constexpr std::size_t kHostIntegerRegisters = 6;
#elif defined(__aarch64__)
inline constexpr std::size_t kHostIntegerRegisters = 8;
#else
#error "no switch for this processor"
#endif
inline constexpr std::size_t kHostVectorRegisters = 8;

// The layouts below are known to the assembly of host_switch.cc.

// Of a thread: where it is.
struct HostSwitch {
  std::uint64_t host_stack;   // of the innermost enter_guest(); host functions run below it
  std::uint32_t in_guest;     // 1 while guest code runs, and on the last steps there and back
  std::uint32_t interrupted;  // guest code is not to be gone on with
};

// One call into the guest.
struct GuestEntry {
  std::uint64_t function;
  std::uint64_t stack;  // address of the first argument there, aligned to 16
  std::uint64_t frame;  // for the frame pointer's register
  std::uint64_t padding;
  std::array<std::uint64_t, 8> integers;
  std::array<Vector128, kHostVectorRegisters> vectors;
  std::uint64_t result;
  std::uint64_t second_result;
  Vector128 vector_result;
};
static_assert(offsetof(GuestEntry, integers) == 32 && offsetof(GuestEntry, vectors) == 96 &&
              offsetof(GuestEntry, result) == 224 && offsetof(GuestEntry, vector_result) == 240);

// One call from the guest: its registers as they were.
struct HostFrameRegisters {
  std::array<std::uint64_t, 8> integers;
  std::array<Vector128, kHostVectorRegisters> vectors;
  std::uint64_t stack;           // the guest's stack pointer
  std::uint64_t frame;           // the guest's frame pointer
  std::uint64_t number;          // which function is called
  std::uint64_t link;            // arm64: the return address; x86-64 has it on the stack
  std::uint64_t result_address;  // arm64: x8
  std::uint64_t result;
  Vector128 vector_result;
  std::uint64_t second_result;
  std::uint64_t returns_extended;                     // x86-64: the result is `extended`
  alignas(16) std::array<std::uint8_t, 16> extended;  // as a long double lies in memory
};
static_assert(offsetof(HostFrameRegisters, vectors) == 64 &&
              offsetof(HostFrameRegisters, stack) == 192 &&
              offsetof(HostFrameRegisters, link) == 216 &&
              offsetof(HostFrameRegisters, result) == 232 &&
              offsetof(HostFrameRegisters, vector_result) == 240 &&
              offsetof(HostFrameRegisters, second_result) == 256 &&
              offsetof(HostFrameRegisters, extended) == 272 && sizeof(HostFrameRegisters) == 288);

// Runs entry.function on entry.stack. 0 when it returned, 1 when it was given up: by a signal
// handler that went to abandon_guest(), by a host function, or because `interrupted` was set.
extern "C" int daylight_enter_guest(GuestEntry* entry);
// Where stubs in the guest's memory jump to, with the number of their function in r11 (x17): calls
// daylight_host_dispatch on the host's stack. Not to be called.
extern "C" void daylight_guest_thunk();
// Where a signal handler that interrupted guest code continues so that the innermost
// daylight_enter_guest() returns 1. Needs no register. Not to be called.
extern "C" void daylight_abandon_guest();
// What the thunk calls: 0 to go on in the guest, else the call is given up.
extern "C" int daylight_host_dispatch(HostFrameRegisters* registers);

// This thread's.
extern "C" __attribute__((
    tls_model("initial-exec"))) constinit thread_local HostSwitch daylight_host_switch;

// Stubs fill a page; the last word of it is the thunk's address.
inline constexpr std::size_t kHostStubSize = 16;
inline constexpr std::size_t kHostStubsPerPage = kGuestPage / kHostStubSize - 1;
// Writes the stubs of functions first, first + 1, ... into a page that will be at its own address.
void write_host_stubs(std::uint64_t page, std::uint32_t first);

}  // namespace dl::guest
