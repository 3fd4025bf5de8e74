// SPDX-License-Identifier: Apache-2.0
// Converts between UTF-8 and code points.
#include "daylight/guest/libc/wide_text.h"

namespace dl::guest {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

// Length of the sequence that a byte begins, 0 for none.
std::size_t sequence_length(std::uint8_t first) {
  if (first < 0x80) return 1;
  if ((first & 0xe0U) == 0xc0) return 2;
  if ((first & 0xf0U) == 0xe0) return 3;
  if ((first & 0xf8U) == 0xf0) return 4;
  return 0;
}

bool is_character(std::uint32_t point) {
  return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

}  // namespace

std::size_t encode_utf8(std::uint32_t point, std::array<char, 4>& out) {
  if (!is_character(point)) return 0;
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  const std::size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (std::size_t i = length; i-- > 1; point >>= 6U)
    out[i] = static_cast<char>(0x80U | (point & 0x3fU));
  const std::uint32_t mark = length == 2 ? 0xc0 : length == 3 ? 0xe0 : 0xf0;
  out[0] = static_cast<char>(mark | point);
  return length;
}

std::string narrow_text(std::u32string_view text) {
  std::string out;
  std::array<char, 4> bytes{};
  for (const char32_t point : text) {
    std::size_t size = encode_utf8(point, bytes);
    if (size == 0) size = encode_utf8(kReplacement, bytes);
    out.append(bytes.data(), size);
  }
  return out;
}

std::uint64_t decode_utf8(std::string_view bytes, Utf8State& state, std::uint32_t& point) {
  std::size_t had = 0;
  while (had < 4 && state.bytes[had] != 0) ++had;
  std::array<std::uint8_t, 4> all = state.bytes;
  std::size_t taken = 0;
  if (had == 0) {
    if (bytes.empty()) return kPartSequence;
    all[0] = static_cast<std::uint8_t>(bytes[taken++]);
    had = 1;
  }
  const std::size_t length = sequence_length(all[0]);
  if (length == 0 || had > length) {
    state = {};
    return kBadSequence;
  }
  while (had < length && taken < bytes.size()) {
    const auto next = static_cast<std::uint8_t>(bytes[taken]);
    if ((next & 0xc0U) != 0x80) {
      state = {};
      return kBadSequence;
    }
    all[had++] = next;
    ++taken;
  }
  if (had < length) {
    state.bytes = {};
    for (std::size_t i = 0; i < had; ++i) state.bytes[i] = all[i];
    return kPartSequence;
  }
  state = {};
  point = length == 1 ? all[0] : all[0] & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) point = point << 6U | (all[i] & 0x3fU);
  const std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || !is_character(point)) return kBadSequence;
  return point == 0 ? 0 : taken;
}

std::u32string widen_text(std::string_view text) {
  std::u32string out;
  std::size_t at = 0;
  while (at < text.size()) {
    Utf8State state;
    std::uint32_t point = 0;
    const std::uint64_t used = decode_utf8(text.substr(at), state, point);
    if (used == kBadSequence || used == kPartSequence) {
      out += static_cast<char32_t>(kReplacement);
      ++at;
    } else {
      out += static_cast<char32_t>(point);
      at += used == 0 ? 1 : used;
    }
  }
  return out;
}

}  // namespace dl::guest
