// SPDX-License-Identifier: Apache-2.0
// Ciphers' output against compressed data of the same size, with fixed seeds.
#include "daylight/format/archive/byte_statistics.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes uniform(std::size_t size, std::uint32_t seed) {
  std::mt19937 draw(seed);
  Bytes out(size);
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(draw() >> 11U);
  return out;
}

// Words and numbers of a vocabulary, some much commoner than others.
std::string prose(std::size_t size, std::uint32_t seed) {
  std::mt19937 draw(seed);
  std::vector<std::string> words;
  for (int i = 0; i < 800; ++i) {
    std::string word;
    for (auto n = 2 + draw() % 8; n > 0; --n) word += static_cast<char>('a' + draw() % 26);
    words.push_back(std::move(word));
  }
  std::string out;
  while (out.size() < size) {
    const auto rank = static_cast<std::size_t>(draw() % 800);
    out += words[rank * (draw() % 800) / 800] + (draw() % 9 == 0 ? ".\n" : " ");
  }
  return out;
}

// A stream without a header; empty where it does not fit.
Bytes deflated(const std::string& plain, int level) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> packer(
      libdeflate_alloc_compressor(level), libdeflate_free_compressor);
  Bytes out(plain.size());
  out.resize(libdeflate_deflate_compress(packer.get(), plain.data(), plain.size(), out.data(),
                                         out.size()));
  return out;
}

TEST(BitWindows, UniformBitsLieNearZero) {
  double sum = 0;
  double squares = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const double off = bit_window_deviation(uniform(16384, 40 + static_cast<std::uint32_t>(round)));
    EXPECT_LT(off, 5.25);
    sum += off;
    squares += off * off;
  }
  // The worse of two orders, which see nearly the same windows: a little above zero; and the
  // formula for the deviation is that of overlapping windows, or this would be 1.7.
  const double mean = sum / kRounds;
  EXPECT_GT(mean, -0.3);
  EXPECT_LT(mean, 0.9);
  EXPECT_NEAR(std::sqrt(squares / kRounds - mean * mean), 1.0, 0.25);
}

TEST(BitWindows, ShortAndEmptyBytesAreNoFault) {
  EXPECT_EQ(bit_window_deviation({}), 0);
  EXPECT_EQ(bit_window_deviation(Bytes(2, 7)), 0);
  EXPECT_GT(bit_window_deviation(Bytes(1000, 7)), 100);
}

TEST(Cover, PiecesOfDeflateAreNotEncrypted) {
  int wrong = 0;
  int pieces = 0;
  for (const int level : {1, 6, 9, 12}) {
    const Bytes stream = deflated(prose(900000, 7), level);
    for (std::size_t at = 1000; at + 16384 <= stream.size(); at += 16384) {
      ++pieces;
      wrong += judge_cover(ByteSpan(stream).subspan(at, 16384)).cover == Cover::kEncrypted ? 1 : 0;
    }
    EXPECT_EQ(judge_cover(stream).cover, Cover::kCompressed);
  }
  EXPECT_GT(pieces, 40);
  EXPECT_LE(wrong, pieces / 20);
}

TEST(Cover, PiecesOfADeflatedModelAreNotEncrypted) {
  const std::string model =
      read_file(testing::project_file("examples/mirror/models/gender.tflite")).value();
  const Bytes stream = deflated(model, 6);
  for (std::size_t at = 1000; at + 16384 <= stream.size(); at += 16384) {
    const auto verdict = judge_cover(ByteSpan(stream).subspan(at, 16384));
    EXPECT_EQ(verdict.cover, Cover::kCompressed) << verdict.why;
  }
}

TEST(Cover, UniformBytesPass) {
  for (const std::size_t size : {std::size_t{16384}, std::size_t{65536}, std::size_t{2} << 20}) {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      const auto verdict = judge_cover(uniform(size, 900 + seed));
      EXPECT_EQ(verdict.cover, Cover::kEncrypted) << size << " " << seed << ": " << verdict.why;
    }
  }
}

}  // namespace
}  // namespace dl
