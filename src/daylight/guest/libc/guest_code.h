// SPDX-License-Identifier: Apache-2.0
// Functions of the system that must run as the guest's own code, because they are about its
// registers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// Puts code into pages of its own that the guest may run and read; its address, 0 if there is no
// memory. Thread safe.
std::uint64_t put_guest_code(GuestMachine& machine, std::span<const std::uint8_t> code);
std::uint64_t put_guest_code(GuestMachine& machine, std::span<const std::uint32_t> words);

// A function that copies (to, from, size) or fills (to, byte, size): arm64 guests run up to 128
// bytes of it as their own code, unless their calls are observed; `slow` does the rest.
// memory_code.cc.
void add_fast_function(FunctionTable& table, const std::string& name, HostFunction slow,
                       bool fills);

}  // namespace dl::guest
