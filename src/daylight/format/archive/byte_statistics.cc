// SPDX-License-Identifier: Apache-2.0
// Entropy, uniformity and periods of bytes.
#include "daylight/format/archive/byte_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "daylight/format/archive/raw_lzma.h"

namespace dl {
namespace {

constexpr double kFreedom = 255.0;
const double kDeviation = std::sqrt(2.0 * kFreedom);

// Below it nothing is called compressed: text, tables, machine code, float weights.
constexpr double kCompressedEntropy = 7.8;
// Standard deviations that uniform bytes may lie off: chi-squared with 255 degrees passes 5.5 of
// its own deviations with a probability of 7e-7, the windows of bits pass 5.25 with 5e-7.
constexpr double kWholeLimit = 5.5;
constexpr double kBlockLimit = 5.5;
constexpr double kBitsLimit = 5.25;

// Windows of so many bits: longer than most prefix codes of compressors.
constexpr std::size_t kWindow = 12;
constexpr std::size_t kWindows = std::size_t{1} << kWindow;

using Counts = std::array<std::uint64_t, 256>;

Counts count(ByteSpan bytes) {
  // Four tables: the same byte twice in a row need not wait for its own counter.
  std::array<std::array<std::uint32_t, 256>, 4> parts{};
  Counts total{};
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
    std::size_t i = 0;
    for (; i + 4 <= piece.size(); i += 4) {
      ++parts[0][piece[i]];
      ++parts[1][piece[i + 1]];
      ++parts[2][piece[i + 2]];
      ++parts[3][piece[i + 3]];
    }
    for (; i < piece.size(); ++i) ++parts[0][piece[i]];
    for (auto& part : parts) {
      for (std::size_t b = 0; b < 256; ++b) total[b] += part[b];
      part.fill(0);
    }
    bytes = bytes.subspan(piece.size());
  }
  return total;
}

double entropy_of(const Counts& counts, double size) {
  double entropy = 0;
  for (const std::uint64_t n : counts) {
    if (n == 0) continue;
    const double p = static_cast<double>(n) / size;
    entropy -= p * std::log2(p);
  }
  return entropy;
}

double chi_squared_of(const Counts& counts, double size) {
  const double expected = size / 256;
  double sum = 0;
  for (const std::uint64_t n : counts) {
    const double off = static_cast<double>(n) - expected;
    sum += off * off / expected;
  }
  return sum;
}

// Mean deviation of the blocks' statistics, in standard deviations of that mean: drifting
// compressors average out over the whole, but not within blocks.
double block_deviation(ByteSpan bytes) {
  double sum = 0;
  double blocks = 0;
  for (std::size_t at = 0; at + kUniformityBlock <= bytes.size(); at += kUniformityBlock) {
    sum += (byte_chi_squared(bytes.subspan(at, kUniformityBlock)) - kFreedom) / kDeviation;
    blocks += 1;
  }
  return blocks == 0 ? 0 : sum / std::sqrt(blocks);
}

// The parts of the bytes whose windows are counted: spread evenly, kBitSample bytes together.
std::vector<ByteSpan> bit_samples(ByteSpan bytes) {
  constexpr std::size_t kParts = 4;
  if (bytes.size() <= kBitSample) return {bytes};
  std::vector<ByteSpan> out;
  const std::size_t size = kBitSample / kParts;
  for (std::size_t part = 0; part < kParts; ++part)
    out.push_back(bytes.subspan((bytes.size() - size) / (kParts - 1) * part, size));
  return out;
}

// How often each value stands in a window, over the windows at every bit. `low_first`: the lowest
// bit of a byte is the first, as DEFLATE, zstd and brotli write; else the highest, as bzip2 and
// JPEG do.
double window_deviation(const std::vector<ByteSpan>& samples, bool low_first) {
  std::vector<std::uint32_t> counts(kWindows);
  std::uint64_t total = 0;
  for (const ByteSpan sample : samples) {
    for (std::size_t i = 0; i + 2 < sample.size(); ++i) {
      const std::uint32_t a = sample[i];
      const std::uint32_t b = sample[i + 1];
      const std::uint32_t c = sample[i + 2];
      const std::uint32_t bits = low_first ? a | b << 8U | c << 16U : a << 16U | b << 8U | c;
      for (std::uint32_t bit = 0; bit < 8; ++bit)
        ++counts[bits >> (low_first ? bit : kWindow - bit) & (kWindows - 1)];
      total += 8;
    }
  }
  if (total == 0) return 0;
  const double expected = static_cast<double>(total) / kWindows;
  double sum = 0;
  for (const std::uint32_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    sum += off * off / expected;
  }
  // Windows overlap: the statistic is a weighted sum of independent chi-squared ones, with the
  // variance 2^m * sum over k of k^2 / 2^k, that is 6 * 2^m (I. J. Good, "The serial test for
  // sampling numbers and other tests for randomness", 1953; NIST SP 800-22, section 2.11).
  return (sum - (kWindows - 1)) / std::sqrt(6.0 * kWindows);
}

// How many of `n` pairs are equal, eight at a time: equal bytes are zero bytes of the difference.
std::uint64_t count_equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  std::uint64_t equal = 0;
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a + i, 8);
    std::memcpy(&y, b + i, 8);
    const std::uint64_t off = x ^ y;
    const std::uint64_t zeros = ~(((off & kLow) + kLow) | off | kLow);  // 0x80 in each equal byte
    equal += (zeros >> 7U) * 0x0101010101010101 >> 56U;
  }
  for (; i < n; ++i) equal += static_cast<std::uint64_t>(a[i] == b[i]);
  return equal;
}

std::string figures(double entropy, double chi_squared) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "entropy %.4f bits, chi-squared %.0f with 255 degrees",
                entropy, chi_squared);
  return text.data();
}

}  // namespace

double byte_entropy(ByteSpan bytes) {
  return bytes.empty() ? 0 : entropy_of(count(bytes), static_cast<double>(bytes.size()));
}

double byte_chi_squared(ByteSpan bytes) {
  return bytes.empty() ? 0 : chi_squared_of(count(bytes), static_cast<double>(bytes.size()));
}

double bit_window_deviation(ByteSpan bytes) {
  const std::vector<ByteSpan> samples = bit_samples(bytes);
  return std::max(window_deviation(samples, true), window_deviation(samples, false));
}

std::string_view cover_name(Cover cover) {
  switch (cover) {
    case Cover::kPlain:
      return "plain";
    case Cover::kCompressed:
      return "compressed";
    case Cover::kEncrypted:
      return "encrypted";
    case Cover::kUndecided:
      return "undecided";
  }
  return "";
}

CoverVerdict judge_cover(ByteSpan bytes) {
  CoverVerdict verdict;
  if (bytes.size() < kMinVerdictSize) {
    verdict.why = "too short to tell";
    return verdict;
  }
  const std::size_t edge = bytes.size() / 32;
  const ByteSpan body = bytes.subspan(edge, bytes.size() - 2 * edge);
  const Counts counts = count(body);
  const auto size = static_cast<double>(body.size());
  verdict.entropy = entropy_of(counts, size);
  verdict.chi_squared = chi_squared_of(counts, size);
  verdict.why = figures(verdict.entropy, verdict.chi_squared);
  const double whole = (verdict.chi_squared - kFreedom) / kDeviation;
  const bool uniform = whole < kWholeLimit && block_deviation(body) < kBlockLimit;
  const double windows = uniform ? bit_window_deviation(body) : 0;
  if (is_raw_lzma(bytes)) {
    verdict.cover = Cover::kCompressed;
    verdict.why += ": decodes as LZMA without its header";
  } else if (uniform && windows >= kBitsLimit) {
    verdict.cover = Cover::kCompressed;
    verdict.why += ": uniform bytes, but codes of some bits recur, as compressors leave it";
  } else if (uniform) {
    verdict.cover = Cover::kEncrypted;
    verdict.why += ": as uniform as a cipher's output";
    if (bytes.size() % 16 == 0)
      verdict.why += "; the size is a multiple of 16, as block ciphers leave it";
  } else if (verdict.entropy >= kCompressedEntropy) {
    verdict.cover = Cover::kCompressed;
    verdict.why += ": dense but not uniform, as compressors leave it";
  } else {
    verdict.cover = Cover::kPlain;
  }
  return verdict;
}

std::vector<double> byte_autocorrelation(ByteSpan bytes) {
  std::vector<double> out(kMaxLag, 0.0);
  // The start, the middle and the end differ most: tables, weights, tables.
  const std::size_t parts = bytes.size() <= kPeriodSample ? 1 : 3;
  const std::size_t size = std::min<std::size_t>(bytes.size(), kPeriodSample / parts);
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t start = parts == 1 ? 0 : (bytes.size() - size) * part / (parts - 1);
    const ByteSpan sample = bytes.subspan(start, size);
    for (std::size_t lag = 1; lag <= kMaxLag && lag < size / 2; ++lag) {
      const std::size_t n = size - lag;
      const std::uint64_t equal = count_equal(sample.data(), sample.data() + lag, n);
      out[lag - 1] +=
          static_cast<double>(equal) * 256 / static_cast<double>(n) / static_cast<double>(parts);
    }
  }
  return out;
}

double repetition(ByteSpan bytes, std::size_t lag) {
  if (lag == 0 || bytes.size() <= lag) return 0;
  const std::size_t n = bytes.size() - lag;
  return static_cast<double>(count_equal(bytes.data(), bytes.data() + lag, n)) /
         static_cast<double>(n);
}

}  // namespace dl
