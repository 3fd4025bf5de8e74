// SPDX-License-Identifier: Apache-2.0
// Finds a ZIP archive's entries: by its central directory, and by their local headers where the
// directory is damaged.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daylight/format/archive/zip.h"

namespace dl {

// Where recovery finds the end of entries by their data descriptors, it tries this many in the
// whole archive.
inline constexpr std::size_t kMaxZipDescriptorTries = 10'000'000;

// Fills the entries and gaps of a ZipArchive. Used once, by ZipArchive::open.
class ZipDirectoryReader {
 public:
  explicit ZipDirectoryReader(ZipArchive& archive);

  Result<void> read();

 private:
  // An end record, with the values of its zip64 form where there is one. `start` is where the end
  // records begin.
  struct EndRecord {
    std::uint64_t start = 0;
    std::uint64_t offset = 0;
    std::uint64_t records = 0;
    std::uint64_t directory_size = 0;
    std::uint64_t directory_offset = 0;
    std::uint64_t comment_end = 0;
  };

  std::optional<EndRecord> find_end_record();
  std::optional<EndRecord> end_record_at(std::uint64_t offset) const;
  std::optional<std::uint64_t> locate_directory(const EndRecord& end) const;
  void read_directory(const EndRecord& end, std::uint64_t directory);
  std::optional<std::uint64_t> read_record(std::uint64_t offset, std::uint64_t end,
                                           std::uint64_t prefix);
  void apply_zip64_extra(ByteSpan extra, ZipEntry& entry) const;
  void resolve_data(ZipEntry& entry);
  void compare_with_local_header(const ZipEntry& entry, std::uint64_t header);
  void set_data(ZipEntry& entry, std::uint64_t data_offset);
  void recover_from_local_headers();
  std::uint64_t recover_entry(std::uint64_t header);
  bool measure_by_descriptor(ZipEntry& entry);
  std::uint64_t next_signature(std::uint32_t signature, std::uint64_t from) const;
  void note_overlaps();
  void index_names();

  void gap(const ZipEntry& entry, std::string why);
  void gap(std::string why);

  ZipArchive& archive_;
  ByteSpan bytes_;
  std::set<std::uint64_t> known_headers_;
  std::vector<std::uint64_t> descriptors_;
  std::size_t descriptor_tries_ = 0;
};

}  // namespace dl
