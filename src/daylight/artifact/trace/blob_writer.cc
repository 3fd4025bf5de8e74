// SPDX-License-Identifier: Apache-2.0
// Putting blobs: known lately, known by digest, or new; hashed and compressed outside of the lock.
#include "daylight/artifact/trace/blob_writer.h"

#include <algorithm>
#include <utility>

#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/base/file.h"

namespace dl {

BlobWriter::BlobWriter(std::filesystem::path folder, const BlobWriterOptions& options)
    : folder_(std::move(folder)),
      options_(options),
      recent_(options.recent_bytes),
      compressor_(options.compressors, options.level) {}

Result<std::unique_ptr<BlobWriter>> BlobWriter::create(const std::filesystem::path& folder,
                                                       const BlobWriterOptions& options) {
  TRY_VOID(make_private_folder(folder));
  if (!pack_numbers(folder).empty()) {
    return fail(ErrorCode::kInvalidArgument, "holds the blobs of another run", folder.string(),
                "choose another folder");
  }
  return std::unique_ptr<BlobWriter>(new BlobWriter(folder, options));
}

Result<Sha256Bytes> BlobWriter::put(ByteSpan bytes) {
  if (bytes.size() > kMaxBlobBytes)
    return fail(ErrorCode::kLimit, "a buffer is too large to be kept", folder_.string());
  const std::uint64_t key = RecentBuffers::key_of(bytes);
  if (const auto known = recent_.find(key, bytes)) {
    const std::lock_guard lock(mutex_);
    ++counts_.repeats;
    return *known;
  }
  BlobHeader header;
  header.digest = sha256_bytes(bytes);
  header.raw_size = bytes.size();
  const auto is_there = [&] { return places_.contains(header.digest); };
  {
    const std::lock_guard lock(mutex_);
    if (is_there()) {
      ++counts_.repeats;
      recent_.remember(key, bytes, header.digest);
      return header.digest;
    }
  }
  const auto compressed = compressor_.compress(bytes);
  const ByteSpan stored = compressed ? compressed->bytes() : bytes;
  header.codec = compressed ? BlobCodec::kZstd : BlobCodec::kRaw;
  header.stored_size = stored.size();
  header.stored_crc = crc32c(stored);
  {
    const std::lock_guard lock(mutex_);
    if (is_there()) {
      ++counts_.repeats;  // another thread was quicker
    } else {
      TRY_VOID(append(header, stored));
    }
  }
  recent_.remember(key, bytes, header.digest);
  return header.digest;
}

Result<void> BlobWriter::append(const BlobHeader& header, ByteSpan stored) {
  if (places_.size() >= kMaxBlobs)
    return fail(ErrorCode::kLimit, "there are too many blobs", folder_.string());
  if (!pack_.is_open() || pack_.size() >= options_.pack_bytes) TRY_VOID(open_pack());
  const BlobPlace place{packs_ - 1, pack_.size()};
  const auto head = encode_blob_header(header);
  TRY_VOID(pack_.append({head, stored}));
  pack_sizes_.back() = pack_.size();
  places_.emplace(header.digest, place);
  ++counts_.blobs;
  counts_.raw_bytes += header.raw_size;
  counts_.stored_bytes += kBlobHeaderBytes + stored.size();
  return {};
}

Result<void> BlobWriter::open_pack() {
  if (packs_ >= kMaxTraceFiles)
    return fail(ErrorCode::kLimit, "there are too many packs", folder_.string());
  const auto path = pack_path(folder_, packs_);
  AppendFile next = TRY(AppendFile::create(path));
  const auto head = encode_file_header({kPackMagic, packs_, 0});
  if (auto done = next.append({head}); !done) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return done;
  }
  if (pack_.is_open()) TRY_VOID(pack_.sync());
  pack_ = std::move(next);
  pack_sizes_.push_back(pack_.size());
  ++packs_;
  return {};
}

BlobCounts BlobWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Result<void> BlobWriter::finish() {
  const std::lock_guard lock(mutex_);
  BlobIndex index;
  index.pack_sizes = pack_sizes_;
  index.entries.reserve(places_.size());
  for (const auto& [digest, place] : places_) index.entries.push_back({digest, place});
  std::sort(index.entries.begin(), index.entries.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  if (pack_.is_open()) TRY_VOID(pack_.sync());
  return write_file_atomic(folder_ / kBlobIndexFile, encode_blob_index(index));
}

}  // namespace dl
