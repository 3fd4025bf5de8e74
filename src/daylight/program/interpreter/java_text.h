// SPDX-License-Identifier: Apache-2.0
// Java's texts, which are UTF-16, as UTF-8 and back. Internal to program/interpreter.
#pragma once

#include <string>
#include <string_view>

namespace dl::program {

// Bytes that are no UTF-8 become U+FFFD, one each.
std::u16string utf16_of(std::string_view utf8);
// A lone surrogate gets the three bytes of its number.
std::string utf8_of(std::u16string_view text);

}  // namespace dl::program
