// SPDX-License-Identifier: Apache-2.0
// The index: written once at the end, made again from the packs where it is missing or stale.
#include "daylight/artifact/trace/blob_index.h"

#include <algorithm>
#include <cstring>
#include <system_error>

#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/base/file.h"

namespace dl {
namespace {

constexpr std::size_t kEntryBytes = 32 + 4 + 8;

template <typename T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void note(BlobIndex& index, BlobDamage damage) {
  if (index.damage.size() < kMaxBlobDamage) index.damage.push_back(std::move(damage));
}

// Sorted by digest; of several places of one blob the first stays.
void sort_entries(BlobIndex& index) {
  std::stable_sort(index.entries.begin(), index.entries.end(),
                   [](const auto& a, const auto& b) { return a.digest < b.digest; });
  const auto last = std::unique(index.entries.begin(), index.entries.end(),
                                [](const auto& a, const auto& b) { return a.digest == b.digest; });
  index.entries.erase(last, index.entries.end());
}

// The blobs of one pack, header by header.
Result<void> scan_pack(const MappedFile& file, std::uint32_t pack, BlobIndex& index) {
  const ByteSpan bytes = file.bytes();
  const auto head = decode_file_header(bytes, kPackMagic);
  if (!head || head->number != pack) {
    note(index, {pack, 0, bytes.size(), "does not begin as this pack should"});
    return {};
  }
  std::uint64_t offset = kTraceFileHeaderBytes;
  while (offset < bytes.size()) {
    const std::uint64_t left = bytes.size() - offset;
    const auto header = decode_blob_header(bytes.subspan(offset));
    if (!header) {
      note(index, {pack, offset, left,
                   left < kBlobHeaderBytes ? "ends within a blob's header"
                                           : "a blob's header is damaged"});
      return {};
    }
    if (header->stored_size > left - kBlobHeaderBytes) {
      note(index, {pack, offset, left, "ends within a blob"});
      return {};
    }
    if (index.entries.size() >= kMaxBlobs)
      return fail(ErrorCode::kLimit, "has too many blobs", "blobs");
    index.entries.push_back({header->digest, {pack, offset}});
    offset += kBlobHeaderBytes + header->stored_size;
  }
  return {};
}

// Sizes of packs 0, 1 ... up to the last number there is; a missing one has 0.
Result<std::vector<std::uint64_t>> sizes_of_packs(const std::filesystem::path& folder) {
  std::vector<std::uint64_t> sizes;
  for (const std::uint32_t number : pack_numbers(folder)) {
    sizes.resize(std::size_t{number} + 1);
    std::error_code error;
    sizes.back() = std::filesystem::file_size(pack_path(folder, number), error);
    if (error) return fail(ErrorCode::kIo, error.message(), pack_path(folder, number).string());
  }
  return sizes;
}

}  // namespace

std::optional<BlobPlace> BlobIndex::find(const Sha256Bytes& digest) const {
  const auto found = std::lower_bound(
      entries.begin(), entries.end(), digest,
      [](const Entry& entry, const Sha256Bytes& key) { return entry.digest < key; });
  if (found == entries.end() || found->digest != digest) return std::nullopt;
  return found->place;
}

std::string encode_blob_index(const BlobIndex& index) {
  const auto head = encode_file_header(
      {kIndexMagic, static_cast<std::uint32_t>(index.pack_sizes.size()), index.entries.size()});
  std::string out(as_text(head));
  out.reserve(out.size() + 8 * index.pack_sizes.size() + kEntryBytes * index.entries.size() + 4);
  for (const std::uint64_t size : index.pack_sizes) put(out, size);
  for (const auto& entry : index.entries) {
    put(out, entry.digest);
    put(out, entry.place.pack);
    put(out, entry.place.offset);
  }
  put(out, crc32c(as_bytes(out)));
  return out;
}

std::optional<BlobIndex> decode_blob_index(ByteSpan bytes) {
  const auto head = decode_file_header(bytes, kIndexMagic);
  if (!head || head->number > kMaxTraceFiles || head->first > kMaxBlobs) return std::nullopt;
  const std::uint64_t body = 8 * std::uint64_t{head->number} + kEntryBytes * head->first;
  if (bytes.size() != kTraceFileHeaderBytes + body + 4) return std::nullopt;
  const std::size_t summed = bytes.size() - 4;
  if (*load_le<std::uint32_t>(bytes, summed) != crc32c(bytes.first(summed))) return std::nullopt;
  BlobIndex index;
  ByteReader in(bytes, kTraceFileHeaderBytes);
  index.pack_sizes.resize(head->number);
  for (std::uint64_t& size : index.pack_sizes) size = in.u64();
  index.entries.resize(static_cast<std::size_t>(head->first));
  for (auto& entry : index.entries) {
    const ByteSpan digest = in.take(entry.digest.size());
    std::copy(digest.begin(), digest.end(), entry.digest.begin());
    entry.place.pack = in.u32();
    entry.place.offset = in.u64();
  }
  const bool sorted =
      std::is_sorted(index.entries.begin(), index.entries.end(),
                     [](const auto& a, const auto& b) { return a.digest < b.digest; });
  return sorted ? std::optional(std::move(index)) : std::nullopt;
}

Result<BlobIndex> scan_packs(const std::filesystem::path& folder) {
  BlobIndex index;
  index.pack_sizes = TRY(sizes_of_packs(folder));
  std::uint32_t expected = 0;
  for (const std::uint32_t number : pack_numbers(folder)) {
    for (; expected < number && index.damage.size() < kMaxBlobDamage; ++expected)
      note(index, {expected, 0, 0, "is missing"});
    expected = number + 1;
    const MappedFile file = TRY(MappedFile::open(pack_path(folder, number)));
    TRY_VOID(scan_pack(file, number, index));
  }
  sort_entries(index);
  return index;
}

Result<BlobIndex> load_blob_index(const std::filesystem::path& folder) {
  const auto file = MappedFile::open(folder / kBlobIndexFile);
  if (file) {
    auto index = decode_blob_index(file->bytes());
    if (index && index->pack_sizes == TRY(sizes_of_packs(folder))) return *std::move(index);
  }
  return scan_packs(folder);
}

}  // namespace dl
