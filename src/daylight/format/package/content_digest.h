// SPDX-License-Identifier: Apache-2.0
// The digests of an APK's content that the v2 and v3 schemes sign: everything but the signing
// block.
//
// Source: "APK Signature Scheme v2", section "Integrity-protected contents"; fs-verity's Merkle
// tree for the verity kind.
#pragma once

#include <cstdint>
#include <string>

#include "daylight/format/archive/zip.h"

namespace dl {

enum class ContentDigest { kChunkedSha256, kChunkedSha512, kVerity };

// Raw digest bytes (for kVerity the tree's root and the size in eight bytes). `block_offset` is
// where the signing block begins; the end record counts as if the central directory began there.
std::string apk_content_digest(const ZipArchive& archive, std::uint64_t block_offset,
                               ContentDigest kind);

}  // namespace dl
