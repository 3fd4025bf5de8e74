// SPDX-License-Identifier: Apache-2.0
// Why a guest's code could not go on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dl::guest {

struct GuestFault {
  enum class Kind {
    kMemory,         // an access that its memory does not allow
    kInstruction,    // no code, or code that is not understood
    kAbort,          // it gave up: abort(), a failed assertion, a smashed stack
    kImport,         // it called what nobody provides
    kArgument,       // it called the host with arguments that cannot be used
    kStackOverflow,  // too deep
    kStopped,        // it was told to, by a limit or by the user
    kExit,           // it ended its process
  };
  Kind kind = Kind::kMemory;
  std::string what;           // a clause: "reads 0x10, which is not mapped"
  std::uint64_t pc = 0;       // of the guest, 0 if none
  std::uint64_t address = 0;  // that was accessed, 0 if none
  // From the innermost function out: "libx.so+0x1f40 (name)"; filled by who knows the libraries.
  std::vector<std::string> backtrace;
  std::vector<std::uint64_t> frames;  // addresses of the backtrace
};

// "memory", "instruction", ...
const char* name_of(GuestFault::Kind kind);

}  // namespace dl::guest
