// SPDX-License-Identifier: Apache-2.0
// CRC32C against its published values, by instruction and by tables.
#include "daylight/artifact/trace/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace dl {
namespace {

// RFC 3720 appendix B.4, and the check value of the catalogue of parametrised CRCs.
TEST(Crc32c, PublishedValues) {
  std::string rising(32, '\0');
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  const std::string falling(rising.rbegin(), rising.rend());
  const std::vector<std::pair<std::string, std::uint32_t>> cases = {
      {"", 0},
      {"123456789", 0xe3069283},
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {rising, 0x46dd794e},
      {falling, 0x113fdb5c},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(crc32c(as_bytes(text)), expected) << text.size();
    EXPECT_EQ(crc32c_portable(as_bytes(text)), expected) << text.size();
  }
}

TEST(Crc32c, BothWaysAgreeAtEveryLengthAndAlignment) {
  std::mt19937_64 random(1);
  std::vector<std::uint8_t> bytes(300);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const ByteSpan part = ByteSpan(bytes).subspan(begin, size);
      ASSERT_EQ(crc32c(part), crc32c_portable(part)) << begin << " " << size;
    }
  }
}

TEST(Crc32c, GoesOnWhereItStopped) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const ByteSpan bytes = as_bytes(text);
    EXPECT_EQ(crc32c(bytes.subspan(cut), crc32c(bytes.first(cut))), crc32c(bytes));
    EXPECT_EQ(crc32c_portable(bytes.subspan(cut), crc32c_portable(bytes.first(cut))),
              crc32c(bytes));
  }
}

}  // namespace
}  // namespace dl
