// SPDX-License-Identifier: Apache-2.0
// LZMA and LZMA2 data whose header was taken off: as uniform as a cipher's output, but a decoder
// still accepts them.
#pragma once

#include "daylight/base/bytes.h"

namespace dl {

// Bytes that are decoded, and the least that decide.
inline constexpr std::size_t kRawLzmaSample = 32768;
inline constexpr std::size_t kMinRawLzma = 1024;

// Whether the bytes begin with a raw LZMA stream (its first byte is 0; common lc, lp, pb) or LZMA2
// chunks that decode without an error for as many bytes as the sample has: of other bytes a match
// soon reaches back before the start. Thread safe.
bool is_raw_lzma(ByteSpan bytes);

}  // namespace dl
