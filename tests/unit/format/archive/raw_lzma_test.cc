// SPDX-License-Identifier: Apache-2.0
// Streams that the library's own encoder wrote, without their headers, against random bytes.
#include "daylight/format/archive/raw_lzma.h"

#include <gtest/gtest.h>
#include <lzma.h>

#include <array>
#include <random>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/format/archive/byte_statistics.h"
#include "support/shared_data.h"

namespace dl {
namespace {

std::vector<std::uint8_t> packed(lzma_vli filter) {
  const std::string plain =
      read_file(testing::project_file("examples/mirror/models/gender.tflite")).value();
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 6);
  const std::array<lzma_filter, 2> filters = {{{filter, &options}, {LZMA_VLI_UNKNOWN, nullptr}}};
  std::vector<std::uint8_t> out(plain.size() * 2);
  std::size_t size = 0;
  EXPECT_EQ(lzma_raw_buffer_encode(filters.data(), nullptr, as_bytes(plain).data(), plain.size(),
                                   out.data(), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

TEST(RawLzma, IsToldFromRandomBytes) {
  for (const lzma_vli filter : {LZMA_FILTER_LZMA1, LZMA_FILTER_LZMA2}) {
    const auto bytes = packed(filter);
    EXPECT_TRUE(is_raw_lzma(bytes));
    EXPECT_EQ(judge_cover(bytes).cover, Cover::kCompressed);
  }
  std::mt19937 draw(5);
  int accepted = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint8_t> bytes(16384);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(draw());
    // The first bytes that would let a decoder begin.
    constexpr std::array<std::uint8_t, 3> kFirst = {0x00, 0x01, 0xe5};
    bytes[0] = kFirst[static_cast<std::size_t>(round) % kFirst.size()];
    accepted += is_raw_lzma(bytes) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 0);
  EXPECT_FALSE(is_raw_lzma({}));
}

}  // namespace
}  // namespace dl
