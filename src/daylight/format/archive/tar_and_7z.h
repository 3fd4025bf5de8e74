// SPDX-License-Identifier: Apache-2.0
// The members of a tar or 7z archive, unpacked within limits.
//
// Source: POSIX ustar and pax, the 7z format; the work is done by libarchive.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// Members beyond this number are not visited.
inline constexpr std::size_t kMaxArchiveMembers = 100000;

enum class ArchiveKind { kTar, kSevenZip };

// By the 7z signature, or a tar header whose checksum is right.
std::optional<ArchiveKind> archive_kind(ByteSpan bytes);

// One regular file of the archive. `bytes` lives during the call only.
struct ArchiveMember {
  std::string name;  // raw, hostile: never a path to write to
  ByteSpan bytes;
};

// Calls `visit` for each regular file that `wanted` (by name; empty: all) accepts, in the order of
// the archive; it returns false to stop. Members larger than `limit` and those that are broken are
// told to `skipped` (name, why). kCorrupt where nothing at all can be read; an archive that breaks
// off after some members ends in a call of `skipped`. Thread safe.
Result<void> visit_archive(ArchiveKind kind, ByteSpan bytes, std::uint64_t limit,
                           const std::function<bool(std::string_view)>& wanted,
                           const std::function<bool(const ArchiveMember&)>& visit,
                           const std::function<void(std::string, std::string)>& skipped,
                           const std::string& where);

}  // namespace dl
