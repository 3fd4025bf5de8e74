// SPDX-License-Identifier: Apache-2.0
// Decodes modified UTF-8: zero as two bytes, characters beyond the basic plane as surrogate pairs
// of three bytes each.
#include "daylight/format/code/dex_strings.h"

#include <cstring>

#include "daylight/format/unicode.h"

namespace dl {
namespace {

bool is_ascii(ByteSpan raw) {
  std::size_t i = 0;
  for (; i + 8 <= raw.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, raw.data() + i, sizeof(word));
    if ((word & 0x8080808080808080ULL) != 0) return false;
  }
  for (; i < raw.size(); ++i) {
    if (raw[i] >= 0x80) return false;
  }
  return true;
}

// One sequence: its code (a UTF-16 unit, or beyond for four bytes) and its length in bytes; length
// 0 if it is none.
struct Sequence {
  std::uint32_t code = 0;
  std::uint32_t length = 0;
};

Sequence sequence_at(ByteSpan raw, std::size_t i) {
  const std::uint8_t lead = raw[i];
  const auto tail = [&](std::size_t k) -> std::uint32_t { return raw[i + k] & 0x3fU; };
  const auto continues = [&](std::size_t count) {
    if (i + count >= raw.size()) return false;
    for (std::size_t k = 1; k <= count; ++k) {
      if ((raw[i + k] & 0xc0U) != 0x80U) return false;
    }
    return true;
  };
  if (lead < 0x80) return {lead, 1};
  if ((lead & 0xe0U) == 0xc0U && continues(1)) return {(lead & 0x1fU) << 6U | tail(1), 2};
  if ((lead & 0xf0U) == 0xe0U && continues(2)) {
    return {(lead & 0x0fU) << 12U | tail(1) << 6U | tail(2), 3};
  }
  if ((lead & 0xf8U) == 0xf0U && continues(3)) {
    const std::uint32_t code = (lead & 0x07U) << 18U | tail(1) << 12U | tail(2) << 6U | tail(3);
    if (code >= 0x10000 && code <= 0x10ffff) return {code, 4};
  }
  return {};
}

}  // namespace

DexString decode_mutf8(ByteSpan raw) {
  DexString out;
  if (is_ascii(raw)) {
    out.utf16_length = static_cast<std::uint32_t>(raw.size());
    return out;
  }
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    const Sequence one = sequence_at(raw, i);
    std::uint32_t code = one.code;
    i += one.length == 0 ? 1 : one.length;
    out.utf16_length += code >= 0x10000 ? 2 : 1;
    if (is_high_surrogate(code) && i < raw.size()) {
      const Sequence two = sequence_at(raw, i);
      if (is_low_surrogate(two.code)) {
        code = joined_surrogates(code, two.code);
        i += two.length;
        ++out.utf16_length;
      }
    }
    if (one.length == 0 || is_surrogate(code)) {
      code = kReplacementCharacter;
      out.valid = false;
    }
    append_utf8(code, text);
  }
  if (text != as_text(raw)) out.converted = std::move(text);
  return out;
}

}  // namespace dl
