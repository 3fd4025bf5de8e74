// SPDX-License-Identifier: Apache-2.0
// What the distribution of bytes tells of data that no reader understands: encrypted, compressed,
// or neither; and with which period it repeats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Fewer bytes decide nothing.
inline constexpr std::uint64_t kMinVerdictSize = 16384;
// Bytes of one block of the block test.
inline constexpr std::uint64_t kUniformityBlock = 65536;
// Bytes whose windows of bits are counted, at most.
inline constexpr std::size_t kBitSample = std::size_t{1} << 20;
// Bytes that are looked at for a period.
inline constexpr std::uint64_t kPeriodSample = 24576;
// Longest lag of the autocorrelation.
inline constexpr std::size_t kMaxLag = 1024;

// Shannon entropy of the bytes' distribution, in bits for each byte: 0 to 8.
double byte_entropy(ByteSpan bytes);
// Pearson's chi-squared statistic of the bytes against a uniform distribution: 255 degrees of
// freedom; uniform bytes give 255 on average, with a standard deviation of 22.6.
double byte_chi_squared(ByteSpan bytes);

// How far the windows of 12 bits at every bit (not only at every byte) are from equally frequent,
// in standard deviations; of the two orders of bits in a byte the worse. Uniform bits give about 0;
// prefix codes (DEFLATE, zstd, brotli) give more the more there are of them. At least 3 bytes.
double bit_window_deviation(ByteSpan bytes);

enum class Cover { kPlain, kCompressed, kEncrypted, kUndecided };
std::string_view cover_name(Cover cover);

struct CoverVerdict {
  Cover cover = Cover::kUndecided;
  double entropy = 0;
  double chi_squared = 0;
  std::string why;  // for people, with the figures
};

// Whether the bytes are uniform as a good cipher's output is, nearly uniform as compressors leave
// them, or neither. The first and last 1/32 are left out: headers. A cipher's output fails with a
// probability of about 3e-6. How often each kind of data is called encrypted:
// docs/design/detect.md. LZMA without its header is as uniform as AES; it is told by decoding its
// start (raw_lzma.h).
CoverVerdict judge_cover(ByteSpan bytes);

// For each lag from 1 to kMaxLag (index lag - 1): how often a byte equals the one `lag` before it,
// over how often chance would have it (1/256). Over samples from the start,
// the middle and the end.
std::vector<double> byte_autocorrelation(ByteSpan bytes);
// The share of bytes that equal the one `lag` behind them: 0 to 1.
double repetition(ByteSpan bytes, std::size_t lag);

}  // namespace dl
