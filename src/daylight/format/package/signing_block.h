// SPDX-License-Identifier: Apache-2.0
// The v2, v3 and v3.1 schemes: the APK Signing Block between the entries and the central directory.
#pragma once

#include <vector>

#include "daylight/format/archive/zip.h"
#include "daylight/format/package/signing.h"

namespace dl {

// The signers of every scheme in the block, v2 first. Empty if there is no block. What cannot be
// read is a gap. `verify_content` false skips the content digests: then no signer is valid.
std::vector<ApkSigner> read_block_signers(const ZipArchive& archive, bool verify_content,
                                          GapList& gaps);

}  // namespace dl
