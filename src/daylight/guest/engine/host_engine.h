// SPDX-License-Identifier: Apache-2.0
// Runs code of this machine's own processor as it is: Android's x86-64 libraries on a server.
#pragma once

#include <memory>

#include "daylight/format/code/elf.h"
#include "daylight/guest/engine/guest_engine.h"

namespace dl::guest {

#if defined(__x86_64__)
inline constexpr ElfMachine kHostMachine = ElfMachine::kX86_64;
#elif defined(__aarch64__)
inline constexpr ElfMachine kHostMachine = ElfMachine::kArm64;
#endif

// Guest code has a stack of its own, and what it breaks is found by the processor: wild pointers,
// illegal instructions, overflows of the stack, endless loops become a GuestFault as the arm64
// engine has them, and so does what host functions meet in bad pointers. Other than there,
// - nothing keeps the guest from this process's memory, nor from making system calls by itself: the
//   process must be a jail that does nothing else. kUnsupported where options.jailed does not say
//   so;
// - a division of integers by zero is a fault of kind instruction, not 0;
// - watch() puts a breakpoint into the guest's code, which the guest can read (x86-64; on other
//   processors it is kUnsupported);
// - an address that no memory can have (not canonical) is a fault without its value.
// The arena must be made for native code, and outlive it. Owns the handlers of SIGSEGV, SIGBUS,
// SIGFPE, SIGILL, SIGTRAP and SIGURG for the process's life, and hands on what is not the guest's.
Result<std::unique_ptr<GuestEngine>> make_host_engine(GuestArena& arena,
                                                      const GuestEngineOptions& options);

}  // namespace dl::guest
