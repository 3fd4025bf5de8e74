// SPDX-License-Identifier: Apache-2.0
// Looks for functions of a library, and names, in the arguments of a call and in what they point
// to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daylight/guest/image/guest_library.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Bytes that are read where an argument, or a pointer there, points to.
inline constexpr std::uint64_t kRegistrationReach = 256;
// Bytes of one text.
inline constexpr std::uint64_t kMaxRegistrationText = 200;

struct RegistrationParts {
  std::vector<std::uint64_t> functions;  // addresses in the library's file
  std::vector<std::string> texts;
};

// What `arguments` and one level of pointers behind them hold; at most `most` of each. Reads only
// what the guest can read now.
RegistrationParts read_registration(const GuestArena& arena, const GuestLibrary& library,
                                    std::span<const std::uint64_t> arguments, std::size_t most);

// Whether a function of the library begins at this address of the guest, as far as its symbols and
// unwind table tell; without a table, whether it can.
bool begins_function(const GuestArena& arena, const GuestLibrary& library, std::uint64_t address);

// Integer registers of a call, by the demangled name of its function: those that hold arguments,
// and those behind them that may. An object takes one more, a small structure two; a name of C says
// nothing, and all hold some.
struct ArgumentRegisters {
  std::size_t certain = 0;
  std::size_t possible = 0;

  friend bool operator==(const ArgumentRegisters&, const ArgumentRegisters&) = default;
};
ArgumentRegisters argument_registers(std::string_view demangled, std::size_t registers);

}  // namespace dl::guest
