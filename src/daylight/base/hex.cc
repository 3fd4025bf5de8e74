// SPDX-License-Identifier: Apache-2.0
// Digits of bytes, for programs that are linked without digests too.
#include "daylight/base/digest.h"

namespace dl {

std::string to_hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace dl
