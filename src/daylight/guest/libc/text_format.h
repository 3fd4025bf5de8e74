// SPDX-License-Identifier: Apache-2.0
// printf for guests: their format strings with their arguments, which lie where their processor
// puts them.
#pragma once

#include <string>
#include <string_view>

#include "daylight/guest/engine/call_frame.h"

namespace dl::guest {

// Longest text that one call makes, and widest field.
inline constexpr std::size_t kMaxFormatted = std::size_t{16} << 20;
inline constexpr int kMaxFieldWidth = 1 << 16;

// The text that `format` makes of the arguments. Texts among them are read only where the guest may
// read; a bad one refuses the call. %n is refused, as bionic does. `error` is what %m shows.
std::string format_text(CallFrame& frame, std::string_view format, ArgumentSource& arguments,
                        int error);

}  // namespace dl::guest
