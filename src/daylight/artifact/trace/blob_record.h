// SPDX-License-Identifier: Apache-2.0
// What stands before each blob in a pack: a header that is checked on its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/base/digest.h"

namespace dl {

// One blob; larger buffers must be cut by who captures them.
inline constexpr std::uint64_t kMaxBlobBytes = std::uint64_t{1} << 30;
// Of one run; what their places take in memory (64 bytes each) is bounded by it.
inline constexpr std::uint64_t kMaxBlobs = std::uint64_t{1} << 25;

enum class BlobCodec : std::uint16_t { kRaw = 0, kZstd = 1 };

// What stands before the bytes of a blob. 64 bytes in the file, little-endian: digest, u64 raw
// size, u64 stored size, u16 codec, u16 zero, u32 CRC32C of the stored bytes, u32 zero, u32 CRC32C
// of the 60 bytes before it.
inline constexpr std::size_t kBlobHeaderBytes = 64;
struct BlobHeader {
  Sha256Bytes digest = {};
  std::uint64_t raw_size = 0;
  std::uint64_t stored_size = 0;
  BlobCodec codec = BlobCodec::kRaw;
  std::uint32_t stored_crc = 0;

  friend bool operator==(const BlobHeader&, const BlobHeader&) = default;
};
std::array<std::uint8_t, kBlobHeaderBytes> encode_blob_header(const BlobHeader& header);
// Nothing if the bytes are no header, or one that no writer would write.
std::optional<BlobHeader> decode_blob_header(ByteSpan bytes);

}  // namespace dl
