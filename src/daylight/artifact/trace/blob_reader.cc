// SPDX-License-Identifier: Apache-2.0
// Getting blobs: header, checksum, decompression, digest, in this order.
#include "daylight/artifact/trace/blob_reader.h"

#include <fmt/format.h>

#include <utility>

#include "daylight/artifact/trace/blob_compression.h"
#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/base/file.h"

namespace dl {
namespace {

// A header where the index says that it is, in a mapped pack.
struct Found {
  MappedFile file;
  BlobHeader header;
  ByteSpan stored;
  std::string where;
};

Result<Found> find_blob(const std::filesystem::path& folder, const BlobIndex& index,
                        const Sha256Bytes& digest) {
  const auto place = index.find(digest);
  if (!place) {
    return fail(ErrorCode::kNotFound, "there is no blob " + to_hex(digest), folder.string());
  }
  const auto path = pack_path(folder, place->pack);
  Found found{
      TRY(MappedFile::open(path)), {}, {}, fmt::format("{} at {}", path.string(), place->offset)};
  const ByteSpan bytes = found.file.bytes();
  const auto head = subspan_checked(bytes, place->offset, kBlobHeaderBytes);
  const auto header = head ? decode_blob_header(*head) : std::nullopt;
  if (!header || header->digest != digest) {
    return fail(ErrorCode::kCorrupt, "the blob's header is damaged", found.where);
  }
  const auto stored = subspan_checked(bytes, place->offset + kBlobHeaderBytes, header->stored_size);
  if (!stored) return fail(ErrorCode::kCorrupt, "the pack ends within the blob", found.where);
  found.header = *header;
  found.stored = *stored;
  return found;
}

}  // namespace

Result<BlobReader> BlobReader::open(const std::filesystem::path& folder) {
  return BlobReader(folder, TRY(load_blob_index(folder)));
}

Result<BlobHeader> BlobReader::header(const Sha256Bytes& digest) const {
  return TRY(find_blob(folder_, index_, digest)).header;
}

Result<std::string> BlobReader::get(const Sha256Bytes& digest, std::uint64_t limit) const {
  const Found found = TRY(find_blob(folder_, index_, digest));
  if (found.header.raw_size > limit) {
    return fail(ErrorCode::kLimit, fmt::format("the blob has more than {} bytes", limit),
                found.where);
  }
  if (crc32c(found.stored) != found.header.stored_crc)
    return fail(ErrorCode::kCorrupt, "the blob's bytes are damaged", found.where);
  auto raw = decompress_blob(found.stored, found.header.codec, found.header.raw_size);
  if (!raw) return fail(ErrorCode::kCorrupt, raw.error().what, found.where);
  if (sha256_bytes(as_bytes(*raw)) != digest)
    return fail(ErrorCode::kCorrupt, "the blob's bytes have another digest", found.where);
  return *std::move(raw);
}

}  // namespace dl
