// SPDX-License-Identifier: Apache-2.0
// A run folder: the names of its files, and what each of them begins with.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// What packs, segments and the index begin with. 32 bytes: 8 of `magic`, u16 version (1), u16 zero,
// u32 number, u64 `first`, u32 zero, u32 CRC32C of the 28 bytes before it.
inline constexpr std::size_t kTraceFileHeaderBytes = 32;
inline constexpr std::uint16_t kTraceFileVersion = 1;
struct TraceFileHeader {
  std::array<char, 8> magic = {};
  std::uint32_t number = 0;
  std::uint64_t first = 0;  // events in the segments before; blobs in an index

  friend bool operator==(const TraceFileHeader&, const TraceFileHeader&) = default;
};
inline constexpr std::array<char, 8> kSegmentMagic = {'D', 'L', 'T', 'R', 'A', 'C', 'E', '\n'};
inline constexpr std::array<char, 8> kPackMagic = {'D', 'L', 'B', 'L', 'O', 'B', 'S', '\n'};
inline constexpr std::array<char, 8> kIndexMagic = {'D', 'L', 'I', 'N', 'D', 'E', 'X', '\n'};

std::array<std::uint8_t, kTraceFileHeaderBytes> encode_file_header(const TraceFileHeader& header);
// Nothing if the bytes are too short, damaged, or of another kind of file or version.
std::optional<TraceFileHeader> decode_file_header(ByteSpan bytes, const std::array<char, 8>& magic);

inline constexpr std::uint32_t kMaxTraceFiles = 1'000'000;  // segments; packs
// <folder>/events-000000.dlt, <folder>/pack-000000.dlb.
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t number);
std::filesystem::path pack_path(const std::filesystem::path& folder, std::uint32_t number);
// Beside the packs.
inline constexpr const char* kBlobIndexFile = "index.dli";
inline constexpr const char* kTraceBlobFolder = "blobs";
inline constexpr const char* kTraceHeadFile = "trace.json";

// The numbers of the files in `folder` whose names have that form, in order.
std::vector<std::uint32_t> segment_numbers(const std::filesystem::path& folder);
std::vector<std::uint32_t> pack_numbers(const std::filesystem::path& folder);

}  // namespace dl
