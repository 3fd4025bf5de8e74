// SPDX-License-Identifier: Apache-2.0
// Headers of blobs: encoded field by field, believed only whole.
#include "daylight/artifact/trace/blob_record.h"

#include <algorithm>
#include <cstring>

#include "daylight/artifact/trace/crc32c.h"

namespace dl {
namespace {

constexpr std::size_t kSummed = kBlobHeaderBytes - 4;

}  // namespace

std::array<std::uint8_t, kBlobHeaderBytes> encode_blob_header(const BlobHeader& header) {
  std::array<std::uint8_t, kBlobHeaderBytes> bytes{};
  const auto codec = static_cast<std::uint16_t>(header.codec);
  std::memcpy(bytes.data(), header.digest.data(), 32);
  std::memcpy(bytes.data() + 32, &header.raw_size, 8);
  std::memcpy(bytes.data() + 40, &header.stored_size, 8);
  std::memcpy(bytes.data() + 48, &codec, 2);
  std::memcpy(bytes.data() + 52, &header.stored_crc, 4);
  const std::uint32_t sum = crc32c(ByteSpan(bytes).first(kSummed));
  std::memcpy(bytes.data() + kSummed, &sum, 4);
  return bytes;
}

std::optional<BlobHeader> decode_blob_header(ByteSpan bytes) {
  if (bytes.size() < kBlobHeaderBytes) return std::nullopt;
  if (crc32c(bytes.first(kSummed)) != *load_le<std::uint32_t>(bytes, kSummed)) return std::nullopt;
  BlobHeader header;
  std::copy_n(bytes.begin(), header.digest.size(), header.digest.begin());
  header.raw_size = *load_le<std::uint64_t>(bytes, 32);
  header.stored_size = *load_le<std::uint64_t>(bytes, 40);
  header.codec = static_cast<BlobCodec>(*load_le<std::uint16_t>(bytes, 48));
  header.stored_crc = *load_le<std::uint32_t>(bytes, 52);
  if (header.raw_size > kMaxBlobBytes) return std::nullopt;
  // Compressed only where it shrinks.
  const bool fits = header.codec == BlobCodec::kRaw    ? header.stored_size == header.raw_size
                    : header.codec == BlobCodec::kZstd ? header.stored_size < header.raw_size
                                                       : false;
  return fits ? std::optional(header) : std::nullopt;
}

}  // namespace dl
