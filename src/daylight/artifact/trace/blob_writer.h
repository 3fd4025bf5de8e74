// SPDX-License-Identifier: Apache-2.0
// The blob store of a run while it is written: each buffer once, in packs that only grow.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "daylight/artifact/trace/append_file.h"
#include "daylight/artifact/trace/blob_compression.h"
#include "daylight/artifact/trace/blob_index.h"
#include "daylight/artifact/trace/recent_buffers.h"

namespace dl {

struct BlobWriterOptions {
  std::uint64_t pack_bytes = std::uint64_t{256} << 20;  // a pack that has as much is closed
  std::size_t recent_bytes = std::size_t{128} << 20;    // see RecentBuffers; taken as needed
  std::size_t compressors = 4;                          // see BlobCompressor
  int level = -5;  // of zstd: at 1 floats become a sixth smaller, and take half as long again
};

// Counts since the store was made.
struct BlobCounts {
  std::uint64_t blobs = 0;         // different ones
  std::uint64_t raw_bytes = 0;     // of the different ones
  std::uint64_t stored_bytes = 0;  // with their headers
  std::uint64_t repeats = 0;       // puts of what was there

  friend bool operator==(const BlobCounts&, const BlobCounts&) = default;
};

// Thread safe. Packs are pack-000000.dlb and so on in `folder`; docs/formats/trace.md. Memory:
// about 100 bytes for each blob, the options' recent_bytes, and for each compressor twice the
// largest blob at work.
class BlobWriter {
 public:
  // Makes the folder (mode 0700); fails if there are packs in it.
  static Result<std::unique_ptr<BlobWriter>> create(const std::filesystem::path& folder,
                                                    const BlobWriterOptions& options = {});

  // Stores the bytes unless they are there. When this returns, the blob survives the end of this
  // process. kLimit if there are more than kMaxBlobBytes; kIo if the disk refuses: the store is
  // then as before, and a later put may succeed.
  Result<Sha256Bytes> put(ByteSpan bytes);

  BlobCounts counts() const;

  // Writes the index and waits for the disk. Nothing may be put afterwards.
  Result<void> finish();

 private:
  BlobWriter(std::filesystem::path folder, const BlobWriterOptions& options);
  Result<void> append(const BlobHeader& header, ByteSpan stored);
  Result<void> open_pack();

  struct DigestHash {
    std::size_t operator()(const Sha256Bytes& digest) const {
      return *load_le<std::size_t>(digest, 0);
    }
  };

  const std::filesystem::path folder_;
  const BlobWriterOptions options_;
  RecentBuffers recent_;
  BlobCompressor compressor_;
  mutable std::mutex mutex_;
  AppendFile pack_;
  std::uint32_t packs_ = 0;  // opened so far
  std::vector<std::uint64_t> pack_sizes_;
  std::unordered_map<Sha256Bytes, BlobPlace, DigestHash> places_;
  BlobCounts counts_;
};

}  // namespace dl
