// SPDX-License-Identifier: Apache-2.0
// Samples the bytes so thinly that no run of the least length can lie between two samples.
#include "daylight/format/archive/base64_run.h"

#include <array>
#include <bitset>

namespace dl {
namespace {

constexpr std::uint8_t kOther = 0xff;
constexpr std::uint8_t kBreak = 0xfe;    // allowed between characters
constexpr std::uint8_t kPadding = 0xfd;  // allowed at the end

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kOther;
  for (std::uint8_t i = 0; i < 26; ++i) {
    values[static_cast<std::size_t>('A') + i] = i;
    values[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(26 + i);
  }
  for (std::uint8_t i = 0; i < 10; ++i)
    values[static_cast<std::size_t>('0') + i] = static_cast<std::uint8_t>(52 + i);
  values[static_cast<std::size_t>('+')] = values[static_cast<std::size_t>('-')] = 62;
  values[static_cast<std::size_t>('/')] = values[static_cast<std::size_t>('_')] = 63;
  values[static_cast<std::size_t>('\n')] = values[static_cast<std::size_t>('\r')] = kBreak;
  values[static_cast<std::size_t>('=')] = kPadding;
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

bool belongs(std::uint8_t byte) { return kValues[byte] < 64 || kValues[byte] == kBreak; }

// Base64 of anything packed uses most of its 64 letters in every few hundred characters, letters of
// both cases and digits alike; hex, words and repetition do not.
bool has_variety(ByteSpan run) {
  std::bitset<64> seen;
  for (const std::uint8_t byte : run.first(std::min<std::size_t>(run.size(), kMinBase64Run))) {
    if (kValues[byte] < 64) seen.set(kValues[byte]);
  }
  return seen.count() >= 40;
}

}  // namespace

std::vector<Base64Run> find_base64_runs(ByteSpan bytes) {
  std::vector<Base64Run> runs;
  std::size_t done = 0;  // nothing before it belongs to a later run
  for (std::size_t at = kMinBase64Run / 2; at < bytes.size(); at += kMinBase64Run / 2) {
    if (at < done || !belongs(bytes[at])) continue;
    std::size_t begin = at;
    while (begin > done && belongs(bytes[begin - 1])) --begin;
    std::size_t end = at;
    while (end < bytes.size() && belongs(bytes[end])) ++end;
    while (end < bytes.size() && kValues[bytes[end]] == kPadding) ++end;
    done = end;
    if (end - begin < kMinBase64Run || !has_variety(bytes.subspan(begin, end - begin))) continue;
    runs.push_back({begin, end - begin});
    if (runs.size() == kMaxBase64Runs) break;
  }
  return runs;
}

std::vector<std::uint8_t> decode_base64(ByteSpan text) {
  std::vector<std::uint8_t> out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int count = 0;
  for (const std::uint8_t byte : text) {
    const std::uint8_t value = kValues[byte];
    if (value >= 64) continue;
    group = group << 6U | value;
    if (++count < 4) continue;
    out.push_back(static_cast<std::uint8_t>(group >> 16U));
    out.push_back(static_cast<std::uint8_t>(group >> 8U));
    out.push_back(static_cast<std::uint8_t>(group));
    group = 0;
    count = 0;
  }
  if (count >= 2) out.push_back(static_cast<std::uint8_t>(group << (count == 2 ? 12U : 6U) >> 16U));
  if (count == 3) out.push_back(static_cast<std::uint8_t>(group << 6U >> 8U));
  return out;
}

}  // namespace dl
