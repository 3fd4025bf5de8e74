// SPDX-License-Identifier: Apache-2.0
// Code points from UTF-16 and to UTF-8, for the encodings that formats make of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dl {

inline constexpr std::uint32_t kReplacementCharacter = 0xfffd;
inline constexpr std::uint32_t kLastCodePoint = 0x10ffff;

inline bool is_high_surrogate(std::uint32_t code) { return code >= 0xd800 && code < 0xdc00; }
inline bool is_low_surrogate(std::uint32_t code) { return code >= 0xdc00 && code < 0xe000; }
inline bool is_surrogate(std::uint32_t code) { return code >= 0xd800 && code < 0xe000; }
inline std::uint32_t joined_surrogates(std::uint32_t high, std::uint32_t low) {
  return 0x10000U + ((high - 0xd800U) << 10U) + (low - 0xdc00U);
}

// Appends a code point. A lone surrogate gets the three bytes of its number, so that nothing is
// lost; what is above the last code point becomes U+FFFD.
void append_utf8(std::uint32_t code, std::string& out);

// The code point that begins at unit `i` of `count`; `i` moves behind it. `unit(i)` gives a unit as
// a number. A lone surrogate comes as it is.
template <typename Unit>
std::uint32_t next_utf16(const Unit& unit, std::size_t count, std::size_t& i) {
  const std::uint32_t first = unit(i++);
  if (!is_high_surrogate(first) || i >= count || !is_low_surrogate(unit(i))) return first;
  return joined_surrogates(first, unit(i++));
}

}  // namespace dl
