// SPDX-License-Identifier: Apache-2.0
// Modified UTF-8, the encoding of text in DEX files, to UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daylight/base/bytes.h"

namespace dl {

struct DexString {
  // The text as UTF-8 where that differs from the bytes given; nothing where the bytes are UTF-8
  // already.
  std::optional<std::string> converted;
  std::uint32_t utf16_length = 0;  // what the file stores as the length
  bool valid = true;
};

// Takes the bytes of a string without its final zero byte. C0 80 becomes U+0000, surrogate pairs
// become one four-byte sequence; four-byte sequences are taken as they are (Android does). Anything
// else, unpaired surrogates included, becomes U+FFFD for each byte or surrogate, and `valid` is
// false. Thread safe.
DexString decode_mutf8(ByteSpan raw);

}  // namespace dl
