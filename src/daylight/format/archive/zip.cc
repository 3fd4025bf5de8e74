// SPDX-License-Identifier: Apache-2.0
// Gives the content of ZIP entries: views of stored ones, unpacked copies of the others.
#include "daylight/format/archive/zip.h"

#include <utility>

#include "daylight/base/hex.h"
#include "daylight/format/archive/inflate.h"
#include "daylight/format/archive/zip_directory.h"

namespace dl {
namespace {

constexpr std::uint16_t kEncryptedFlag = 1U << 0U;

std::string crc_text(std::uint32_t found, std::uint32_t declared) {
  return "CRC-32 is " + hex_number(found, 8) + ", the archive declares " + hex_number(declared, 8);
}

}  // namespace

Result<ZipArchive> ZipArchive::open(ByteSpan bytes, std::string name) {
  ZipArchive archive;
  archive.bytes_ = bytes;
  archive.name_ = std::move(name);
  TRY_VOID(ZipDirectoryReader(archive).read());
  return archive;
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

Result<EntryBytes> ZipArchive::read(const ZipEntry& entry, const ZipReadOptions& options) const {
  const std::string where = name_ + "!/" + std::string(entry.name);
  return entry.deflated() ? read_deflated(entry, options, where)
                          : read_stored(entry, options, where);
}

Result<EntryBytes> ZipArchive::read_deflated(const ZipEntry& entry, const ZipReadOptions& options,
                                             const std::string& where) const {
  auto unpacked = inflate(entry.data, entry.uncompressed_size, options.limit, where);
  if (!unpacked) {
    if ((entry.flags & kEncryptedFlag) != 0 && unpacked.error().code == ErrorCode::kCorrupt) {
      return fail(ErrorCode::kUnsupported, "the entry is encrypted", where);
    }
    return tl::unexpected(std::move(unpacked).error());
  }
  EntryBytes content;
  content.owned_ = std::move(unpacked->data);
  content.bytes_ = {content.owned_.get(), unpacked->size};
  const bool size_known = !entry.recovered || entry.uncompressed_size != 0;
  if (size_known && unpacked->size != entry.uncompressed_size) {
    content.gap = FormatGap{where, "unpacks to " + std::to_string(unpacked->size) +
                                       " bytes, the archive declares " +
                                       std::to_string(entry.uncompressed_size)};
  } else if (size_known && options.check_crc) {
    const std::uint32_t crc = crc32_of(content.bytes_);
    if (crc != entry.crc32) content.gap = FormatGap{where, crc_text(crc, entry.crc32)};
  }
  return content;
}

Result<EntryBytes> ZipArchive::read_stored(const ZipEntry& entry, const ZipReadOptions& options,
                                           const std::string& where) const {
  if (entry.data.size() > options.limit) {
    return fail(ErrorCode::kLimit,
                "has " + std::to_string(entry.data.size()) + " bytes, more than " +
                    std::to_string(options.limit),
                where);
  }
  EntryBytes content;
  content.bytes_ = entry.data;
  if (!options.check_crc) return content;
  const std::uint32_t crc = crc32_of(entry.data);
  if (crc == entry.crc32) return content;
  // A method that Android does not unpack either: the bytes are given as they lie there.
  if (entry.method != 0 && entry.compressed_size < entry.data.size()) {
    content.bytes_ = entry.data.first(static_cast<std::size_t>(entry.compressed_size));
  }
  content.gap = FormatGap{where, crc_text(crc, entry.crc32)};
  return content;
}

}  // namespace dl
