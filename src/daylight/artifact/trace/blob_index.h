// SPDX-License-Identifier: Apache-2.0
// Where in the packs each blob lies, as index.dli keeps it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/trace/blob_record.h"
#include "daylight/base/result.h"

namespace dl {

// Where a blob's header begins.
struct BlobPlace {
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const BlobPlace&, const BlobPlace&) = default;
};

// A damaged part of a pack.
struct BlobDamage {
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string why;

  friend bool operator==(const BlobDamage&, const BlobDamage&) = default;
};

struct BlobIndex {
  struct Entry {
    Sha256Bytes digest;
    BlobPlace place;

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries = {};             // by digest, each once
  std::vector<std::uint64_t> pack_sizes = {};  // of packs 0, 1 ...
  std::vector<BlobDamage> damage = {};         // of a scan; kMaxBlobDamage at the most

  std::optional<BlobPlace> find(const Sha256Bytes& digest) const;
};
inline constexpr std::size_t kMaxBlobDamage = 1000;

// The file: header ("DLINDEX", number: packs, first: blobs), u64 size of each pack, then digest,
// u32 pack, u64 offset for each blob, then u32 CRC32C of all before it.
std::string encode_blob_index(const BlobIndex& index);
// Nothing if it is damaged, or says more than its bytes can hold. The places are not believed: who
// uses one finds the digest there or not.
std::optional<BlobIndex> decode_blob_index(ByteSpan bytes);

// The index of the packs in `folder`: index.dli if it fits their sizes, else by reading the header
// of each blob. A header that is damaged ends its pack. kLimit for more than kMaxBlobs. A folder
// that is not there has no blobs.
Result<BlobIndex> load_blob_index(const std::filesystem::path& folder);
// Without looking at index.dli.
Result<BlobIndex> scan_packs(const std::filesystem::path& folder);

}  // namespace dl
