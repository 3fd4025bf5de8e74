// SPDX-License-Identifier: Apache-2.0
// CRC32C: eight bytes a step by the processor's instruction or by tables ("slicing by eight").
#include "daylight/artifact/trace/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace dl {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kPolynomial = 0x82f63b78;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: what byte b does to the checksum when k bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 255U];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t load_eight(const std::uint8_t* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

using Function = std::uint32_t (*)(ByteSpan, std::uint32_t);

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteSpan bytes, std::uint32_t crc) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = ~crc;
  for (; left >= 8; left -= 8, at += 8) wide = _mm_crc32_u64(wide, load_eight(at));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, *at);
  return ~narrow;
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__) && defined(__linux__)
__attribute__((target("crc"))) std::uint32_t by_instruction(ByteSpan bytes, std::uint32_t crc) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, at += 8) crc = __builtin_arm_crc32cd(crc, load_eight(at));
  for (; left > 0; --left, ++at) crc = __builtin_arm_crc32cb(crc, *at);
  return ~crc;
}
bool has_instruction() {
  constexpr unsigned long kHwcapCrc32 = 1UL << 7U;
  return (::getauxval(AT_HWCAP) & kHwcapCrc32) != 0;
}
#else
std::uint32_t by_instruction(ByteSpan bytes, std::uint32_t crc) {
  return crc32c_portable(bytes, crc);
}
bool has_instruction() { return false; }
#endif

Function choose() { return has_instruction() ? by_instruction : crc32c_portable; }

}  // namespace

std::uint32_t crc32c_portable(ByteSpan bytes, std::uint32_t crc) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = load_eight(at) ^ crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 255U];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8U) ^ kTables[0][(crc ^ *at) & 255U];
  return ~crc;
}

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc) {
  static const Function function = choose();
  return function(bytes, crc);
}

bool crc32c_in_hardware() { return has_instruction(); }

}  // namespace dl
