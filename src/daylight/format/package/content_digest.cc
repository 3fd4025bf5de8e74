// SPDX-License-Identifier: Apache-2.0
// Digests over the three signed parts of an APK: in chunks of one MiB, or as a Merkle tree of 4 KiB
// pages.
#include "daylight/format/package/content_digest.h"

#include <algorithm>
#include <array>
#include <vector>

#include "daylight/format/package/certificate.h"

namespace dl {
namespace {

constexpr std::size_t kChunkSize = std::size_t{1} << 20;
constexpr std::size_t kPageSize = 4096;
constexpr std::size_t kDirectoryOffsetField = 16;  // in the end record

// The signed parts in their order: entries, central directory, end record.
struct SignedParts {
  ByteSpan entries;
  ByteSpan directory;
  std::string end_record;

  std::array<ByteSpan, 3> all() const { return {entries, directory, as_bytes(end_record)}; }
};

SignedParts signed_parts(const ZipArchive& archive, std::uint64_t block_offset) {
  const ByteSpan bytes = archive.bytes();
  const auto directory = static_cast<std::size_t>(archive.central_directory_offset());
  const auto end = static_cast<std::size_t>(archive.end_record_offset());
  SignedParts parts;
  parts.entries = bytes.first(static_cast<std::size_t>(block_offset));
  parts.directory = bytes.subspan(directory, end - directory);
  parts.end_record = as_text(bytes.subspan(end));
  for (std::size_t i = 0; i < 4 && kDirectoryOffsetField + i < parts.end_record.size(); ++i) {
    parts.end_record[kDirectoryOffsetField + i] =
        static_cast<char>((block_offset >> (8 * i)) & 0xffU);
  }
  return parts;
}

std::array<std::uint8_t, 5> header(std::uint8_t mark, std::size_t value) {
  return {mark, static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8U),
          static_cast<std::uint8_t>(value >> 16U), static_cast<std::uint8_t>(value >> 24U)};
}

std::string chunked_digest(const SignedParts& parts, DigestAlgorithm algorithm) {
  std::string digests;
  std::size_t count = 0;
  for (const ByteSpan part : parts.all()) {
    for (std::size_t at = 0; at < part.size(); at += kChunkSize, ++count) {
      const ByteSpan chunk = part.subspan(at, std::min(kChunkSize, part.size() - at));
      digests += digest_of(algorithm, {header(0xa5, chunk.size()), chunk});
    }
  }
  return digest_of(algorithm, {header(0x5a, count), as_bytes(digests)});
}

// SHA-256 of a page behind a salt of eight zeros; a short page is filled with zeros.
std::string page_digest(ByteSpan page) {
  static constexpr std::array<std::uint8_t, 8> kSalt{};
  static constexpr std::array<std::uint8_t, kPageSize> kZeros{};
  return digest_of(DigestAlgorithm::kSha256,
                   {kSalt, page, ByteSpan(kZeros).first(kPageSize - page.size())});
}

std::string digest_pages(ByteSpan bytes) {
  std::string digests;
  for (std::size_t at = 0; at < bytes.size(); at += kPageSize) {
    digests += page_digest(bytes.subspan(at, std::min(kPageSize, bytes.size() - at)));
  }
  return digests;
}

// The leaves run over the parts as one stream; the entries end on a page, so only the tail must be
// joined.
std::string verity_digest(const SignedParts& parts) {
  const std::size_t whole = parts.entries.size() / kPageSize * kPageSize;
  std::string tail(as_text(parts.entries.subspan(whole)));
  tail += as_text(parts.directory);
  tail += parts.end_record;
  std::string level = digest_pages(parts.entries.first(whole)) + digest_pages(as_bytes(tail));
  while (level.size() > kPageSize) level = digest_pages(as_bytes(level));
  std::string digest = page_digest(as_bytes(level));
  const std::uint64_t size = whole + tail.size();
  for (unsigned i = 0; i < 8; ++i) digest.push_back(static_cast<char>((size >> (8 * i)) & 0xffU));
  return digest;
}

}  // namespace

std::string apk_content_digest(const ZipArchive& archive, std::uint64_t block_offset,
                               ContentDigest kind) {
  const SignedParts parts = signed_parts(archive, block_offset);
  switch (kind) {
    case ContentDigest::kChunkedSha256:
      return chunked_digest(parts, DigestAlgorithm::kSha256);
    case ContentDigest::kChunkedSha512:
      return chunked_digest(parts, DigestAlgorithm::kSha512);
    case ContentDigest::kVerity:
      return verity_digest(parts);
  }
  return "";
}

}  // namespace dl
