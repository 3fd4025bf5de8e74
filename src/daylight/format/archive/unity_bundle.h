// SPDX-License-Identifier: Apache-2.0
// The files inside a Unity asset bundle (UnityFS).
//
// Source: the layout as public readers of the format document it; numbers are big-endian. Versions
// 6 to 8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

inline constexpr std::uint32_t kMaxUnityBlocks = 1U << 20U;
inline constexpr std::uint32_t kMaxUnityFiles = 1U << 16U;

struct UnityFile {
  std::string path;
  std::uint64_t offset = 0;  // into UnityBundle::data
  std::uint64_t size = 0;
};

struct UnityBundle {
  std::string engine_version;
  std::vector<UnityFile> files;  // those that lie inside the data
  std::shared_ptr<const std::vector<std::uint8_t>> data;
  GapList gaps;
};

bool looks_like_unity_bundle(ByteSpan bytes);

// Unpacks all blocks (stored, LZMA, LZ4). kLimit if they are declared to be more than `limit`
// bytes, kCorrupt where the header or the list of blocks cannot be read; a broken block is a gap,
// zeros stand in its place. Thread safe.
Result<UnityBundle> read_unity_bundle(ByteSpan bytes, std::uint64_t limit,
                                      const std::string& where);

}  // namespace dl
