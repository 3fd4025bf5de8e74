// SPDX-License-Identifier: Apache-2.0
// Checked reading of hostile bytes.
#include "daylight/base/bytes.h"

#include <gtest/gtest.h>

#include <vector>

namespace dl {
namespace {

TEST(SubspanChecked, RefusesWhatDoesNotLieInside) {
  const std::vector<std::uint8_t> bytes = {1, 2, 3, 4};
  EXPECT_EQ(subspan_checked(bytes, 1, 3)->size(), 3U);
  EXPECT_EQ(subspan_checked(bytes, 4, 0)->size(), 0U);
  EXPECT_FALSE(subspan_checked(bytes, 5, 0));
  EXPECT_FALSE(subspan_checked(bytes, 1, 4));
  EXPECT_FALSE(subspan_checked(bytes, 2, ~std::uint64_t{0}));
  EXPECT_FALSE(subspan_checked(bytes, ~std::uint64_t{0}, 2));
}

TEST(LoadLe, ReadsAtAnyAlignment) {
  const std::vector<std::uint8_t> bytes = {0xff, 0x78, 0x56, 0x34, 0x12};
  EXPECT_EQ(load_le<std::uint32_t>(bytes, 1), 0x12345678U);
  EXPECT_FALSE(load_le<std::uint32_t>(bytes, 2));
}

TEST(CheckedArithmetic, SeesOverflow) {
  EXPECT_EQ(add_checked(2, 3), 5U);
  EXPECT_FALSE(add_checked(~std::uint64_t{0}, 1));
  EXPECT_EQ(multiply_checked(6, 7), 42U);
  EXPECT_FALSE(multiply_checked(std::uint64_t{1} << 33, std::uint64_t{1} << 33));
}

TEST(ByteReader, FailureSticks) {
  const std::vector<std::uint8_t> bytes = {1, 0, 2};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 1);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, Leb128AsDexWritesIt) {
  // Values from the DEX format's own examples: 00, 01, 7f, 80 7f.
  const std::vector<std::uint8_t> bytes = {0x00, 0x01, 0x7f, 0x80, 0x7f};
  ByteReader unsigned_reader(bytes);
  EXPECT_EQ(unsigned_reader.uleb128(), 0U);
  EXPECT_EQ(unsigned_reader.uleb128(), 1U);
  EXPECT_EQ(unsigned_reader.uleb128(), 127U);
  EXPECT_EQ(unsigned_reader.uleb128(), 16256U);
  ByteReader signed_reader(bytes);
  EXPECT_EQ(signed_reader.sleb128(), 0);
  EXPECT_EQ(signed_reader.sleb128(), 1);
  EXPECT_EQ(signed_reader.sleb128(), -1);
  EXPECT_EQ(signed_reader.sleb128(), -128);
}

TEST(ByteReader, EndlessLeb128Fails) {
  const std::vector<std::uint8_t> bytes(8, 0x80);
  ByteReader reader(bytes);
  reader.uleb128();
  EXPECT_FALSE(reader.ok());
  ByteReader signed_reader(bytes);
  signed_reader.sleb128();
  EXPECT_FALSE(signed_reader.ok());
}

}  // namespace
}  // namespace dl
