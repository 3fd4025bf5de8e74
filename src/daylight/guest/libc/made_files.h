// SPDX-License-Identifier: Apache-2.0
// Files of the phone that are made here: those of the device profile, and /proc of the guest's own
// process.
#pragma once

#include <optional>
#include <string>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// The content of the file at `whole`, an absolute path without "." and ".."; nothing for others.
// Thread safe.
std::optional<std::string> made_file(GuestMachine& machine, const std::string& whole);
// /dev/urandom, random, null and zero.
bool is_made_device(const std::string& whole);

}  // namespace dl::guest
