// SPDX-License-Identifier: Apache-2.0
// Writes ZIP archives for tests, honest ones and ones that lie, and says where each record went.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl::testing {

// What goes into one entry. The optional fields replace what an honest writer would store.
struct ZipItem {
  std::string name;
  std::string content;
  bool deflate = false;
  std::uint16_t flags = 0;
  std::optional<std::uint16_t> method = std::nullopt;
  std::optional<std::uint32_t> crc32 = std::nullopt;
  std::optional<std::uint32_t> uncompressed_size = std::nullopt;
  std::optional<std::uint32_t> compressed_size = std::nullopt;
  std::optional<std::string> local_name = std::nullopt;
  bool descriptor = false;  // sizes behind the data, zeros in the local header
  bool zip64 = false;       // sizes and offset in the extra field
};

struct BuiltZip {
  std::string bytes;
  std::vector<std::size_t> local_offsets;
  std::vector<std::size_t> central_offsets;
  std::size_t directory_offset = 0;
  std::size_t end_offset = 0;

  ByteSpan span() const { return as_bytes(bytes); }
};

// `prefix` is put before the archive without counting in its offsets; `zip64_end` adds the zip64
// end records.
BuiltZip build_zip(const std::vector<ZipItem>& items, const std::string& prefix = "",
                   const std::string& comment = "", bool zip64_end = false);

// Appends little-endian numbers.
void put16(std::string& out, std::uint64_t value);
void put32(std::string& out, std::uint64_t value);
void put64(std::string& out, std::uint64_t value);

// Overwrites four bytes.
void poke32(std::string& bytes, std::size_t at, std::uint32_t value);

// Raw DEFLATE of the text.
std::string deflated(const std::string& text);

}  // namespace dl::testing
