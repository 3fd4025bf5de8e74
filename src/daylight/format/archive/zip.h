// SPDX-License-Identifier: Apache-2.0
// A ZIP archive (APK, AAR, model bundle) read in place, as leniently as Android reads one.
//
// Source: PKWARE APPNOTE.TXT 6.3.10 for the records; where Android's reader differs, Android's
// behaviour is followed and the irregularity becomes a gap.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// No entry is unpacked beyond this many bytes.
inline constexpr std::uint64_t kMaxZipEntrySize = std::uint64_t{1} << 30;
// Entries beyond this number are not listed, with a gap.
inline constexpr std::size_t kMaxZipEntries = std::size_t{1} << 20;
// The end record may stand this far before the end of the file: its size and the longest comment.
inline constexpr std::uint64_t kMaxZipCommentSize = 65'535;

// One entry. Views point into the archive's bytes.
struct ZipEntry {
  std::string_view
      name;  // raw bytes as stored: may hold NUL, "..", backslashes; never a path to write to
  std::uint16_t method = 0;  // as stored; 8 is DEFLATE, Android takes everything else as stored
  std::uint16_t flags = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_size = 0;    // as the central directory says
  std::uint64_t uncompressed_size = 0;  // as the central directory says
  std::uint64_t local_offset = 0;       // of the local header in the file
  std::uint64_t data_offset = 0;        // of the entry's data in the file
  ByteSpan data;           // the stored or compressed bytes, cut at the end of the file; zero-copy
  bool recovered = false;  // found by its local header only, because the central directory is gone
  bool shadowed = false;   // an earlier entry has the same name

  bool deflated() const { return method == 8; }
};

// The content of an entry: a view of the archive for stored entries, owned memory for compressed
// ones. Move-only; a view lives as long as the archive's bytes, owned memory as long as this object
// (also after a move).
class EntryBytes {
 public:
  ByteSpan bytes() const { return bytes_; }
  // Zero-copy: bytes() points into the archive.
  bool is_view() const { return owned_ == nullptr; }
  // Set where the content was read though something about it is wrong: CRC, size, flags.
  std::optional<FormatGap> gap;

 private:
  friend class ZipArchive;
  std::unique_ptr<std::uint8_t[]> owned_;
  ByteSpan bytes_;
};

struct ZipReadOptions {
  std::uint64_t limit = kMaxZipEntrySize;  // fail with kLimit rather than unpack more than this
  bool check_crc = true;  // false saves one pass over bytes that were checked before
};

// An archive over bytes that outlive it. const methods are thread safe.
class ZipArchive {
 public:
  // Reads the central directory; where there is none, recovers entries from their local headers,
  // with a gap. kCorrupt if the bytes are empty or hold no entry and no end record. `name` goes
  // into errors and gaps.
  static Result<ZipArchive> open(ByteSpan bytes, std::string name);

  // In the order of the central directory (recovered ones: of the file), duplicates included.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  // The first entry with this name, which is the one Android's runtime reads where it accepts
  // duplicates at all (since 4.3 the installer refuses them); null if there is none.
  const ZipEntry* find(std::string_view name) const;

  // The content. kCorrupt where nothing can be unpacked, kLimit beyond options.limit; a wrong CRC,
  // a wrong size or a set encryption flag on readable data is a gap in the answer. `entry` must
  // belong to this archive.
  Result<EntryBytes> read(const ZipEntry& entry, const ZipReadOptions& options = {}) const;

  ByteSpan bytes() const { return bytes_; }
  const std::string& name() const { return name_; }
  const GapList& gaps() const { return gaps_; }
  // Offset of the first central directory record and of the end record (end of file if recovered):
  // where the APK Signing Block ends, and what its digests cover.
  std::uint64_t central_directory_offset() const { return central_directory_offset_; }
  std::uint64_t end_record_offset() const { return end_record_offset_; }
  bool recovered() const { return recovered_; }

 private:
  friend class ZipDirectoryReader;

  Result<EntryBytes> read_deflated(const ZipEntry& entry, const ZipReadOptions& options,
                                   const std::string& where) const;
  Result<EntryBytes> read_stored(const ZipEntry& entry, const ZipReadOptions& options,
                                 const std::string& where) const;

  ByteSpan bytes_;
  std::string name_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // first entry of each name
  GapList gaps_;
  std::uint64_t central_directory_offset_ = 0;
  std::uint64_t end_record_offset_ = 0;
  bool recovered_ = false;
};

}  // namespace dl
