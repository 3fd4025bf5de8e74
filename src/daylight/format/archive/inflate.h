// SPDX-License-Identifier: Apache-2.0
// Unpacking of DEFLATE, zlib and gzip streams from strangers, bounded by a limit and by what
// DEFLATE can do.
//
// Source: RFC 1950, 1951, 1952; the work is done by libdeflate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// DEFLATE cannot grow a stream more than 1032-fold: a declared size beyond that is a lie and
// allocates nothing.
inline constexpr std::uint64_t kMaxInflateRatio = 1032;

enum class DeflateWrapper { kRaw, kZlib, kGzip };

struct Inflated {
  std::unique_ptr<std::uint8_t[]> data;  // never null
  std::size_t size = 0;
  std::size_t consumed = 0;  // bytes of the input that the stream took

  ByteSpan bytes() const { return {data.get(), size}; }
};

// Unpacks one stream at the start of `compressed`; bytes behind it are left alone. `expected` is
// the size that the container declares (0 if unknown): only a hint, the answer may be shorter or
// longer. kCorrupt on a broken or cut stream (or a wrong checksum of the zlib or gzip wrapper),
// kLimit if it unpacks to more than `limit` bytes. `where` goes into errors. Thread safe.
Result<Inflated> inflate(ByteSpan compressed, std::uint64_t expected, std::uint64_t limit,
                         const std::string& where, DeflateWrapper wrapper = DeflateWrapper::kRaw);

// CRC-32 as ZIP and gzip use it.
std::uint32_t crc32_of(ByteSpan bytes);

}  // namespace dl
