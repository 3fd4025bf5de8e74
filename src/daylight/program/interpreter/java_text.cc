// SPDX-License-Identifier: Apache-2.0
// Sequences of UTF-8 are read leniently: the lead byte says how many follow.
#include "daylight/program/interpreter/java_text.h"

#include <cstdint>

#include "daylight/format/unicode.h"

namespace dl::program {

std::u16string utf16_of(std::string_view utf8) {
  std::u16string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<std::uint8_t>(utf8[i++]);
    const int more = lead < 0x80 ? 0 : lead < 0xc0 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    std::uint32_t point = more <= 0 ? lead : lead & (0x3fU >> static_cast<unsigned>(more));
    bool good = more >= 0;
    for (int k = 0; k < more && good; ++k) {
      good = i < utf8.size() && (static_cast<std::uint8_t>(utf8[i]) & 0xc0U) == 0x80;
      if (good) point = (point << 6U) | (static_cast<std::uint8_t>(utf8[i++]) & 0x3fU);
    }
    if (!good || point > 0x10ffff) point = 0xfffd;
    if (point >= 0x10000) {
      out.push_back(static_cast<char16_t>(0xd800U + ((point - 0x10000U) >> 10U)));
      out.push_back(static_cast<char16_t>(0xdc00U + ((point - 0x10000U) & 0x3ffU)));
    } else {
      out.push_back(static_cast<char16_t>(point));
    }
  }
  return out;
}

std::string utf8_of(std::u16string_view text) {
  std::string out;
  const auto unit = [&](std::size_t i) { return std::uint32_t{text[i]}; };
  for (std::size_t i = 0; i < text.size();) append_utf8(next_utf16(unit, text.size(), i), out);
  return out;
}

}  // namespace dl::program
