// SPDX-License-Identifier: Apache-2.0
// Java's own form of UTF-8: zero as two bytes, what lies beyond 16 bits as two surrogates.
#pragma once

#include <string>
#include <string_view>

namespace dl::guest {

// Bytes that are none become U+FFFD each.
std::u16string from_modified_utf8(std::string_view bytes);
std::string to_modified_utf8(std::u16string_view units);

}  // namespace dl::guest
