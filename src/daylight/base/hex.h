// SPDX-License-Identifier: Apache-2.0
// Numbers in hexadecimal, as addresses and checksums are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dl {

// Lower-case digits without "0x", at least `digits` of them: hex_number(0x1f4) is "1f4".
inline std::string hex_number(std::uint64_t value, std::size_t digits = 1) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (; value != 0 || out.size() < digits; value >>= 4U)
    out.insert(out.begin(), kDigits[value & 15U]);
  return out;
}

}  // namespace dl
