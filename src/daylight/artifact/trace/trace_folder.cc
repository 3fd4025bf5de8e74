// SPDX-License-Identifier: Apache-2.0
// Names and beginnings of segments, packs and the index.
#include "daylight/artifact/trace/trace_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <system_error>

#include "daylight/artifact/trace/crc32c.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kSummed = kTraceFileHeaderBytes - 4;

// "events-000012.dlt" with prefix "events-" and suffix ".dlt" is 12; exactly six digits.
std::optional<std::uint32_t> number_in(std::string_view name, std::string_view prefix,
                                       std::string_view suffix) {
  constexpr std::size_t kDigits = 6;
  if (name.size() != prefix.size() + kDigits + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(prefix.size(), kDigits);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(*parse_integer(digits));
}

std::vector<std::uint32_t> numbers(const std::filesystem::path& folder, std::string_view prefix,
                                   std::string_view suffix) {
  std::vector<std::uint32_t> found;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(folder, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (const auto number = number_in(it->path().filename().string(), prefix, suffix))
      found.push_back(*number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::array<std::uint8_t, kTraceFileHeaderBytes> encode_file_header(const TraceFileHeader& header) {
  std::array<std::uint8_t, kTraceFileHeaderBytes> bytes{};
  std::memcpy(bytes.data(), header.magic.data(), 8);
  std::memcpy(bytes.data() + 8, &kTraceFileVersion, 2);
  std::memcpy(bytes.data() + 12, &header.number, 4);
  std::memcpy(bytes.data() + 16, &header.first, 8);
  const std::uint32_t sum = crc32c(ByteSpan(bytes).first(kSummed));
  std::memcpy(bytes.data() + kSummed, &sum, 4);
  return bytes;
}

std::optional<TraceFileHeader> decode_file_header(ByteSpan bytes,
                                                  const std::array<char, 8>& magic) {
  if (bytes.size() < kTraceFileHeaderBytes) return std::nullopt;
  if (crc32c(bytes.first(kSummed)) != *load_le<std::uint32_t>(bytes, kSummed)) return std::nullopt;
  if (std::memcmp(bytes.data(), magic.data(), 8) != 0) return std::nullopt;
  if (*load_le<std::uint16_t>(bytes, 8) != kTraceFileVersion) return std::nullopt;
  return TraceFileHeader{magic, *load_le<std::uint32_t>(bytes, 12),
                         *load_le<std::uint64_t>(bytes, 16)};
}

std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint32_t number) {
  return folder / fmt::format("events-{:06}.dlt", number);
}
std::filesystem::path pack_path(const std::filesystem::path& folder, std::uint32_t number) {
  return folder / fmt::format("pack-{:06}.dlb", number);
}
std::vector<std::uint32_t> segment_numbers(const std::filesystem::path& folder) {
  return numbers(folder, "events-", ".dlt");
}
std::vector<std::uint32_t> pack_numbers(const std::filesystem::path& folder) {
  return numbers(folder, "pack-", ".dlb");
}

}  // namespace dl
