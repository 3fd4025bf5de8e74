// SPDX-License-Identifier: Apache-2.0
// One compressed stream of any of the usual kinds, unpacked within a limit: gzip, zlib, xz, lzma,
// zstd, lz4, brotli.
//
// Sources: RFC 1950-1952 (gzip, zlib), the .xz and .lzma file formats, RFC 8878 (zstd), the LZ4
// frame format, RFC 7932 (brotli); the work is done by their own libraries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/inflate.h"

namespace dl {

enum class StreamKind { kGzip, kZlib, kXz, kLzma, kZstd, kLz4, kBrotli };

// A stream may grow this many times its packed size (DEFLATE's own limit; zeros under zstd or
// brotli go far beyond), or to kMinUnpackedAllowance, whichever is more.
inline constexpr std::uint64_t kMaxStreamRatio = 1032;
inline constexpr std::uint64_t kMinUnpackedAllowance = std::uint64_t{16} << 20;
// Memory that a decoder may take for its window.
inline constexpr std::uint64_t kMaxDecoderMemory = std::uint64_t{128} << 20;

// "gzip", "xz" ...: the word for it in a chain of containers.
std::string_view stream_name(StreamKind kind);
std::optional<StreamKind> stream_named(std::string_view name);

// The kind that the first bytes announce; lzma and zlib have no real magic and are announced by
// headers that make sense, brotli has nothing at all and is believed by its name (".br") alone. A
// kind is a guess: only unpacking confirms it.
std::optional<StreamKind> stream_kind(ByteSpan bytes, std::string_view name);

// The content of the stream that begins at the first byte; `consumed` says where it ends, bytes
// behind it are left alone. kLimit beyond `limit` or the ratio, kCorrupt where it is broken or cut.
// Thread safe.
Result<Inflated> unpack_stream(StreamKind kind, ByteSpan bytes, std::uint64_t limit,
                               const std::string& where);

}  // namespace dl
