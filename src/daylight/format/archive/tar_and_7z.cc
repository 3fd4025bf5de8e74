// SPDX-License-Identifier: Apache-2.0
// Reads through libarchive, from memory.
#include "daylight/format/archive/tar_and_7z.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace dl {
namespace {

constexpr std::size_t kTarHeaderSize = 512;
constexpr std::size_t kPieceSize = std::size_t{1} << 20;

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

// The header's checksum: the sum of its bytes, with blanks in place of the checksum itself.
bool is_tar_header(ByteSpan bytes) {
  if (bytes.size() < kTarHeaderSize || bytes[0] == 0) return false;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kTarHeaderSize; ++i) sum += i >= 148 && i < 156 ? 0x20U : bytes[i];
  std::uint32_t said = 0;
  bool digits = false;
  for (std::size_t i = 148; i < 156; ++i) {
    if (bytes[i] >= '0' && bytes[i] <= '7') {
      said = said * 8 + (bytes[i] - '0');
      digits = true;
    } else if (digits) {
      break;
    } else if (bytes[i] != ' ') {
      return false;
    }
  }
  return digits && said == sum;
}

std::string why_of(archive* reader) {
  const char* const text = archive_error_string(reader);
  return text == nullptr ? "the archive is broken" : text;
}

// The member's content, or why there is none.
Result<std::vector<std::uint8_t>> read_member(archive* reader, std::uint64_t limit) {
  std::vector<std::uint8_t> content;
  for (;;) {
    const std::size_t at = content.size();
    if (at > limit)
      return fail(ErrorCode::kLimit, "unpacks to more than " + std::to_string(limit) + " bytes");
    content.resize(at + kPieceSize);
    const la_ssize_t count = archive_read_data(reader, content.data() + at, kPieceSize);
    if (count < 0) return fail(ErrorCode::kCorrupt, why_of(reader));
    content.resize(at + static_cast<std::size_t>(count));
    if (count == 0) return content;
  }
}

}  // namespace

std::optional<ArchiveKind> archive_kind(ByteSpan bytes) {
  if (as_text(bytes).starts_with("7z\xbc\xaf\x27\x1c")) return ArchiveKind::kSevenZip;
  if (is_tar_header(bytes)) return ArchiveKind::kTar;
  return std::nullopt;
}

Result<void> visit_archive(ArchiveKind kind, ByteSpan bytes, std::uint64_t limit,
                           const std::function<bool(std::string_view)>& wanted,
                           const std::function<bool(const ArchiveMember&)>& visit,
                           const std::function<void(std::string, std::string)>& skipped,
                           const std::string& where) {
  const Reader reader(archive_read_new(), archive_read_free);
  if (reader == nullptr) return fail(ErrorCode::kLimit, "no memory for a reader", where);
  if (kind == ArchiveKind::kTar) {
    archive_read_support_format_tar(reader.get());
  } else {
    archive_read_support_format_7zip(reader.get());
  }
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return fail(ErrorCode::kCorrupt, why_of(reader.get()), where);
  std::size_t seen = 0;
  for (;; ++seen) {
    archive_entry* entry = nullptr;
    const int step = archive_read_next_header(reader.get(), &entry);
    if (step == ARCHIVE_EOF) return {};
    if (step < ARCHIVE_WARN) {
      if (seen == 0) return fail(ErrorCode::kCorrupt, why_of(reader.get()), where);
      skipped("", "the archive breaks off: " + why_of(reader.get()));
      return {};
    }
    if (seen >= kMaxArchiveMembers) {
      skipped("", "more members than are read");
      return {};
    }
    const char* const raw = archive_entry_pathname(entry);
    ArchiveMember member{raw == nullptr ? "" : raw, {}};
    if (archive_entry_filetype(entry) != AE_IFREG || (wanted && !wanted(member.name))) continue;
    const auto content = read_member(reader.get(), limit);
    if (!content) {
      skipped(member.name, content.error().what);
      if (content.error().code == ErrorCode::kCorrupt) return {};
      continue;
    }
    member.bytes = *content;
    if (!visit(member)) return {};
  }
}

}  // namespace dl
