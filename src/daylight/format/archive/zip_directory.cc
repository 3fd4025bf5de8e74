// SPDX-License-Identifier: Apache-2.0
// The records of a ZIP archive, read in the order in which Android's reader looks at them.
#include "daylight/format/archive/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dl {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr std::uint32_t kDescriptorSignature = 0x08074b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kEnd64Size = 56;
constexpr std::uint64_t kEnd64LocatorSize = 20;
constexpr std::uint16_t kEncryptedFlag = 1U << 0U;
constexpr std::uint16_t kDescriptorFlag = 1U << 3U;
constexpr std::uint32_t kIn64 = 0xffffffffU;
constexpr std::uint16_t kZip64ExtraId = 1;

bool has_signature(ByteSpan bytes, std::uint64_t offset, std::uint32_t signature) {
  return load_le<std::uint32_t>(bytes, offset) == signature;
}

// Whether four chance bytes are a local header after all: what every writer fills in sanely.
bool plausible_local_header(ByteSpan bytes, std::uint64_t offset) {
  ByteReader reader(bytes, offset + 4);
  const unsigned version = reader.u16() & 0xffU;
  reader.skip(2);
  const unsigned method = reader.u16();
  reader.skip(16);
  const std::uint16_t name_size = reader.u16();
  const std::uint16_t extra_size = reader.u16();
  const std::string_view name = as_text(reader.take(name_size));
  reader.skip(extra_size);
  if (!reader.ok() || name.empty() || version > 63 || method > 99) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

// What central records and local headers say in the same order: flags to sizes.
void read_description(ByteReader& reader, ZipEntry& entry) {
  entry.flags = reader.u16();
  entry.method = reader.u16();
  reader.skip(4);  // time and date
  entry.crc32 = reader.u32();
  entry.compressed_size = reader.u32();
  entry.uncompressed_size = reader.u32();
}

}  // namespace

ZipDirectoryReader::ZipDirectoryReader(ZipArchive& archive)
    : archive_(archive), bytes_(archive.bytes_) {}

void ZipDirectoryReader::gap(const ZipEntry& entry, std::string why) {
  archive_.gaps_.add(archive_.name_ + "!/" + std::string(entry.name), std::move(why));
}

void ZipDirectoryReader::gap(std::string why) {
  archive_.gaps_.add(archive_.name_, std::move(why));
}

Result<void> ZipDirectoryReader::read() {
  if (bytes_.empty()) {
    return fail(ErrorCode::kCorrupt, "the file is empty", archive_.name_, "get the file again");
  }
  archive_.central_directory_offset_ = archive_.end_record_offset_ = bytes_.size();
  const auto end = find_end_record();
  if (end) {
    if (const auto directory = locate_directory(*end)) read_directory(*end, *directory);
    for (ZipEntry& entry : archive_.entries_) resolve_data(entry);
  }
  const bool complete = end && archive_.entries_.size() >= end->records &&
                        (!archive_.entries_.empty() || bytes_.size() == kEndSize);
  if (!complete) recover_from_local_headers();
  if (!end && archive_.entries_.empty()) {
    return fail(ErrorCode::kCorrupt, "not a ZIP archive: no central directory and no entry found",
                archive_.name_, "the file is cut, or no APK: get it again");
  }
  note_overlaps();
  index_names();
  return {};
}

// The last end record whose directory is there. Android takes the last signature within the longest
// comment; earlier ones and ones followed by other bytes are tried so that a forged or appended
// tail hides nothing.
std::optional<ZipDirectoryReader::EndRecord> ZipDirectoryReader::find_end_record() {
  if (bytes_.size() < kEndSize) return std::nullopt;
  const std::uint64_t last = bytes_.size() - kEndSize;
  std::optional<EndRecord> without_directory;
  for (std::uint64_t at = last + 1; at-- > 0;) {
    if (bytes_[at] != 'P' || !has_signature(bytes_, at, kEndSignature)) continue;
    const auto end = end_record_at(at);
    if (!end) continue;
    if (!locate_directory(*end)) {
      if (!without_directory) without_directory = end;
      continue;
    }
    if (end->comment_end != bytes_.size()) {
      gap("the end record at offset " + std::to_string(at) +
          " is not followed by its comment alone; Android refuses this");
    }
    return end;
  }
  return without_directory;
}

std::optional<ZipDirectoryReader::EndRecord> ZipDirectoryReader::end_record_at(
    std::uint64_t offset) const {
  ByteReader reader(bytes_, offset + 8);
  EndRecord end;
  end.offset = end.start = offset;
  reader.skip(2);
  end.records = reader.u16();
  end.directory_size = reader.u32();
  end.directory_offset = reader.u32();
  end.comment_end = offset + kEndSize + reader.u16();
  if (!reader.ok()) return std::nullopt;
  const bool overflowed =
      end.records == 0xffff || end.directory_size == kIn64 || end.directory_offset == kIn64;
  if (!overflowed || offset < kEnd64LocatorSize) return end;

  const std::uint64_t locator = offset - kEnd64LocatorSize;
  if (!has_signature(bytes_, locator, kEnd64LocatorSignature)) return end;
  const std::uint64_t declared = load_le<std::uint64_t>(bytes_, locator + 8).value_or(0);
  // With bytes before the archive the declared offset is off; the record then stands right before
  // its locator.
  const std::uint64_t adjacent = locator >= kEnd64Size ? locator - kEnd64Size : 0;
  for (const std::uint64_t at : {declared, adjacent}) {
    if (!has_signature(bytes_, at, kEnd64Signature)) continue;
    if (!subspan_checked(bytes_, at, kEnd64Size)) continue;
    ByteReader wide(bytes_, at + 32);
    end.records = wide.u64();
    end.directory_size = wide.u64();
    end.directory_offset = wide.u64();
    end.start = at;
    break;
  }
  return end;
}

// Where the first central record stands: where the end record says, or right before the end record
// if other bytes were put before the archive. An archive without entries has none.
std::optional<std::uint64_t> ZipDirectoryReader::locate_directory(const EndRecord& end) const {
  if (end.records == 0 && end.directory_size == 0) return end.start;
  if (end.directory_offset < end.start &&
      has_signature(bytes_, end.directory_offset, kCentralSignature)) {
    return end.directory_offset;
  }
  if (end.directory_size <= end.start &&
      has_signature(bytes_, end.start - end.directory_size, kCentralSignature)) {
    return end.start - end.directory_size;
  }
  return std::nullopt;
}

void ZipDirectoryReader::read_directory(const EndRecord& end, std::uint64_t directory) {
  archive_.central_directory_offset_ = directory;
  archive_.end_record_offset_ = end.offset;
  const std::uint64_t prefix =
      directory > end.directory_offset && end.records > 0 ? directory - end.directory_offset : 0;
  if (prefix > 0) gap(std::to_string(prefix) + " bytes stand before the archive");

  std::uint64_t at = directory;
  while (at < end.start) {
    if (archive_.entries_.size() >= kMaxZipEntries) {
      gap("more than " + std::to_string(kMaxZipEntries) + " entries: the rest is not listed");
      break;
    }
    if (const auto next = read_record(at, end.start, prefix)) {
      at = *next;
      continue;
    }
    const std::uint64_t resumed = next_signature(kCentralSignature, at + 1);
    if (resumed >= end.start) {
      if (archive_.entries_.size() != end.records) {
        gap("the central directory is broken at offset " + std::to_string(at));
      }
      break;
    }
    gap("the central directory is broken from offset " + std::to_string(at) + " to " +
        std::to_string(resumed));
    at = resumed;
  }
  if (archive_.entries_.size() != end.records) {
    gap("the end record declares " + std::to_string(end.records) +
        " entries, the central directory holds " + std::to_string(archive_.entries_.size()));
  }
}

// Reads one central record and gives the offset behind it; nothing if there is none.
std::optional<std::uint64_t> ZipDirectoryReader::read_record(std::uint64_t offset,
                                                             std::uint64_t end,
                                                             std::uint64_t prefix) {
  ByteReader reader(bytes_.first(static_cast<std::size_t>(end)), offset);
  if (reader.u32() != kCentralSignature) return std::nullopt;
  ZipEntry entry;
  reader.skip(4);
  read_description(reader, entry);
  const std::uint16_t name_size = reader.u16();
  const std::uint16_t extra_size = reader.u16();
  const std::uint16_t comment_size = reader.u16();
  reader.skip(8);
  entry.local_offset = reader.u32();
  entry.name = as_text(reader.take(name_size));
  if (!reader.ok()) return std::nullopt;
  const ByteSpan extra = reader.take(std::min<std::uint64_t>(extra_size, reader.remaining()));
  apply_zip64_extra(extra, entry);
  entry.local_offset = add_checked(entry.local_offset, prefix).value_or(bytes_.size());
  if (comment_size > reader.remaining() || extra.size() < extra_size) {
    gap(entry, "its central record is cut");
    reader.seek(end);
  } else {
    reader.skip(comment_size);
  }
  archive_.entries_.push_back(entry);
  return reader.offset();
}

void ZipDirectoryReader::apply_zip64_extra(ByteSpan extra, ZipEntry& entry) const {
  if (entry.uncompressed_size != kIn64 && entry.compressed_size != kIn64 &&
      entry.local_offset != kIn64) {
    return;
  }
  ByteReader reader(extra);
  while (reader.remaining() >= 4) {
    const std::uint16_t id = reader.u16();
    const std::uint16_t size = reader.u16();
    const ByteSpan field = reader.take(std::min<std::uint64_t>(size, reader.remaining()));
    if (id != kZip64ExtraId) continue;
    // Only the overflowed values are there, in this order; some writers give all three.
    const bool all = field.size() >= 24;
    ByteReader wide(field);
    for (std::uint64_t* value :
         {&entry.uncompressed_size, &entry.compressed_size, &entry.local_offset}) {
      if (wide.remaining() < 8 || (!all && *value != kIn64)) continue;
      *value = wide.u64();
    }
    return;
  }
}

// Finds the entry's data by its local header; where that is damaged, by what the central directory
// knows of it.
void ZipDirectoryReader::resolve_data(ZipEntry& entry) {
  const std::uint64_t header = entry.local_offset;
  known_headers_.insert(header);
  if ((entry.flags & kEncryptedFlag) != 0) {
    gap(entry, "the encryption flag is set; read as plain data, as Android does");
  }
  if (!entry.deflated() && entry.method != 0) {
    gap(entry, "method " + std::to_string(entry.method) +
                   " is unknown to Android, which takes the data as stored");
  }
  const auto name_size = load_le<std::uint16_t>(bytes_, header + 26);
  const auto extra_size = load_le<std::uint16_t>(bytes_, header + 28);
  if (header >= bytes_.size() || !name_size || !extra_size) {
    gap(entry, "its local header lies outside the file");
    entry.data_offset = bytes_.size();
    return;
  }
  const auto local_name = subspan_checked(bytes_, header + kLocalSize, *name_size);
  const bool same_name = local_name && as_text(*local_name) == entry.name;
  const bool signed_header = has_signature(bytes_, header, kLocalSignature);
  if (!signed_header) {
    gap(entry, "no local header at offset " + std::to_string(header));
  } else if (!same_name) {
    gap(entry, "its local header has another name");
  } else {
    compare_with_local_header(entry, header);
  }
  const bool sizes_hold = signed_header || same_name;
  const std::uint64_t skipped =
      sizes_hold ? std::uint64_t{*name_size} + *extra_size : entry.name.size();
  set_data(entry, header + kLocalSize + skipped);
}

void ZipDirectoryReader::compare_with_local_header(const ZipEntry& entry, std::uint64_t header) {
  ByteReader reader(bytes_, header + 6);
  const std::uint16_t flags = reader.u16();
  const std::uint16_t method = reader.u16();
  reader.skip(4);
  const std::uint32_t crc32 = reader.u32();
  const std::uint32_t compressed = reader.u32();
  const std::uint32_t uncompressed = reader.u32();
  if (method != entry.method) {
    gap(entry, "its local header says method " + std::to_string(method) +
                   ", the central directory " + std::to_string(entry.method));
  }
  // With a data descriptor, or in zip64, the local header may leave these open.
  if ((flags & kDescriptorFlag) != 0 || compressed == kIn64 || uncompressed == kIn64) return;
  if (crc32 != entry.crc32 || compressed != entry.compressed_size ||
      uncompressed != entry.uncompressed_size) {
    gap(entry, "its local header gives other sizes or another CRC than the central directory");
  }
}

// A stored entry is as long as its uncompressed size says (Android maps that much), if the file has
// it.
void ZipDirectoryReader::set_data(ZipEntry& entry, std::uint64_t data_offset) {
  entry.data_offset = std::min<std::uint64_t>(data_offset, bytes_.size());
  const std::uint64_t there = bytes_.size() - entry.data_offset;
  std::uint64_t size = entry.compressed_size;
  if (!entry.deflated() && entry.uncompressed_size != entry.compressed_size) {
    gap(entry, "stored, but its compressed and uncompressed sizes differ");
    if (entry.uncompressed_size <= there) size = entry.uncompressed_size;
  }
  if (size > there) {
    gap(entry, "its data is cut: " + std::to_string(there) + " of " + std::to_string(size) +
                   " bytes are there");
    size = there;
  }
  entry.data =
      bytes_.subspan(static_cast<std::size_t>(entry.data_offset), static_cast<std::size_t>(size));
}

void ZipDirectoryReader::recover_from_local_headers() {
  for (std::uint64_t at = next_signature(kDescriptorSignature, 0); at < bytes_.size();
       at = next_signature(kDescriptorSignature, at + 1)) {
    descriptors_.push_back(at);
  }
  const std::size_t listed = archive_.entries_.size();
  std::uint64_t at = next_signature(kLocalSignature, 0);
  while (at < bytes_.size() && archive_.entries_.size() < kMaxZipEntries) {
    const std::uint64_t behind = recover_entry(at);
    at = next_signature(kLocalSignature, behind);
  }
  const std::size_t recovered = archive_.entries_.size() - listed;
  if (recovered == 0) return;
  archive_.recovered_ = true;
  gap("central directory " + std::string(listed == 0 ? "missing" : "incomplete") + ": " +
      std::to_string(recovered) + " entries recovered from local headers");
}

// Adds the entry of the local header at `header`, unless it is known; gives the offset to go on at.
std::uint64_t ZipDirectoryReader::recover_entry(std::uint64_t header) {
  if (!plausible_local_header(bytes_, header)) return header + 1;
  ByteReader reader(bytes_, header + 6);
  ZipEntry entry;
  entry.recovered = true;
  entry.local_offset = header;
  read_description(reader, entry);
  const std::uint16_t name_size = reader.u16();
  const std::uint16_t extra_size = reader.u16();
  entry.name = as_text(reader.take(name_size));
  apply_zip64_extra(reader.take(extra_size), entry);
  entry.data_offset = reader.offset();
  if ((entry.flags & kDescriptorFlag) != 0 && entry.compressed_size == 0 &&
      !measure_by_descriptor(entry)) {
    const std::uint64_t next = next_signature(kLocalSignature, entry.data_offset);
    entry.compressed_size = next - entry.data_offset;
    if (!entry.deflated()) entry.uncompressed_size = entry.compressed_size;
    gap(entry, "its size is unknown: taken up to the next local header");
  }
  const bool known = known_headers_.contains(header);
  const std::uint64_t data_offset = entry.data_offset;
  if (!known) {
    set_data(entry, data_offset);
    archive_.entries_.push_back(entry);
  }
  const std::uint64_t behind =
      add_checked(data_offset, entry.compressed_size).value_or(bytes_.size());
  return std::min<std::uint64_t>(behind, bytes_.size());
}

// Takes sizes and CRC from the data descriptor behind the entry: the one that says how far away it
// is.
bool ZipDirectoryReader::measure_by_descriptor(ZipEntry& entry) {
  auto at = std::lower_bound(descriptors_.begin(), descriptors_.end(), entry.data_offset);
  for (; at != descriptors_.end() && descriptor_tries_ < kMaxZipDescriptorTries; ++at) {
    ++descriptor_tries_;
    const std::uint64_t distance = *at - entry.data_offset;
    ByteReader reader(bytes_, *at + 4);
    const std::uint32_t crc32 = reader.u32();
    ByteReader wide = reader;
    const std::uint32_t compressed = reader.u32();
    const std::uint32_t uncompressed = reader.u32();
    const std::uint64_t compressed64 = wide.u64();
    const std::uint64_t uncompressed64 = wide.u64();
    const bool narrow_fits = reader.ok() && compressed == distance;
    const bool wide_fits = wide.ok() && compressed64 == distance;
    if (!narrow_fits && !wide_fits) continue;
    entry.crc32 = crc32;
    entry.compressed_size = distance;
    entry.uncompressed_size = wide_fits ? uncompressed64 : uncompressed;
    return true;
  }
  return false;
}

// Offset of the next such signature at or after `from`, or the size of the file.
std::uint64_t ZipDirectoryReader::next_signature(std::uint32_t signature,
                                                 std::uint64_t from) const {
  if (from >= bytes_.size()) return bytes_.size();
  const ByteSpan rest = bytes_.subspan(static_cast<std::size_t>(from));
  const void* found = memmem(rest.data(), rest.size(), &signature, sizeof(signature));
  if (found == nullptr) return bytes_.size();
  return static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(found) - bytes_.data());
}

// Entries that share bytes: how one kind of archive bomb is made, and how two names get one
// content.
void ZipDirectoryReader::note_overlaps() {
  std::vector<const ZipEntry*> by_offset;
  for (const ZipEntry& entry : archive_.entries_) {
    if (entry.data_offset < bytes_.size()) by_offset.push_back(&entry);
  }
  std::stable_sort(by_offset.begin(), by_offset.end(), [](const ZipEntry* a, const ZipEntry* b) {
    return a->local_offset < b->local_offset;
  });
  std::uint64_t reached = 0;
  std::size_t overlapping = 0;
  const ZipEntry* first = nullptr;
  for (const ZipEntry* entry : by_offset) {
    if (entry->local_offset < reached) {
      ++overlapping;
      if (first == nullptr) first = entry;
    }
    reached = std::max(reached, entry->data_offset + entry->data.size());
  }
  if (first != nullptr) {
    gap(*first,
        "overlaps an earlier entry, as do " + std::to_string(overlapping) + " entries in all");
  }
}

void ZipDirectoryReader::index_names() {
  archive_.by_name_.reserve(archive_.entries_.size());
  for (std::size_t i = 0; i < archive_.entries_.size(); ++i) {
    ZipEntry& entry = archive_.entries_[i];
    if (archive_.by_name_.emplace(entry.name, i).second) continue;
    entry.shadowed = true;
    gap(entry,
        "an earlier entry has the same name; Android's installer refuses this, its older runtimes "
        "read the first");
  }
}

}  // namespace dl
