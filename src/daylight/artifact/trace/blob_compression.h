// SPDX-License-Identifier: Apache-2.0
// zstd for blobs: only where it shrinks, and found out cheaply.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/trace/blob_record.h"
#include "daylight/base/result.h"

namespace dl {

// Larger blobs are stored as they are: compressing them would take as much memory again.
inline constexpr std::uint64_t kMaxCompressedBlobBytes = std::uint64_t{64} << 20;
inline constexpr std::size_t kMinCompressedBlobBytes = 64;

// Compressors that threads share, so that many threads do not need as many. Thread safe.
class BlobCompressor {
 public:
  // At most `most` blobs are compressed at the same time; further callers wait. `level` as in zstd.
  explicit BlobCompressor(std::size_t most, int level);
  ~BlobCompressor();
  BlobCompressor(const BlobCompressor&) = delete;
  BlobCompressor& operator=(const BlobCompressor&) = delete;

  // A compressed form that lives as long as this object; nothing where the blob should be stored as
  // it is: it does not shrink, samples of it do not, or there is no memory.
  class Compressed;
  std::optional<Compressed> compress(ByteSpan bytes);

 private:
  struct Slot;
  Slot* take();
  void give_back(Slot* slot);

  const std::size_t most_;
  const int level_;
  std::mutex mutex_;
  std::condition_variable free_again_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
};

class BlobCompressor::Compressed {
 public:
  Compressed(Compressed&& other) noexcept;
  Compressed& operator=(Compressed&&) = delete;
  ~Compressed();
  ByteSpan bytes() const { return bytes_; }

 private:
  friend class BlobCompressor;
  Compressed(BlobCompressor& owner, Slot* slot) : owner_(owner), slot_(slot) {}
  BlobCompressor& owner_;
  Slot* slot_;
  ByteSpan bytes_ = {};
};

// The raw bytes of a stored blob. Hostile `stored` gives kCorrupt, and takes no more memory than
// twice what it unpacks to, `raw_size` at the most. Does not check the digest.
Result<std::string> decompress_blob(ByteSpan stored, BlobCodec codec, std::uint64_t raw_size);

}  // namespace dl
