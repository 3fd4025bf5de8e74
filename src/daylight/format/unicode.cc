// SPDX-License-Identifier: Apache-2.0
// The bit patterns of UTF-8.
#include "daylight/format/unicode.h"

namespace dl {

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&put, code](unsigned shift) { put(0x80U | ((code >> shift) & 0x3fU)); };
  if (code > kLastCodePoint) {
    append_utf8(kReplacementCharacter, out);
  } else if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    put(0xe0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    put(0xf0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace dl
