// SPDX-License-Identifier: Apache-2.0
// Characters of 32 bits, as wchar_t is on Android, and the UTF-8 that all its locales have.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dl::guest {

// Bytes of one character; 0 for what is none (a surrogate, beyond U+10FFFF).
std::size_t encode_utf8(std::uint32_t point, std::array<char, 4>& out);
std::string narrow_text(std::u32string_view text);
// What is no UTF-8 becomes U+FFFD.
std::u32string widen_text(std::string_view text);

// A character that arrives in pieces: mbstate_t of bionic, whose first four bytes hold what came.
struct Utf8State {
  std::array<std::uint8_t, 4> bytes{};
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Utf8State) == 8);

// What mbrtowc says: bytes used, or these.
inline constexpr std::uint64_t kBadSequence = ~std::uint64_t{0};
inline constexpr std::uint64_t kPartSequence = ~std::uint64_t{1};

// Reads one character of `bytes` behind what `state` holds; kPartSequence when more is needed,
// which `state` then holds.
std::uint64_t decode_utf8(std::string_view bytes, Utf8State& state, std::uint32_t& point);

}  // namespace dl::guest
