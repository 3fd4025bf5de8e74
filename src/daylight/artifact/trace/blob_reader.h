// SPDX-License-Identifier: Apache-2.0
// The blobs of a run, by digest, each checked before it is handed out.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "daylight/artifact/trace/blob_index.h"

namespace dl {

// Reads packs that may be damaged or hostile. Thread safe. Memory: 48 bytes for each blob.
class BlobReader {
 public:
  // By load_blob_index().
  static Result<BlobReader> open(const std::filesystem::path& folder);

  // The raw bytes. kNotFound if there is no such blob, kCorrupt if what lies there is damaged or
  // has another digest, kLimit if it has more than `limit` bytes.
  Result<std::string> get(const Sha256Bytes& digest, std::uint64_t limit = kMaxBlobBytes) const;
  bool contains(const Sha256Bytes& digest) const { return index_.find(digest).has_value(); }
  // What the pack says of it, without looking at the bytes.
  Result<BlobHeader> header(const Sha256Bytes& digest) const;

  // Sorted by digest; with the damage that a scan met.
  const BlobIndex& index() const { return index_; }

 private:
  BlobReader(std::filesystem::path folder, BlobIndex index)
      : folder_(std::move(folder)), index_(std::move(index)) {}

  std::filesystem::path folder_;
  BlobIndex index_;
};

}  // namespace dl
